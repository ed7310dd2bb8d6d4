"""The one way to add to a lead's timeline."""

import datetime as dt
import uuid
from typing import Any

from signups.models import Event, Lead
from signups.states import ActorKind, Verb


def record(
    lead: Lead, verb: Verb, *, by: ActorKind, now: dt.datetime, form_key: uuid.UUID | None = None, **detail: Any
) -> Event:
    """Raises IntegrityError when `form_key` was already used: the same form, sent again."""
    return Event.objects.create(lead=lead, verb=verb, actor_kind=by, at=now, form_key=form_key, detail=detail)
