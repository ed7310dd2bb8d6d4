"""Reasons for an export."""

from django.db.models import TextChoices


class ExportReason(TextChoices):
    """Why leads were exported.

    A fixed list, because free text could contain personal data.
    """

    REPORT = "report", "A report"
    AUTHORITY = "authority", "An authority or auditor asked for it"
    MOVE = "move", "Moving to another system"
    CARE = "care", "Care that cannot be given from the desk"
