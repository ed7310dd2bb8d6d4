"""What can be done to many leads at once: the form that asks, and the action on each lead."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.models import User

from signups.audit.staff_users import owner_choices
from signups.followups.actions import add_follow_up
from signups.leads import actions as lead_actions
from signups.leads.actions import assign_lead
from signups.leads.models import Lead

from .forms import BulkFollowUpForm, BulkOwnerForm, BulkStatusForm, BulkTagForm, TagForm

UNDO_NOTICE = "Nothing is sent to them. You can undo this for one hour."


@dataclass(frozen=True)
class BulkKind:
    """One bulk action; `act` gets the lead, who does it, when, the cleaned form and the key of the whole."""

    title: str
    form: Callable[[Any], forms.Form]
    act: Callable[[Lead, User, dt.datetime, dict[str, Any], uuid.UUID], None]
    notice: str = ""


def _assign(lead: Lead, by: User, now: dt.datetime, data: dict[str, Any], bulk: uuid.UUID) -> None:
    assign_lead(lead=lead, to=data["owner"], by=by, now=now, bulk=bulk)


def _change_status(lead: Lead, by: User, now: dt.datetime, data: dict[str, Any], bulk: uuid.UUID) -> None:
    new = {name: data[name] for name in ("to", "reason", "open_work")}
    lead_actions.change_status(lead=lead, **new, by=by, now=now)


def _follow_up(lead: Lead, by: User, now: dt.datetime, data: dict[str, Any], bulk: uuid.UUID) -> None:
    owner, key = data["owner"] or lead.owner or by, uuid.uuid5(bulk, str(lead.pk))
    add_follow_up(lead=lead, task=data["task"], due_at=data["due_at"], owner=owner, by=by, now=now, form_key=key)


def _add_tag(lead: Lead, by: User, now: dt.datetime, data: dict[str, Any], bulk: uuid.UUID) -> None:
    lead_actions.add_tag(lead=lead, tag=data["tag"], by=by, now=now)


def _remove_tag(lead: Lead, by: User, now: dt.datetime, data: dict[str, Any], bulk: uuid.UUID) -> None:
    lead_actions.remove_tag(lead=lead, tag=data["tag"], by=by, now=now)


KINDS: Mapping[str, BulkKind] = {
    "assign": BulkKind(
        "Assign leads", lambda data: BulkOwnerForm(data, owners=owner_choices()), _assign, notice=UNDO_NOTICE
    ),
    "change_status": BulkKind("Change status", BulkStatusForm, _change_status),
    "follow_up": BulkKind("Add a follow-up", lambda data: BulkFollowUpForm(data, owners=owner_choices()), _follow_up),
    "tag": BulkKind("Add tag", BulkTagForm, _add_tag),
    "untag": BulkKind("Remove tag", TagForm, _remove_tag),
}
