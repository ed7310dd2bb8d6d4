"""Bulk actions: select leads in the list, confirm, apply the action to each lead.

Each lead is changed by the same action, with the same rules, as on its own page.
"""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from signups.audit import access_log
from signups.audit.staff_users import owner_choices, staff_user
from signups.exports import admin as export_admin
from signups.leads import actions as lead_actions
from signups.leads import bulk_actions
from signups.leads.actions import assign_lead
from signups.leads.choices import LeadStatus
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.leads.undo import STAFF_UNDO_WINDOW
from signups.web.responses import redirect_after_post
from signups.web.staff_views import render_page, staff_view

from .forms import BulkOwnerForm, BulkStatusForm, BulkTagForm, TagForm
from .lead_list import requested_list

SELECTION = re.compile(r"\d{1,18}:[a-z]{1,10}(,\d{1,18}:[a-z]{1,10})*", re.ASCII)
ASSIGN = "Assign leads"
UNDOABLE = "undoable_assignment"  # in the session: the last bulk assignment
BulkAction = Callable[[Lead, User, dt.datetime, dict[str, Any]], None]


@staff_view("signups.change_lead")
@require_POST
def bulk_assign(request: HttpRequest) -> HttpResponse:
    bulk = uuid.uuid4()

    def assign(lead: Lead, by: User, now: dt.datetime, data: dict[str, Any]) -> None:
        assign_lead(lead=lead, to=data["owner"], by=by, now=now, bulk=bulk)
        until = now + STAFF_UNDO_WINDOW
        request.session[UNDOABLE] = {"bulk": str(bulk), "until": until.isoformat()}

    notice = "Nothing is sent to them. You can undo this for one hour."
    return _bulk(request, ASSIGN, lambda data: BulkOwnerForm(data, owners=owner_choices()), assign, notice=notice)


@staff_view("signups.change_lead")
@require_POST
def undo_bulk_assign(request: HttpRequest) -> HttpResponse:
    """Undo the last bulk assignment of this session."""
    last = request.session.pop(UNDOABLE, None)
    try:
        if last is None:
            raise ActionError("There is no assignment to undo.")
        outcome = bulk_actions.undo_assignments(uuid.UUID(last["bulk"]), by=staff_user(request), now=timezone.now())
    except ActionError as why:
        messages.error(request, str(why))
        return redirect_after_post("admin:signups_lead_changelist")
    kept = [f"{lead}: {why}" for lead, why in outcome.refused]
    messages.success(request, " ".join([f"Assignment undone for {outcome.done} leads.", *kept]))
    return redirect_after_post("admin:signups_lead_changelist")


def undoable_assignment(request: HttpRequest) -> dt.datetime | None:
    """Return until when the last bulk assignment of this session can be undone; None without one."""
    last = request.session.get(UNDOABLE)
    until = dt.datetime.fromisoformat(last["until"]) if last else None
    return until if until and until > timezone.now() else None


@staff_view("signups.change_lead")
@require_POST
def bulk_change_status(request: HttpRequest) -> HttpResponse:
    def change_status(lead: Lead, by: User, now: dt.datetime, data: dict[str, Any]) -> None:
        new = {name: data[name] for name in ("to", "reason", "open_work")}
        lead_actions.change_status(lead=lead, **new, by=by, now=now)

    return _bulk(request, "Change status", BulkStatusForm, change_status)


@staff_view("signups.change_lead")
@require_POST
def bulk_tag(request: HttpRequest) -> HttpResponse:
    def add_tag(lead: Lead, by: User, now: dt.datetime, data: dict[str, Any]) -> None:
        lead_actions.add_tag(lead=lead, tag=data["tag"], by=by, now=now)

    return _bulk(request, "Add tag", BulkTagForm, add_tag)


