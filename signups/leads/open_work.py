"""Open work: what of a lead is still under way, and to end it, or resume it, as one."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils import timezone

from clinic.lib import time_zones
from signups.audit.actions import Actor

from .models import Lead
from .signals import open_work_ended, open_work_resumed


@dataclass(frozen=True)
class OpenItem:
    """One thing that is under way; `row` is its model instance, `text` names it for staff."""

    text: str
    row: Any

    def __str__(self) -> str:
        return self.text

    def belongs_to(self, row: models.Model) -> bool:
        """Return whether this is `row`, or a message about it, which ends with it."""
        return row in (self.row, getattr(self.row, "call", None), getattr(self.row, "trial", None))


def open_work(lead: Lead, now: dt.datetime) -> list[OpenItem]:
    """Return the booked calls, callback, trial and follow-ups of `lead` and the messages that wait for their time."""
    return describe_open_work(
        now,
        calls=lead.calls.upcoming(now).select_related("host__user", "call_type"),
        callbacks=lead.callbacks.open(),
        trials=lead.trials.open(),
        follow_ups=lead.follow_ups.open(),
        messages=waiting_messages(lead, now),
    )


def waiting_messages(lead: Lead, now: dt.datetime) -> Any:
    """Return the messages to `lead` that are written and wait for their time, next first."""
    return lead.messages.pending().filter(send_at__gt=now, host=None).order_by("send_at")


def describe_open_work(
    now: dt.datetime,
    *,
    calls: Iterable[Any],
    callbacks: Iterable[Any],
    trials: Iterable[Any],
    follow_ups: Iterable[Any],
    messages: Iterable[Any],
) -> list[OpenItem]:
    """Return an item for each row, with times in the current time zone."""
    zone = timezone.get_current_timezone_name()

    def when(moment: dt.datetime) -> str:
        return time_zones.format_short(moment, zone)

    return [
        *(OpenItem(f"{call.call_type.noun} on {when(call.starts_at)} with {call.host}", call) for call in calls),
        *(OpenItem(f"callback due {when(callback.call_at)}", callback) for callback in callbacks),
        *(OpenItem(f"free trial: {trial.state(now)}", trial) for trial in trials),
        *(OpenItem(f"follow-up due {when(each.due_at)}: {each.task}", each) for each in follow_ups),
        *(OpenItem(f"message to be sent {when(each.send_at)}: {each.get_kind_display()}", each) for each in messages),
    ]


def end_open_work(lead: Lead, *, by: Actor, now: dt.datetime) -> None:
    """End what is under way, in the caller's transaction; what must be sent about it is written."""
    open_work_ended.send(sender=Lead, lead=lead, by=by, now=now)


def resume_open_work(lead: Lead, *, by: Actor, now: dt.datetime, since: dt.datetime) -> list[str]:
    """Resume what was ended at `since`; return, as sentences, what could not be resumed."""
    answers = open_work_resumed.send(sender=Lead, lead=lead, by=by, now=now, since=since)
    return [sentence for _, sentences in answers for sentence in sentences or []]


def awaits_call(lead: Lead, now: dt.datetime) -> bool:
    """Return whether somebody is to call the lead: an upcoming call or an open callback."""
    return lead.calls.upcoming(now).exists() or lead.callbacks.open().exists()
