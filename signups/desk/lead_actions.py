"""Actions of the lead page: one URL per action, with the result as a message."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from signups.assignment.actions import assign_round_robin
from signups.audit.staff_users import display_name, owner_choices, staff_user
from signups.callbacks import outreach
from signups.callbacks.choices import FINAL_OUTCOMES, CallOutcome
from signups.callbacks.outcome_questions import cancel_notice, outcome_consequences
from signups.callbacks.outcome_undo import undo_outcome
from signups.calls.notices import immediate_notices
from signups.consents.actions import grant_consent, revoke_consent
from signups.consents.choices import ConsentPurpose
from signups.consents.problems import clear_failure
from signups.leads import actions as lead_actions
from signups.leads.access import can_contact_lead, can_work_lead
from signups.leads.actions import assign_lead, write_note
from signups.leads.choices import LeadStatus, OpenWork
from signups.leads.closing_undo import undo_closing
from signups.leads.drafts import save_draft
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.leads.open_work import open_work as open_work_of
from signups.messages.actions import send_manual_email, send_manual_text
from signups.messages.admin import email_page
from signups.messages.forms import SendForm, TextForm
from signups.messages.notices import tell_them, ways_to_reach
from signups.privacy import erasure
from signups.trials import actions as trial_actions
from signups.trials.actions import convert_trial
from signups.trials.emails import CONVERTED
from signups.trials.models import Trial
from signups.web.staff_forms import DraftForm
from signups.web.staff_views import View, ask_first, get_lead, lead_view, redirect_to_lead

from .forms import (
    AddressWorksForm,
    ChangeStatusForm,
    ConsentForm,
    EraseForm,
    NoteForm,
    OutreachForm,
    OwnerForm,
    TagForm,
)
from .lead_detail import render_lead

LeadAction = Callable[..., str | HttpResponse]


class InvalidForm(Exception):
    """Raised when an action's form is invalid; `errors` holds the messages."""

    def __init__(self, errors: list[str]) -> None:
        self.errors = errors


def lead_action(
    permission: str = "signups.view_lead", *, allowed: Callable[[User, Lead], bool] = can_work_lead
) -> Callable[[LeadAction], View]:
    """Turn an action that returns a success message into a view that redirects (303).

    An invalid form renders the lead page with the errors (422), an ActionError with its reason (409).
    """

    def decorator(action: LeadAction) -> View:
        @lead_view(permission, allowed=allowed)
        @require_POST
        @wraps(action)
        def view(request: HttpRequest, lead: Lead, **kwargs: Any) -> HttpResponse:
            try:
                done = action(request, lead, **kwargs)
            except InvalidForm as invalid:
                return render_lead(request, lead, refused=invalid.errors, status=422)
            except ActionError as error:
                return render_lead(request, get_lead(request, lead.pk), refused=[str(error)], status=409)
            if isinstance(done, HttpResponse):
                return done
            messages.success(request, done)
            return redirect_to_lead(lead.pk)

        return view

    return decorator


@lead_action()
def assign(request: HttpRequest, lead: Lead) -> str:
    data = cleaned_data(OwnerForm(request.POST, owners=owner_choices()))
    assign_lead(lead=lead, to=data["owner"], **actor(request))
    return f"Assigned to {display_name(data['owner'])}." if data["owner"] else "Unassigned."


@lead_action()
def assign_next(request: HttpRequest, lead: Lead) -> str:
    owner = assign_round_robin(lead=lead, **actor(request))
    if owner is None:
        raise ActionError("No coordinator is available today.")
    return f"Assigned to {display_name(owner)}."


@lead_action()
def change_status_view(request: HttpRequest, lead: Lead) -> str:
    data = cleaned_data(ChangeStatusForm(request.POST))
    lead.status = data["seen"]
    new = {name: data[name] for name in ("to", "reason", "open_work")}
    lead_actions.change_status(lead=lead, **new, **actor(request))
    match data["to"]:
        case LeadStatus.CLOSED:
            return "Lead closed. You can undo this for one hour."
        case _ if data["seen"] == LeadStatus.CLOSED:
            return "Lead reopened."
    return f"Status changed to {LeadStatus(data['to']).label.lower()}."


@lead_action()
def undo_closing_view(request: HttpRequest, lead: Lead) -> str:
    return " ".join(["Closing undone.", *undo_closing(lead, **actor(request))])


@lead_action(allowed=can_contact_lead)
def add_note(request: HttpRequest, lead: Lead) -> str:
    write_note(lead=lead, **cleaned_data(NoteForm(request.POST)), **actor(request))
    return "Note saved."


