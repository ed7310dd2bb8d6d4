"""People who live where the clinic does not work yet."""

import datetime as dt
import uuid
from collections.abc import Callable

from django.db import IntegrityError, connection, transaction

from signups import terms
from signups.models import OpeningRequest
from signups.states import GONE, ActorKind, Verb
from signups.trials import emails

from . import events, trials

BATCH = 50


def ask(*, name: str, email: str, state: str, form_key: uuid.UUID, now: dt.datetime) -> None:
    """One message is wanted, when the clinic works in `state`. Known or new, the answer is the same; again, nothing."""
    try:
        _ask(name=name, email=email, state=state, form_key=trials.deed(form_key, email), now=now)
    except IntegrityError:
        if not trials.was_requested(form_key=form_key, email=email):
            raise


@transaction.atomic
def _ask(*, name: str, email: str, state: str, form_key: uuid.UUID, now: dt.datetime) -> None:
    fields = {"name": name, "state": state, "time_zone": terms.current().time_zone}
    lead, _ = trials.find_or_create(email=email, created_at=now, **fields)
    events.record(lead, Verb.OPENING_ASKED, by=ActorKind.PATIENT, now=now, form_key=form_key, state=state)
    OpeningRequest.objects.get_or_create(lead=lead, state=state, told_at=None, defaults={"asked_at": now})


@transaction.atomic
def tell(clock: Callable[[], dt.datetime]) -> int:
    """For the worker: writes to those whose state is on the clinic's list now; how many there were."""
    waiting = OpeningRequest.objects.waiting().exclude(lead__status__in=GONE).select_related("lead")
    if open_in := terms.current().states:  # none: it works everywhere now
        waiting = waiting.filter(state__in=open_in)
    skip = connection.features.has_select_for_update_skip_locked
    taken = list(waiting.select_for_update(of=("self",), skip_locked=skip)[:BATCH])
    for request in taken:
        emails.waitlist_state_opened(request, now=clock())
    OpeningRequest.objects.filter(pk__in=[request.pk for request in taken]).update(told_at=clock())
    return len(taken)
