"""Actions of the lead page on its follow-ups."""

import datetime as dt

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import path

from signups.audit.staff_users import display_name, owner_choices
from signups.followups.actions import add_follow_up, change_follow_up, complete_follow_up
from signups.followups.forms import ChangeFollowUpForm, FollowUpForm
from signups.followups.models import FollowUp
from signups.leads.access import can_contact_lead
from signups.leads.models import Lead

from .lead_actions import actor, cleaned_data, lead_action

ONE_DAY = dt.timedelta(days=1)


def can_follow_up(user: User, lead: Lead) -> bool:
    """Return whether `user` may act on the lead's follow-ups: who may contact the lead, or owns one of them."""
    return can_contact_lead(user, lead) or (
        user.has_perm("signups.change_lead") and lead.follow_ups.open().owned_by(user).exists()
    )


@lead_action(allowed=can_contact_lead)
def add(request: HttpRequest, lead: Lead) -> str:
    data = cleaned_data(FollowUpForm(request.POST, owners=owner_choices()))
    add_follow_up(lead=lead, **data, **actor(request))
    return "Follow-up added."


@lead_action("signups.change_lead", allowed=can_follow_up)
def change(request: HttpRequest, lead: Lead, public_id: str) -> str:
    data = cleaned_data(ChangeFollowUpForm(request.POST, owners=owner_choices()))
    change_follow_up(_get(lead, public_id), **data, **actor(request))
    return f"Follow-up updated. It’s assigned to {display_name(data['owner'])}."


@lead_action("signups.change_lead", allowed=can_follow_up)
def snooze(request: HttpRequest, lead: Lead, public_id: str) -> str:
    """Move the due time to the same time of day tomorrow, or a day later if it is due after that."""
    stored, who = _get(lead, public_id), actor(request)
    due_at = stored.due_at
    while due_at <= who["now"] or due_at == stored.due_at:
        due_at += ONE_DAY
    change_follow_up(stored, due_at=due_at, owner=stored.owner, **who)
    return "Follow-up snoozed."


@lead_action("signups.change_lead", allowed=can_follow_up)
def follow_up_done(request: HttpRequest, lead: Lead, public_id: str) -> str:
    complete_follow_up(_get(lead, public_id), **actor(request))
    return "Follow-up done."


def _get(lead: Lead, public_id: str) -> FollowUp:
    return get_object_or_404(lead.follow_ups.select_related("lead", "owner"), public_id=public_id)


ONE = "signups/lead/<int:pk>/follow-up/<uuid:public_id>/"
routes = [
    path("signups/lead/<int:pk>/follow-up/", add, name="signups_lead_follow_up"),
    path(f"{ONE}change/", change, name="signups_lead_follow_up_change"),
    path(f"{ONE}snooze/", snooze, name="signups_lead_follow_up_snooze"),
    path(f"{ONE}done/", follow_up_done, name="signups_lead_follow_up_done"),
]
