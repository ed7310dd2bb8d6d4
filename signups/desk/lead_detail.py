"""The page of one lead, with one context function per section."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from clinic.lib import redaction, time_zones
from signups.audit import access_log
from signups.audit.staff_users import owner_choices, staff_user
from signups.callbacks.actions import can_log_attempt
from signups.callbacks.admin import outcome_form
from signups.callbacks.models import CallbackRequest
from signups.callbacks.outcome_undo import undoable_outcome
from signups.calls.actions import undo_until
from signups.calls.choices import CallStatus
from signups.calls.models import OnboardingCall
from signups.calls.notices import immediate_notices
from signups.consents.contact_policy import ContactFacts, facts_of, may_call, may_email, permits_texts
from signups.followups.actions import may_change
from signups.followups.forms import ChangeFollowUpForm, FollowUpForm
from signups.followups.models import FollowUp
from signups.leads import closing_undo
from signups.leads.access import can_contact_lead, can_work_lead
from signups.leads.actions import allowed_transitions
from signups.leads.choices import CARE_FOR_LABELS, TERMINAL_STATUSES, LeadStatus
from signups.leads.drafts import draft_of
from signups.leads.matching import doubles_of
from signups.leads.models import Lead
from signups.leads.open_work import OpenItem, describe_open_work, waiting_messages
from signups.leads.tag_models import Tag
from signups.leads.undo import STAFF_UNDO_WINDOW
from signups.messages.choices import EmailPurpose
from signups.messages.forms import TextForm
from signups.messages.template_models import EmailTemplate
from signups.trials.models import Trial
from signups.web.staff_forms import TYPED_FIELDS, CallOutcomeForm, typed_words
from signups.web.staff_views import get_lead, render_page

from . import list_state, timeline
from .forms import ChangeStatusForm, ConsentForm, EraseForm, NoteForm, OutreachForm, OwnerForm
from .next_best_action import next_action
from .patient_request_forms import IncomingForm, UnsubscribeForm


def lead_detail(request: HttpRequest, pk: int | str) -> HttpResponse:
    """Show a lead to staff who may view leads; each action has its own URL."""
    lead = get_lead(request, pk)
    if request.method not in ("GET", "HEAD"):
        raise PermissionDenied
    return render_lead(request, lead)


def render_lead(
    request: HttpRequest, lead: Lead, *, refused: list[str] | None = None, status: int = 200
) -> HttpResponse:
    """Render the page; `refused` holds the reasons why an action was rejected."""
    access_log.log_lead_view(request, lead)
    facts = LeadFacts.load(request, lead)
    lost = _lost_words(facts) if refused else ""
    context: dict[str, Any] = {"refused": refused, "typed": lost, "place": list_state.neighbours(request, lead.pk)}
    for section in SECTIONS:
        context |= section(facts)
    return render_page(request, "admin/signups/lead/detail.html", str(lead), status=status, **context)


@dataclass(frozen=True)
class LeadFacts:
    """Data that several sections need, loaded once."""

    request: HttpRequest
    lead: Lead
    user: User
    now: dt.datetime
    trial: Trial | None
    contact: ContactFacts
    calls: list[OnboardingCall]
    follow_ups: list[FollowUp]

    @classmethod
    def load(cls, request: HttpRequest, lead: Lead) -> Self:
        now = timezone.now()
        return cls(
            request,
            lead,
            staff_user(request),
            now,
            trial=lead.trials.first(),
            contact=facts_of([lead], now)[lead.pk],
            calls=list(lead.calls.select_related("host__user", "call_type")),
            follow_ups=list(lead.follow_ups.open().select_related("owner")),
        )

    @property
    def callback(self) -> "CallbackRequest | None":
        return self.contact.callback

    @property
    def is_live(self) -> bool:
        return self.lead.status not in TERMINAL_STATUSES

    @cached_property
    def may_contact(self) -> bool:
        return self.is_live and can_contact_lead(self.user, self.lead, self.now)


def common_context(facts: LeadFacts) -> dict[str, Any]:
    permitted = {news: may_email(facts.lead, facts.now, facts.contact, news=news) for news in (False, True)}
    templates = EmailTemplate.objects.filter(is_active=True)
    works = can_work_lead(facts.user, facts.lead)
    return {
        "lead": facts.lead,
        "is_live": facts.is_live,
        "now": facts.now,
        "trial": facts.trial,
        "callback": facts.callback,
        "contact": facts.contact,
        "may_work": works and facts.is_live,
        "may_refund": works,  # also when they are erased: the money is still owed
        "email_decision": permitted[False],
        "may_contact": facts.may_contact,
        "sees_contact": facts.user.has_perm("signups.see_contact"),
        "email_templates": templates if permitted[True].allowed else templates.exclude(purpose=EmailPurpose.MARKETING),
    }


def next_action_context(facts: LeadFacts) -> dict[str, Any]:
    """Return the context of `_next_action.html`."""
    lead, now, trial, callback = facts.lead, facts.now, facts.trial, facts.callback
    call = may_call(lead, now, facts.contact)
    can_claim = callback is not None and callback.claimed_by in (None, facts.user)
    was_just_contacted = lead.last_contact_at is not None and lead.last_contact_at > now - STAFF_UNDO_WINDOW
    step = next_action(lead, trial, now, facts.contact, next(iter(facts.follow_ups), None))
    return {
        "next_action": step,
        "unsettled": facts.contact.unsettled,
        "is_call_time": facts.contact.unsettled is not None and now < facts.contact.unsettled.ends_at and call.allowed,
        "call_outcome_form": CallOutcomeForm(auto_id="call_%s"),
        "call_decision": call,
        "undo_closing_until": closing_undo.closing_undo_until(lead, now),
        "undoable": undoable_outcome(lead, now) if was_just_contacted else None,
        "outcome_form": outcome_form(callback, list(callback.attempts.standing()), now)
        if callback and can_claim
        else None,
        "may_log": callback is not None and can_log_attempt(callback, now),
        "may_convert": trial is not None and trial.may_be_converted and lead.status == LeadStatus.QUALIFIED,
        "next_overdue": step is not None and step.is_overdue(now),
        "outreach_form": OutreachForm(_sent(facts, "outcome"), auto_id="outreach_%s"),
    }


def follow_ups_context(facts: LeadFacts) -> dict[str, Any]:
    """Return the context of `_follow_ups.html`."""
    owners = owner_choices()
    return {
        "follow_ups": [
            (
                each,
                facts.is_live and may_change(facts.user, each),
                ChangeFollowUpForm(
                    initial={"due_at": each.due_at, "owner": each.owner_id},
                    owners=owners,
                    auto_id=f"follow_up_{each.pk}_%s",
                    data=_sent(facts, "due_at") if str(each.public_id) in facts.request.path else None,
                ),
            )
            for each in facts.follow_ups
        ],
        "follow_up_form": FollowUpForm(
            _sent(facts, "task"),
            initial={"owner": facts.user.pk, "form_key": uuid.uuid4()},
            owners=owners,
            auto_id="follow_up_%s",
        ),
    }


def messages_context(facts: LeadFacts) -> dict[str, Any]:
    """Return the context of `_text_form.html`."""
    permitted = permits_texts(facts.lead, facts.contact.consents, facts.contact.suppressed)
    return {"texts_permitted": permitted, "text_form": TextForm(_sent(facts, "words"), auto_id="text_%s")}


def contact_context(facts: LeadFacts) -> dict[str, Any]:
    """Return the context of `_contact.html`.

    Contact details are masked for staff who may not see them.
    """
    lead = facts.lead
    return {
        "email": redaction.mask_contact_details(lead.email, facts.user),
        "phone": redaction.mask_contact_details(lead.phone_formatted, facts.user),
        "referral_answer": redaction.mask_contact_details(lead.referral_answer, facts.user),
        "city": time_zones.city_name(lead.time_zone),
        "care_for": CARE_FOR_LABELS.get(lead.signing_up_for, ""),
        "may_be_merged": lead.status not in TERMINAL_STATUSES,
        "doubles": doubles_of(lead) if facts.user.has_perm("signups.merge_lead") else [],
    }


def care_context(facts: LeadFacts) -> dict[str, Any]:
    """Return the context of `_care.html`."""
    lead, now, trial = facts.lead, facts.now, facts.trial
    transitions = allowed_transitions(lead, facts.user)
    found = _open_work(facts) if LeadStatus.CLOSED in transitions else []
    is_booked = any(call.status == CallStatus.BOOKED and call.starts_at > now for call in facts.calls)
    for call in facts.calls:
        call.lead = lead
    return {
        "trial_state": trial.state(now) if trial else "none",
        "may_cancel_trial": trial is not None and not trial.cancelled_at and not trial.converted_at,
        "trial_undo_until": trial.undo_until if trial and trial.undo_until and now <= trial.undo_until else None,
        "may_request_refund": trial is not None and trial.may_be_refunded(lead.time_zone, now),
        "may_undo_conversion": trial is not None and trial.conversion_may_be_undone(now),
        "may_undo_refund": trial is not None and trial.may_be_owed_again(now),
        "calls": [(call, undo_until(call, now)) for call in facts.calls],
        "may_book": not is_booked,
        "owner_form": OwnerForm(owners=owner_choices(), initial={"owner": lead.owner_id}, auto_id="owner_%s"),
        "tags": [tagging.tag for tagging in lead.taggings.named()],
        "all_tags": Tag.objects.filter(is_active=True),
        "transitions": transitions,
        "closed": LeadStatus.CLOSED,
        "status_form": ChangeStatusForm(_sent(facts, "reason"), auto_id="status_%s"),
        "open_work": found,
        "immediate_notices": immediate_notices(found, now),
    }


def _open_work(facts: LeadFacts) -> list[OpenItem]:
    """Return what is under way, out of what is loaded; one query, for messages."""
    trial = facts.trial
    return describe_open_work(
        facts.now,
        calls=[call for call in facts.calls if call.status == CallStatus.BOOKED and call.starts_at > facts.now],
        callbacks=[facts.callback] if facts.callback else [],
        trials=[trial] if trial and not trial.cancelled_at and not trial.converted_at else [],
        follow_ups=facts.follow_ups,
        messages=waiting_messages(facts.lead, facts.now),
    )


def consents_context(facts: LeadFacts) -> dict[str, Any]:
    """Return the context of `_consents.html`."""
    return {
        "consents": facts.lead.consents.select_related("text"),
        "consent_form": ConsentForm(auto_id="consent_%s"),
        "unsubscribe_form": UnsubscribeForm(auto_id="unsubscribe_%s"),
        "may_erase": facts.user.has_perm("signups.erase_lead") and facts.lead.status not in TERMINAL_STATUSES,
        "erase_form": EraseForm(),
    }


def timeline_context(facts: LeadFacts) -> dict[str, Any]:
    """Return the context of `_timeline.html`.

    Raises BadRequest for an invalid timeline filter.
    """
    kind, before = _timeline_filter(facts.request)
    entries, more = timeline.lead_timeline(facts.lead, viewer=facts.user, kind=kind, before=before)
    sent = facts.request.POST
    edited = next((entry for entry in entries if entry.is_version(sent.get("supersedes", ""))), None)
    draft = draft_of(facts.lead, facts.user)
    typed = sent.get("text", "") if not edited else ""
    return {
        "note_form": NoteForm(auto_id="note_%s", initial={"text": typed or (draft.text if draft else "")}),
        "incoming_form": IncomingForm(_sent(facts, "what_came_in"), auto_id="incoming_%s"),
        "draft": draft if draft and not typed else None,
        "edited": edited,
        "edited_text": sent.get("text", ""),
        "filters": timeline.TIMELINE_FILTERS,
        "kind": kind,
        "entries": entries,
        "older": entries[-1].at.isoformat() if more else "",
    }


def _lost_words(facts: LeadFacts) -> str:
    """Return what was typed in forms that were refused and do not come back filled, because they are not shown."""
    shown = ["text", "words", "task", "what_came_in"] if facts.may_contact else []
    return typed_words(facts.request.POST, [name for name in TYPED_FIELDS if name not in shown])


def _sent(facts: LeadFacts, field: str) -> QueryDict | None:
    """Return what was sent, if the form with `field` was sent and refused: it comes back filled."""
    return facts.request.POST if field in facts.request.POST else None


def _timeline_filter(request: HttpRequest) -> tuple[str, dt.datetime | None]:
    kind, text = request.GET.get("kind", ""), request.GET.get("before", "")
    try:
        before = dt.datetime.fromisoformat(text) if text else None
        if kind not in timeline.TIMELINE_FILTERS or (before and before.tzinfo is None):
            raise ValueError(text)
        return kind, before and before.astimezone(dt.UTC)
    except (ValueError, OverflowError):  # (a date near year 1 or 9999 can overflow in UTC)
        raise BadRequest("That part of the timeline doesn’t exist.") from None


# Sections of `detail.html`: each function returns the context of its partial.
SECTIONS: list[Callable[[LeadFacts], dict[str, Any]]] = [
    common_context,
    next_action_context,
    follow_ups_context,
    messages_context,
    contact_context,
    care_context,
    consents_context,
    timeline_context,
]
