"""Reasons for an export."""

from django.db.models import TextChoices


class ExportReason(TextChoices):
    """Why leads were exported.

    A fixed list, because free text could contain personal data.
    """

    REPORT = "report", "A report"
    AUTHORITY = "authority", "Regulator or audit request"
    MOVE = "move", "Moving to another system"
    CARE = "care", "Patient care outside this system"
