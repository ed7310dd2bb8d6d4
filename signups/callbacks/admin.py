"""Admin pages of callbacks: the queue and the page of one callback."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe

from clinic.lib import time_zones
from clinic.lib.read_only_admin import ReadOnly
from signups.audit import access_log
from signups.audit.staff_users import staff_user
from signups.consents.contact_policy import Decision, may_call_back
from signups.hosts.business_hours import clinic_business_hours
from signups.leads import locking
from signups.leads.drafts import draft_of
from signups.offer import current_offer
from signups.scheduling import callback_times
from signups.web.responses import redirect_after_post
from signups.web.staff_forms import typed_words
from signups.web.staff_views import ask_first, redirect_to_lead, render_page, staff_view

from . import actions
from .actions import can_log_attempt, claim_callback, close_callback, reassign_callback, release_callback
from .admin_forms import ClaimantForm, OutcomeForm
from .choices import FINAL_OUTCOMES, CallOutcome
from .earlier_refusals import earlier_refusal
from .models import MAX_CALL_ATTEMPTS, CallAttempt, CallbackRequest
from .outcome_questions import outcome_consequences

PER_PAGE = 50
VIEWS = {"": "All", "due": "Due now", "overdue": "Overdue", "mine": "Claimed by me"}

callback_view = staff_view("signups.work_callbackrequest")


@dataclass(frozen=True)
class QueueRow:
    """Display data of one request in the queue."""

    request: CallbackRequest
    when: str
    is_overdue: bool  # and may be called now
    is_retry: bool
    city: str
    call: Decision


@admin.register(CallbackRequest)
class CallbackAdmin(ReadOnly, admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        """Return no default admin URLs.

        They would show phone numbers, and allow changes that only actions may make.
        """
        return []


@callback_view
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """List the open callbacks, soonest due first."""
    now, chosen = timezone.now(), request.GET.get("view", "")
    waiting = CallbackRequest.objects.open()
    views: dict[str, Callable[[], Any]] = {
        "due": lambda: waiting.due(now),
        "overdue": lambda: waiting.overdue(now).callable_at(now),
        "mine": lambda: waiting.claimed_by(staff_user(request)),
    }
    found = views.get(chosen, lambda: waiting)()
    found = found.select_related("lead", "claimed_by").annotate(
        tries=Count("attempts", filter=Q(attempts__undone_at=None))
    )
    page = Paginator(found.soonest_first(), PER_PAGE).get_page(request.GET.get("page"))
    access_log.log_list_view(request, "callbacks", len(page))
    overdue = [may_call_back(late, now).allowed for late in waiting.overdue(now).select_related("lead")]
    return render_page(
        request,
        "admin/signups/callbacks/queue.html",
        "Callbacks",
        views=VIEWS,
        chosen=chosen,
        page=page,
        rows=[_row(callback, now) for callback in page],
        overdue=overdue.count(True),
        late=overdue.count(False),
        now=now,
        most=MAX_CALL_ATTEMPTS,
    )


@callback_view
@require_safe
def callback_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show everything needed to make one call and to log its outcome."""
    return _detail(request, _get_callback(public_id))


@callback_view
@require_POST
def claim(request: HttpRequest, public_id: str) -> HttpResponse:
    page = reverse("admin:signups_callbackrequest_call", args=[public_id]) + _view_query(request)
    return _run(request, public_id, claim_callback, then=redirect_after_post(page))


@callback_view
@require_POST
def release(request: HttpRequest, public_id: str) -> HttpResponse:
    return _run(request, public_id, release_callback)


@callback_view
@require_POST
def close(request: HttpRequest, public_id: str) -> HttpResponse:
    return _run(request, public_id, close_callback)


@callback_view
@require_POST
def log_attempt_view(request: HttpRequest, public_id: str) -> HttpResponse:
    callback = _get_callback(public_id)
    form = OutcomeForm(request.POST, number=callback.attempts.standing().count() + 1)
    if not form.is_valid():
        closed = f"This callback is closed: {callback.get_outcome_display()}." if callback.closed_at else ""
        return _detail(request, callback, refused=closed, outcome_form=form, status=422)
    outcome = CallOutcome(form.cleaned_data["outcome"])
    if (
        outcome in FINAL_OUTCOMES
        and not callback.closed_at
        and (page := _ask_before_ending(request, callback, outcome))
    ):
        return page

    def log(callback: CallbackRequest, **actor: Any) -> None:
        actions.log_attempt(callback, **{**form.cleaned_data, "outcome": outcome}, **actor)

    done = f"Outcome logged: {outcome.label.lower()}."
    if outcome in FINAL_OUTCOMES:
        address = reverse("admin:signups_lead_change", args=[callback.lead_id])
        done = format_html('{} You can undo this for one hour on <a href="{}">their page</a>.', done, address)
    return _run(request, public_id, log, done=done, outcome_form=form)


def _ask_before_ending(request: HttpRequest, callback: CallbackRequest, outcome: CallOutcome) -> HttpResponse | None:
    """Say what an outcome ends for good, before it is logged."""
    lead = callback.lead
    consequences = [
        f"The callback of {lead} is closed: {outcome.label.lower()}.",
        *outcome_consequences(lead, outcome, timezone.now()),
    ]
    page = reverse("admin:signups_callbackrequest_call", args=[callback.public_id])
    title = f"{outcome.label}: {lead}?"
    return ask_first(
        request,
        lead,
        title=title,
        button="Log this outcome",
        consequences=consequences,
        back=page + _view_query(request),
    )


