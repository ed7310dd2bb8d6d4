"""Who reads about whom: each page that shows a lead says so in the trail, a page of one person at that person."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from signups.actions import events
from signups.models import Lead
from signups.states import Verb

from .staff import who


def read(request: HttpRequest, *leads: Lead) -> None:
    """A page about each of `leads` is shown."""
    for lead in leads:
        events.record(lead, Verb.READ, by=who(request), now=timezone.now())


def listed(request: HttpRequest, subject: str, shown: int, **narrowed: Any) -> None:
    """A list of `shown` people is: one event with their number, which shows who pages through them all.

    `subject` names the list; `narrowed` never holds what was searched for, which may be a name.
    """
    if shown:
        events.record(None, Verb.LISTED, by=who(request), now=timezone.now(), subject=subject, shown=shown, **narrowed)
