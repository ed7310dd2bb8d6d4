"""Whose turn it is to be given a lead."""

from django.conf import settings
from django.db import models


class AssignmentRotation(models.Model):
    """When one of the staff was last given a lead in turn; never, for somebody new, and they come first."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    last_assigned_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.user}, last on {self.last_assigned_at}"