@callback_view
@require_POST
def reassign_callback_view(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give the callback to another member of staff, claimed or not."""
    form = ClaimantForm(request.POST)
    if not form.is_valid():
        return _detail(request, _get_callback(public_id), holder_form=form, status=422)

    def reassign_to(callback: CallbackRequest, **actor: Any) -> None:
        reassign_callback(callback, to=form.cleaned_data["to"], **actor)

    return _run(request, public_id, reassign_to)


def _run(
    request: HttpRequest,
    public_id: str,
    action: Callable[..., object],
    *,
    then: HttpResponse | None = None,
    done: str = "",
    **forms: Any,
) -> HttpResponse:
    """Run `action` and answer with `then`, by default the queue.

    On ActionError, render the callback page with the reason (409).
    """
    callback = _get_callback(public_id)
    try:
        action(callback, by=staff_user(request), now=timezone.now())
    except locking.ActionError as error:
        return _detail(request, _get_callback(public_id), refused=str(error), status=409, **forms)
    if done:
        messages.success(request, done)
    if request.POST.get("back") == "lead":
        return redirect_to_lead(callback.lead_id)
    return then or redirect_after_post(reverse("admin:signups_callbackrequest_changelist") + _view_query(request))


def _view_query(request: HttpRequest) -> str:
    """Return the query string of the queue's tab from which the request came, or ""."""
    view = request.POST.get("view") or request.GET.get("view", "")
    return f"?view={view}" if view and view in VIEWS else ""


def _detail(
    request: HttpRequest, callback: CallbackRequest, *, refused: str = "", status: int = 200, **forms: Any
) -> HttpResponse:
    access_log.log_lead_view(request, callback.lead)
    now = timezone.now()
    attempts = list(callback.attempts.select_related("attempted_by"))
    tries = [attempt for attempt in attempts if not attempt.undone_at]
    draft = draft_of(callback.lead, staff_user(request))
    form = outcome_form(callback, tries, now, note=draft.text if draft else "")
    context = {
        "callback": callback,
        "view": request.POST.get("view") or request.GET.get("view", ""),
        "row": _row(callback, now),
        "earlier_refusal": earlier_refusal(callback),
        "attempts": attempts,
        "number": len(tries) + 1,
        "most": MAX_CALL_ATTEMPTS,
        "refused": refused,
        "draft": draft if "outcome_form" not in forms else None,
        "typed": typed_words(request.POST, ["note"]) if refused else "",
        "is_mine": callback.claimed_by == request.user,
        "proposed": form.initial["next_attempt_at"],
        "outcome_form": form,
        "may_log": can_log_attempt(callback, now),
        "holder_form": ClaimantForm() if request.user.has_perm("signups.reassign_callbackrequest") else None,
        "now": now,
        **forms,
    }
    title = f"Call {callback.lead}"
    return render_page(request, "admin/signups/callbacks/call.html", title, status=status, **context)


def outcome_form(
    callback: CallbackRequest, tries: list[CallAttempt], now: dt.datetime, *, note: str = ""
) -> OutcomeForm:
    """Return the outcome form of the next attempt, with a suggested retry time."""
    suggested = callback_times.suggest_retry(
        [*(attempt.attempted_at for attempt in tries), now],
        clinic_business_hours(current_offer()),
        callback.time_zone,
        callback.best_time,
    )
    return OutcomeForm(number=len(tries) + 1, initial={"next_attempt_at": suggested, "note": note})


def _get_callback(public_id: str) -> CallbackRequest:
    return get_object_or_404(CallbackRequest.objects.timed().select_related("lead", "claimed_by"), public_id=public_id)


def _row(callback: CallbackRequest, now: dt.datetime) -> QueueRow:
    call = may_call_back(callback, now)
    return QueueRow(
        request=callback,
        when=callback_times.humanize_callback_time(callback.call_at, now, timezone.get_current_timezone_name()),
        is_overdue=callback.closed_at is None and not callback.next_at and callback.due_at < now and call.allowed,
        is_retry=callback.next_at is not None,
        city=time_zones.city_name(callback.time_zone),
        call=call,
    )


routes = [
    path("signups/callbackrequest/", queue, name="signups_callbackrequest_changelist"),
    path("signups/callbackrequest/<uuid:public_id>/", callback_detail, name="signups_callbackrequest_call"),
    path("signups/callbackrequest/<uuid:public_id>/claim/", claim, name="signups_callbackrequest_claim"),
    path("signups/callbackrequest/<uuid:public_id>/release/", release, name="signups_callbackrequest_release"),
    path("signups/callbackrequest/<uuid:public_id>/attempt/", log_attempt_view, name="signups_callbackrequest_attempt"),
    path("signups/callbackrequest/<uuid:public_id>/close/", close, name="signups_callbackrequest_close"),
    path(
        "signups/callbackrequest/<uuid:public_id>/reassign/",
        reassign_callback_view,
        name="signups_callbackrequest_reassign",
    ),
]
