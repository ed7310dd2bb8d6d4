"""Status of an import job."""

from django.db.models import TextChoices


class ImportStatus(TextChoices):
    """Status of an import job. No lead is created before `RUNNING`."""

    COLUMNS = "columns", "matching columns"
    CHECKING = "checking", "checking"
    CHECKED = "checked", "ready to import"
    RUNNING = "running", "importing"
    DONE = "done", "done"
    DROPPED = "dropped", "deleted"