@staff_view("signups.change_lead")
@require_POST
def bulk_untag(request: HttpRequest) -> HttpResponse:
    def remove_tag(lead: Lead, by: User, now: dt.datetime, data: dict[str, Any]) -> None:
        lead_actions.remove_tag(lead=lead, tag=data["tag"], by=by, now=now)

    return _bulk(request, "Remove tag", TagForm, remove_tag)


@staff_view("signups.export_lead")
def export(request: HttpRequest) -> HttpResponseBase:
    """Export the list requested by the query string."""
    requested = requested_list(request)
    return export_admin.export_leads(request, requested.queryset, requested.size)


def _bulk(
    request: HttpRequest, title: str, form: Callable[[Any], forms.Form], action: BulkAction, *, notice: str = ""
) -> HttpResponse:
    """Show the confirmation page, or apply `action` to each lead and show the outcome."""
    if "chosen" not in request.POST:
        return _confirm(request, title, form(None), notice)
    filled, chosen = form(request.POST), _parse_selection(request.POST["chosen"])
    if not filled.is_valid():
        return _render(request, title, chosen, form=filled, notice=notice, status=422)
    user, now = staff_user(request), timezone.now()
    outcome = bulk_actions.apply_to_each(chosen, lambda lead: action(lead, user, now, filled.cleaned_data))
    return _render(request, title, chosen, outcome=outcome)


def _confirm(request: HttpRequest, title: str, form: forms.Form, notice: str) -> HttpResponse:
    found = requested_list(request).queryset
    if "all" not in request.POST:
        picked = [pk for pk in request.POST.getlist("pk") if re.fullmatch(r"[0-9]{1,18}", pk)]
        found = Lead.objects.filter(pk__in=picked).order_by("-created_at", "-id")
    chosen = list(found[: bulk_actions.MAX_LEADS + 1])
    if 0 < len(chosen) <= bulk_actions.MAX_LEADS:
        return _render(request, title, chosen, form=form, notice=notice)
    wrong = (
        f"Select up to {bulk_actions.MAX_LEADS} leads at a time. Narrow the list first."
        if chosen
        else "Select at least one lead."
    )
    messages.error(request, wrong)
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return redirect_after_post(reverse("admin:signups_lead_changelist") + query)


def _render(request: HttpRequest, title: str, chosen: list[Lead], *, status: int = 200, **context: Any) -> HttpResponse:
    access_log.log_list_view(request, "leads", len(chosen))
    return render_page(
        request,
        "admin/signups/lead/bulk.html",
        title,
        status=status,
        leads=chosen,
        undo_until=undoable_assignment(request) if title == ASSIGN else None,
        chosen=",".join(f"{lead.pk}:{lead.status}" for lead in chosen),
        **context,
    )


def _parse_selection(text: str) -> list[Lead]:
    """Parse `12:new,13:contacted` into leads with the displayed status.

    Raises BadRequest.
    """
    if not SELECTION.fullmatch(text) or text.count(",") >= bulk_actions.MAX_LEADS:
        raise BadRequest("Those leads weren’t found.")
    seen = {int(pk): status for pk, _, status in (part.partition(":") for part in text.split(","))}
    if len(seen) <= text.count(",") or not set(seen.values()) <= set(LeadStatus.values):
        raise BadRequest("Those leads weren’t found.")
    chosen = list(Lead.objects.filter(pk__in=seen).order_by("-created_at", "-id"))
    for lead in chosen:
        lead.status = seen[lead.pk]
    return chosen


routes = [
    path("signups/lead/bulk/assign/", bulk_assign, name="signups_lead_bulk_assign"),
    path("signups/lead/bulk/assign/undo/", undo_bulk_assign, name="signups_lead_bulk_assign_undo"),
    path("signups/lead/bulk/change-status/", bulk_change_status, name="signups_lead_bulk_change_status"),
    path("signups/lead/bulk/tag/", bulk_tag, name="signups_lead_bulk_tag"),
    path("signups/lead/bulk/untag/", bulk_untag, name="signups_lead_bulk_untag"),
    path("signups/lead/export/", export, name="signups_lead_export"),
]
