"""What a patient asks for on the phone or in writing, done from the lead page by the functions of their own page."""

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone

from clinic.lib.time_zones import format_short
from signups.consents.actions import set_reminder_preference, unsubscribe
from signups.leads.access import can_contact_lead
from signups.leads.actions import log_incoming
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.trials.actions import UndoWindowClosed, cancel_trial, request_refund, resume_trial
from signups.trials.models import Trial
from signups.web.staff_views import ask_first

from .lead_actions import actor, cleaned_data, lead_action
from .patient_request_forms import INCOMING, IncomingForm, UnsubscribeForm


@lead_action("signups.change_lead", allowed=can_contact_lead)
def cancel_trial_view(request: HttpRequest, lead: Lead) -> str | HttpResponse:
    trial = lead.trials.open().first()
    if trial is None or trial.converted_at:
        raise ActionError("They have no trial to cancel.")
    if page := _ask_before_canceling(request, lead, trial):
        return page
    cancel_trial(trial, **actor(request))
    return "Trial canceled. You can undo this for one hour."


def _ask_before_canceling(request: HttpRequest, lead: Lead, trial: Trial) -> HttpResponse | None:
    mailed = trial.started_at and lead.email and not lead.email_bounced_at
    consequences = [
        f"Their free trial ends now: {trial.state(timezone.now())}.",
        f"An email that confirms it goes to {lead.email} at once." if mailed else "Nothing is sent.",
        "A booked call and a callback stay as they are.",
        "You and they can undo this for one hour.",
    ]
    return _ask(request, lead, f"Cancel the trial of {lead}?", "Cancel the trial", consequences)


@lead_action("signups.change_lead", allowed=can_contact_lead)
def resume_trial_view(request: HttpRequest, lead: Lead) -> str:
    trial = lead.trials.first()
    if trial is None or not trial.cancelled_at:
        raise ActionError("They have no canceled trial.")
    try:
        resume_trial(trial, **actor(request))
    except UndoWindowClosed:
        raise ActionError("A cancellation can be undone for one hour.") from None
    return "Cancellation undone. The trial goes on."


@lead_action("signups.change_lead", allowed=can_contact_lead)
def request_refund_view(request: HttpRequest, lead: Lead) -> str | HttpResponse:
    trial = lead.trials.first()
    if trial is None or not trial.may_be_refunded(lead.time_zone, timezone.now()):
        raise ActionError("Their guarantee is over, or a refund was requested already.")
    if page := _ask_before_refunding(request, lead, trial):
        return page
    try:
        request_refund(trial, **actor(request))
    except UndoWindowClosed:
        raise ActionError("Their guarantee is over.") from None
    return "Refund requested. Issue it, then mark it as sent."


def _ask_before_refunding(request: HttpRequest, lead: Lead, trial: Trial) -> HttpResponse | None:
    last_day, mailed = trial.guarantee_last_day(lead.time_zone), lead.email and not lead.email_bounced_at
    consequences = [
        f"Their guarantee runs through {last_day:%b %-d, %Y}.",
        f"An email that confirms the request goes to {lead.email} at once." if mailed else "Nothing is sent.",
        "The refund is then owed, and listed under Refund requests until someone marks it as sent.",
        "A request can’t be undone.",
    ]
    return _ask(request, lead, f"Request a refund for {lead}?", "Request the refund", consequences)


@lead_action("signups.change_lead", allowed=can_contact_lead)
def unsubscribe_view(request: HttpRequest, lead: Lead) -> str | HttpResponse:
    data = cleaned_data(UnsubscribeForm(request.POST))
    consequences = [
        "They no longer get newsletters or reminders.",
        "They still get answers to what they ask for, such as the details of a call they book.",
        "Nothing is sent.",
    ]
    if page := _ask(request, lead, f"Unsubscribe {lead} from email?", "Unsubscribe them", consequences):
        return page
    unsubscribe(lead, channel=data["channel"], **actor(request))
    return "Unsubscribed from email."


@lead_action("signups.change_lead", allowed=can_contact_lead)
def resubscribe_view(request: HttpRequest, lead: Lead) -> str:
    """Allow reminders again; a newsletter needs a new consent."""
    set_reminder_preference(lead, enabled=True, **actor(request))
    return "Reminders by email are on again."


@lead_action("signups.add_note", allowed=can_contact_lead)
def log_incoming_view(request: HttpRequest, lead: Lead) -> str:
    data = cleaned_data(IncomingForm(request.POST))
    text = data.pop("what_came_in")
    log_incoming(lead=lead, text=text, **data, **actor(request))
    when = f" of {format_short(data['at'], timezone.get_current_timezone_name())}" if data["at"] else ""
    return f"{INCOMING[data['channel']]}{when} logged."


def _ask(request: HttpRequest, lead: Lead, title: str, button: str, consequences: list[str]) -> HttpResponse | None:
    back = reverse("admin:signups_lead_change", args=[lead.pk])
    return ask_first(request, lead, title=title, button=button, consequences=consequences, back=back)


PREFIX = "signups/lead/<int:pk>/"
routes = [
    path(f"{PREFIX}cancel-trial/", cancel_trial_view, name="signups_lead_cancel_trial"),
    path(f"{PREFIX}cancel-trial/undo/", resume_trial_view, name="signups_lead_cancel_trial_undo"),
    path(f"{PREFIX}request-refund/", request_refund_view, name="signups_lead_request_refund"),
    path(f"{PREFIX}unsubscribe/", unsubscribe_view, name="signups_lead_unsubscribe"),
    path(f"{PREFIX}unsubscribe/undo/", resubscribe_view, name="signups_lead_unsubscribe_undo"),
    path(f"{PREFIX}incoming/", log_incoming_view, name="signups_lead_incoming"),
]
