"""Status of an import job, and outcome of a row."""

from django.db.models import TextChoices


class ImportStatus(TextChoices):
    """Status of an import job. No lead is created before `RUNNING`."""

    COLUMNS = "columns", "matching columns"
    CHECKING = "checking", "checking"
    CHECKED = "checked", "ready to import"
    RUNNING = "running", "importing"
    DONE = "done", "done"
    DROPPED = "dropped", "deleted"
    UNDOING = "undoing", "undoing"
    UNDONE = "undone", "undone"


class RowOutcome(TextChoices):
    """How a row of a list ended. Every row has exactly one."""

    CREATED = "created", "Created"
    UPDATED = "updated", "Updated"
    DUPLICATE = "duplicate", "Duplicate"
    REJECTED = "rejected", "Rejected"
