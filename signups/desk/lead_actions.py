"""The actions of the lead page: an address for each button, which says on the page what was done, or why it was not."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from signups.actions import consents, leads, privacy, trials, turns
from signups.actions.held import Refused
from signups.admin.staff import owner_choices, staff_user
from signups.admin.staff_views import View, get_lead, lead_view, redirect_to_lead
from signups.messages.actions import send_manual_email
from signups.messages.forms import SendForm
from signups.models import Lead

from .forms import ChangeStatusForm, ConsentForm, EraseForm, NoteForm, OutreachForm, OwnerForm, TagForm
from .lead_detail import render_lead

Action = Callable[[HttpRequest, Lead], str]


class InvalidForm(Exception):
    """What was filled in cannot be used; `errors` say why."""

    def __init__(self, errors: list[str]) -> None:
        self.errors = errors


def lead_action(
    permission: str = "signups.view_lead", *, allowed: Callable[[User, Lead], bool] = leads.may_work
) -> Callable[[Action], View]:
    """Make a view of an action that returns what to say when it is done, and then shows the lead (303).

    The page of the lead gives the reasons of an invalid form (422), or of a rule that refuses the action (409).
    """

    def decorator(action: Action) -> View:
        @lead_view(permission, allowed=allowed)
        @require_POST
        @wraps(action)
        def view(request: HttpRequest, lead: Lead) -> HttpResponse:
            try:
                done = action(request, lead)
            except InvalidForm as invalid:
                return render_lead(request, lead, refused=invalid.errors, status=422)
            except Refused as error:
                return render_lead(request, get_lead(request, lead.pk), refused=[str(error)], status=409)
            messages.success(request, done)
            return redirect_to_lead(lead.pk)

        return view

    return decorator


@lead_action()
def assign(request: HttpRequest, lead: Lead) -> str:
    data = cleaned_data(OwnerForm(request.POST, owners=owner_choices()))
    leads.assign(lead=lead, to=data["owner"], **actor(request))
    return "The owner is changed."


@lead_action()
def assign_next(request: HttpRequest, lead: Lead) -> str:
    if not turns.assign_next(lead=lead, **actor(request)):
        raise Refused("Nobody who takes leads is there today.")
    return "It is given to whose turn it was."


@lead_action()
def change_status(request: HttpRequest, lead: Lead) -> str:
    data = cleaned_data(ChangeStatusForm(request.POST))
    lead.status = data["seen"]
    leads.transition(lead=lead, to=data["to"], reason=data["reason"], **actor(request))
    return "The lead is moved."


@lead_action(allowed=leads.may_note)
def add_note(request: HttpRequest, lead: Lead) -> str:
    leads.write_note(lead=lead, **cleaned_data(NoteForm(request.POST)), **actor(request))
    return "The note is saved."


@lead_action()
def log_outreach(request: HttpRequest, lead: Lead) -> str:
    leads.log_try(lead=lead, **cleaned_data(OutreachForm(request.POST)), **actor(request))
    return "It is noted."


@lead_action()
def convert(request: HttpRequest, lead: Lead) -> str:
    trial = lead.current_trial()
    if trial is None:
        raise Refused("There is no trial to convert.")
    trials.convert(trial, **actor(request))
    return "They are a patient now."


@lead_action()
def mark_refunded(request: HttpRequest, lead: Lead) -> str:
    trial = lead.trials.refund_owed().first() or lead.trials.first()
    if trial is None:
        raise Refused("There is no trial, and no request.")
    trials.settle_refund(trial, **actor(request))
    return "It is noted, and their own page says so."


@lead_action()
def undo_mark_refunded(request: HttpRequest, lead: Lead) -> str:
    trial = lead.trials.exclude(refund_settled_at=None).order_by("-refund_settled_at").first()
    if trial:
        trials.undo_settle_refund(trial, **actor(request))
    return "It is taken back: the money is still to be sent."


@lead_action()
def add_tag(request: HttpRequest, lead: Lead) -> str:
    leads.add_tag(lead=lead, **cleaned_data(TagForm(request.POST)), **actor(request))
    return "The tag is added."


@lead_action()
def remove_tag(request: HttpRequest, lead: Lead) -> str:
    leads.remove_tag(lead=lead, **cleaned_data(TagForm(request.POST)), **actor(request))
    return "The tag is taken off."


@lead_action()
def record_consent(request: HttpRequest, lead: Lead) -> str:
    data = cleaned_data(ConsentForm(request.POST))
    change = consents.grant if data["agrees"] else consents.revoke
    change(lead, data["purpose"], channel=data["channel"], **actor(request))
    return "It is noted, and holds from now on."


@lead_action("signups.erase_lead")
def erase(request: HttpRequest, lead: Lead) -> str:
    """For people who ask by telephone or letter."""
    cleaned_data(EraseForm(request.POST))
    privacy.erase(lead, **actor(request))
    return "Everything about them is erased."


@lead_action()
def send_email(request: HttpRequest, lead: Lead) -> str:
    """Send what the preview showed."""
    send_manual_email(lead=lead, **cleaned_data(SendForm(request.POST)), **actor(request))
    return "The e-mail is on its way."


def cleaned_data(form: forms.Form) -> dict[str, Any]:
    """Return what was filled in. Raises InvalidForm."""
    if not form.is_valid():
        raise InvalidForm([str(error) for errors in form.errors.values() for error in errors])
    return form.cleaned_data


def actor(request: HttpRequest) -> dict[str, Any]:
    """Return who acts, and when, as the actions take it."""
    return {"by": staff_user(request), "now": timezone.now()}


routes = [
    path("signups/lead/<int:pk>/assign/", assign, name="signups_lead_assign"),
    path("signups/lead/<int:pk>/assign-next/", assign_next, name="signups_lead_assign_next"),
    path("signups/lead/<int:pk>/change-status/", change_status, name="signups_lead_change_status"),
    path("signups/lead/<int:pk>/note/", add_note, name="signups_lead_note"),
    path("signups/lead/<int:pk>/log-outreach/", log_outreach, name="signups_lead_log_outreach"),
    path("signups/lead/<int:pk>/convert/", convert, name="signups_lead_convert"),
    path("signups/lead/<int:pk>/mark-refunded/", mark_refunded, name="signups_lead_mark_refunded"),
    path("signups/lead/<int:pk>/mark-refunded/undo/", undo_mark_refunded, name="signups_lead_mark_refunded_undo"),
    path("signups/lead/<int:pk>/tag/", add_tag, name="signups_lead_tag"),
    path("signups/lead/<int:pk>/untag/", remove_tag, name="signups_lead_untag"),
    path("signups/lead/<int:pk>/consent/", record_consent, name="signups_lead_consent"),
    path("signups/lead/<int:pk>/erase/", erase, name="signups_lead_erase"),
    path("signups/lead/<int:pk>/mail/send/", send_email, name="signups_lead_mail_send"),
]
