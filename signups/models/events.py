"""The timeline: who did what to which lead, and when; written in the transaction of the deed itself."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from signups.states import ActorKind, Verb

from .append_only import AppendOnly
from .leads import Lead


class Event(AppendOnly):
    """`detail` holds plain facts for the reader (a version, a channel), never an address, a name or a link."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10, choices=ActorKind)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=30, choices=Verb)
    detail = models.JSONField(default=dict)
    # Of the form that caused it: the same form sent twice does its work once.
    form_key = models.UUIDField(null=True, unique=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["lead", "-at", "-id"], name="signups_event_timeline")]
        constraints = [
            models.CheckConstraint(
                condition=Q(actor_kind=ActorKind.STAFF, actor__isnull=False)
                | (~Q(actor_kind=ActorKind.STAFF) & Q(actor=None)),
                name="signups_staff_events_name_their_actor",
            )
        ]

    def __str__(self) -> str:
        return self.get_verb_display()
