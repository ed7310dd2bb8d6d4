"""Status of an import job."""

from django.db.models import TextChoices


class ImportStatus(TextChoices):
    """Status of an import job. No lead is created before `RUNNING`."""

    COLUMNS = "columns", "what is in which column?"
    CHECKING = "checking", "being looked through"
    CHECKED = "checked", "looked through"
    RUNNING = "running", "being taken in"
    DONE = "done", "done"
    DROPPED = "dropped", "dropped"
