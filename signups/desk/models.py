"""Views of the lead list that staff saved: a name for filters, order and columns; their own, or the team's."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q

MAX_VIEWS = 30  # of one person


class SavedListQuerySet(models.QuerySet["SavedList"]):
    def seen_by(self, user: User) -> Self:
        """The team's views and those of `user`, in the order of their names."""
        return self.filter(Q(is_shared=True) | Q(owner=user))


class SavedList(models.Model):
    """`query` is the query string of the list, without search words: they may name a person."""

    name = models.CharField(max_length=40)
    query = models.CharField(max_length=500, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_lists")
    is_shared = models.BooleanField("for the whole team", default=False)
    created_at = models.DateTimeField()

    objects = SavedListQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="signups_savedlist_unique_name")]

    def __str__(self) -> str:
        return self.name

    def may_be_deleted_by(self, user: User) -> bool:
        """Return whether `user` made it, or it is the team's and `user` is the Head."""
        return self.owner_id == user.pk or (self.is_shared and user.has_perm("signups.work_any_lead"))
