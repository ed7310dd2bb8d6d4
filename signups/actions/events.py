"""The one way to add to a lead's timeline."""

import datetime as dt
import uuid
from typing import Any

from django.contrib.auth.models import User

from signups.models import Event, Lead
from signups.states import ActorKind, Verb

Actor = ActorKind | User  # the patient or the system by kind, staff by name


def record(
    lead: Lead, verb: Verb, *, by: Actor, now: dt.datetime, form_key: uuid.UUID | None = None, **detail: Any
) -> Event:
    """Raises IntegrityError when `form_key` was already used: the same form, sent again."""
    kind, actor = (by, None) if isinstance(by, ActorKind) else (ActorKind.STAFF, by)
    return Event.objects.create(
        lead=lead, verb=verb, actor_kind=kind, actor=actor, at=now, form_key=form_key, detail=detail
    )