@lead_view(allowed=can_contact_lead)
@require_POST
def save_draft_view(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Keep what is typed and not saved yet; sent by the page's script."""
    form = DraftForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    save_draft(lead, author=staff_user(request), text=form.cleaned_data["text"], now=timezone.now())
    return HttpResponse(status=204)


@lead_action(allowed=can_contact_lead)
def log_outreach_view(request: HttpRequest, lead: Lead) -> str | HttpResponse:
    data = cleaned_data(OutreachForm(request.POST))
    if data["outcome"] in FINAL_OUTCOMES and (page := _ask_before_logging(request, lead, data["outcome"])):
        return page
    outreach.log_outreach(lead=lead, **data, **actor(request))
    return "Outcome logged." + (" You can undo this for one hour." if data["outcome"] in FINAL_OUTCOMES else "")


def _ask_before_logging(request: HttpRequest, lead: Lead, outcome: CallOutcome) -> HttpResponse | None:
    consequences = outcome_consequences(lead, outcome, timezone.now())
    back = reverse("admin:signups_lead_change", args=[lead.pk])
    title = f"{outcome.label}: {lead}?"
    return ask_first(request, lead, title=title, button="Log this outcome", consequences=consequences, back=back)


@lead_action(allowed=can_contact_lead)
def undo_outcome_view(request: HttpRequest, lead: Lead) -> str:
    remaining = undo_outcome(lead, **actor(request))
    return " ".join(["Outcome undone.", *remaining])


@lead_action()
def convert(request: HttpRequest, lead: Lead) -> str | HttpResponse:
    trial = lead.current_trial()
    if trial is None:
        raise ActionError("No trial to convert.")
    if trial.may_be_converted and (page := _ask_before_converting(request, lead, trial)):
        return page
    open_work = OpenWork.CANCEL if request.POST.get("open_work") == OpenWork.CANCEL else None
    convert_trial(trial, open_work=open_work, **actor(request))
    return "Converted to patient. You can undo this for one hour."


def _ask_before_converting(request: HttpRequest, lead: Lead, trial: Trial) -> HttpResponse | None:
    now = timezone.now()
    found = [item for item in open_work_of(lead, now) if not item.belongs_to(trial)]
    is_reached = ways_to_reach(lead, CONVERTED)
    notice = f"An email about the guarantee goes to {lead.email} in one hour." if is_reached else tell_them(lead)
    consequences = [
        f"{lead} becomes a patient now. The free trial ends.",
        f"The {trial.guarantee_days}-day guarantee starts today.",
        notice,
        "You can undo this for one hour. Nothing is sent before that.",
        *(f"Still open: {item}." for item in found),
        *immediate_notices(found, now),
    ]
    back = reverse("admin:signups_lead_change", args=[lead.pk])
    title, other = f"Convert {lead} to patient?", ("open_work", OpenWork.CANCEL, "Convert, and end what is open")
    return ask_first(
        request,
        lead,
        title=title,
        button="Convert to patient",
        consequences=consequences,
        back=back,
        other=other if found else None,
    )


@lead_action()
def undo_convert(request: HttpRequest, lead: Lead) -> str:
    remaining: list[str] = []
    if trial := lead.trials.exclude(converted_at=None).order_by("-converted_at").first():
        remaining = trial_actions.undo_convert_trial(trial, **actor(request))
    return " ".join(["Conversion undone. Nothing was sent about it.", *remaining])


@lead_action(allowed=can_contact_lead)
def resend_confirmation_view(request: HttpRequest, lead: Lead) -> str:
    if not trial_actions.resend_confirmation_for_staff(lead, **actor(request)):
        raise ActionError("They were sent enough links within the hour: wait a little.")
    return f"A new confirmation link was sent to {lead.email}."


@lead_action()
def mark_refunded_view(request: HttpRequest, lead: Lead) -> str:
    trial = lead.trials.refund_owed().first() or lead.trials.first()
    if trial is None:
        raise ActionError("No refund was requested.")
    trial_actions.mark_refunded(trial, **actor(request))
    return "Refund marked as sent. Their page now shows it."


@lead_action()
def undo_mark_refunded_view(request: HttpRequest, lead: Lead) -> str:
    trial = lead.trials.exclude(refunded_at=None).order_by("-refunded_at").first()
    if trial:
        trial_actions.undo_mark_refunded(trial, **actor(request))
    return "Undone. The refund is still owed."


@lead_action()
def add_tag_view(request: HttpRequest, lead: Lead) -> str:
    lead_actions.add_tag(lead=lead, **cleaned_data(TagForm(request.POST)), **actor(request))
    return "Tag added."


@lead_action()
def remove_tag_view(request: HttpRequest, lead: Lead) -> str:
    lead_actions.remove_tag(lead=lead, **cleaned_data(TagForm(request.POST)), **actor(request))
    return "Tag removed."


@lead_action()
def record_consent(request: HttpRequest, lead: Lead) -> str | HttpResponse:
    data = cleaned_data(ConsentForm(request.POST))
    if not data["agrees"] and (page := _ask_before_withdrawing(request, lead, data["purpose"])):
        return page
    change = grant_consent if data["agrees"] else revoke_consent
    change(lead, data["purpose"], channel=data["channel"], **actor(request))
    return "Consent updated."


def _ask_before_withdrawing(request: HttpRequest, lead: Lead, purpose: ConsentPurpose) -> HttpResponse | None:
    """Ask where withdrawing consent ends a booked call or an open callback."""
    now = timezone.now()
    ended = {
        ConsentPurpose.CALLS: ["onboardingcall", "callbackrequest"],
        ConsentPurpose.CALLBACKS: ["callbackrequest"],
    }.get(purpose, [])
    found = [item for item in open_work_of(lead, now) if item.row._meta.model_name in ended]
    if not found:
        return None
    calls = [item for item in found if item.row._meta.model_name == "onboardingcall"]
    title, back = f"Withdraw consent of {lead}?", reverse("admin:signups_lead_change", args=[lead.pk])
    consequences = [
        f"Consent is withdrawn: {purpose.label}.",
        *(f"Ends with it: {item}." for item in found),
        cancel_notice(lead) if calls else "Nothing is sent.",
    ]
    return ask_first(request, lead, title=title, button="Withdraw consent", consequences=consequences, back=back)


@lead_action("signups.erase_lead")
def erase(request: HttpRequest, lead: Lead) -> str:
    """Erase a lead who asks by telephone or letter."""
    cleaned_data(EraseForm(request.POST))
    erasure.erase_lead(lead, **actor(request))
    return "Personal data erased."


@lead_action(allowed=can_contact_lead)
def send_email(request: HttpRequest, lead: Lead) -> str | HttpResponse:
    """Send the e-mail that the preview showed; when it is refused, words of their own come back with the reason."""
    data = cleaned_data(SendForm(request.POST))
    try:
        send_manual_email(lead=lead, **data, **actor(request))
    except ActionError as error:
        if not data["text"]:
            raise
        words = {name: data[name] for name in ("subject", "text")}
        return email_page(request, lead, data["template"], **words, refused=str(error), status=409)
    return "Email sent."


@lead_action()
def send_text(request: HttpRequest, lead: Lead) -> str:
    """Send a text of staff's own words."""
    send_manual_text(lead=lead, **cleaned_data(TextForm(request.POST)), **actor(request))
    return "Text queued. It is sent between 8:00 AM and 9:00 PM their time."


@lead_action()
def address_works(request: HttpRequest, lead: Lead) -> str:
    """Send to an address or number again that did not work."""
    data = cleaned_data(AddressWorksForm(request.POST))
    clear_failure(lead, data["channel"], **actor(request))
    return "Noted. Messages are sent to it again."


def cleaned_data(form: forms.Form) -> dict[str, Any]:
    """Return the cleaned data of a valid form. Raises InvalidForm."""
    if not form.is_valid():
        raise InvalidForm([str(error) for errors in form.errors.values() for error in errors])
    return form.cleaned_data


def actor(request: HttpRequest) -> dict[str, Any]:
    """Return the `by` and `now` arguments of an action."""
    return {"by": staff_user(request), "now": timezone.now()}


routes = [
    path("signups/lead/<int:pk>/assign/", assign, name="signups_lead_assign"),
    path("signups/lead/<int:pk>/assign-next/", assign_next, name="signups_lead_assign_next"),
    path("signups/lead/<int:pk>/change-status/", change_status_view, name="signups_lead_change_status"),
    path("signups/lead/<int:pk>/undo-closing/", undo_closing_view, name="signups_lead_undo_closing"),
    path("signups/lead/<int:pk>/note/", add_note, name="signups_lead_note"),
    path("signups/lead/<int:pk>/draft/", save_draft_view, name="signups_lead_draft"),
    path("signups/lead/<int:pk>/log-outreach/", log_outreach_view, name="signups_lead_log_outreach"),
    path("signups/lead/<int:pk>/undo-outcome/", undo_outcome_view, name="signups_lead_undo_outcome"),
    path("signups/lead/<int:pk>/convert/", convert, name="signups_lead_convert"),
    path("signups/lead/<int:pk>/convert/undo/", undo_convert, name="signups_lead_convert_undo"),
    path("signups/lead/<int:pk>/mark-refunded/", mark_refunded_view, name="signups_lead_mark_refunded"),
    path("signups/lead/<int:pk>/mark-refunded/undo/", undo_mark_refunded_view, name="signups_lead_mark_refunded_undo"),
    path(
        "signups/lead/<int:pk>/resend-confirmation/", resend_confirmation_view, name="signups_lead_resend_confirmation"
    ),
    path("signups/lead/<int:pk>/tag/", add_tag_view, name="signups_lead_tag"),
    path("signups/lead/<int:pk>/untag/", remove_tag_view, name="signups_lead_untag"),
    path("signups/lead/<int:pk>/consent/", record_consent, name="signups_lead_consent"),
    path("signups/lead/<int:pk>/erase/", erase, name="signups_lead_erase"),
    path("signups/lead/<int:pk>/text/", send_text, name="signups_lead_text"),
    path("signups/lead/<int:pk>/address-works/", address_works, name="signups_lead_address_works"),
    path("signups/lead/<int:pk>/mail/send/", send_email, name="signups_lead_mail_send"),
]
