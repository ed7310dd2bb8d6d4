"""State of the round-robin assignment of leads."""

from django.conf import settings
from django.db import models


class AssignmentRotation(models.Model):
    """When a user last received a lead by round robin.

    Null means never; such users come first.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    last_assigned_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.user}, last on {self.last_assigned_at}"
