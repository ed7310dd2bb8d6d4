"""Bulk actions: select leads in the list, confirm, apply the action to each lead.

Each lead is changed by the same action, with the same rules, as on its own page.
"""

import datetime as dt
import re
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from signups.audit import access_log
from signups.audit.staff_users import staff_user
from signups.exports import admin as export_admin
from signups.leads import bulk_actions
from signups.leads.choices import LeadStatus
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.leads.undo import STAFF_UNDO_WINDOW
from signups.web.responses import redirect_after_post
from signups.web.staff_views import View, render_page, staff_view

from . import list_state
from .bulk_jobs import start_job, stop_job
from .bulk_kinds import KINDS
from .bulk_models import MAX_JOB_LEADS, BulkJob
from .lead_list import requested_list

SELECTION = re.compile(r"\d{1,18}:[a-z]{1,10}(,\d{1,18}:[a-z]{1,10})*", re.ASCII)
UNDOABLE = "undoable_assignment"  # in the session: the last bulk assignment
BULK_NOTICE = "It takes a while, and you can watch or stop it. It can’t be undone in one step."


def bulk_view(kind: str) -> View:
    """Return the view of a bulk action: it shows the confirmation page, or does what was confirmed."""

    @staff_view("signups.change_lead")
    @require_POST
    def view(request: HttpRequest) -> HttpResponse:
        if "matching" in request.POST:
            return _start_job(request, kind)
        if "chosen" in request.POST:
            return _apply(request, kind)
        return _confirm(request, kind)

    return view


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
        return redirect_after_post(list_state.leads_url(request))
    kept = [f"{lead}: {why}" for lead, why in outcome.refused]
    messages.success(request, " ".join([f"Assignment undone for {outcome.done} leads.", *kept]))
    return redirect_after_post(list_state.leads_url(request))


def undoable_assignment(request: HttpRequest) -> dt.datetime | None:
    """Return until when the last bulk assignment of this session can be undone; None without one."""
    last = request.session.get(UNDOABLE)
    until = dt.datetime.fromisoformat(last["until"]) if last else None
    return until if until and until > timezone.now() else None


@staff_view("signups.export_lead")
def export(request: HttpRequest) -> HttpResponseBase:
    """Export the list requested by the query string."""
    requested = requested_list(request)
    return export_admin.export_leads(request, requested.queryset, requested.size)


def _apply(request: HttpRequest, kind: str) -> HttpResponse:
    """Do the action to each lead that was chosen, and show the outcome."""
    does = KINDS[kind]
    filled, chosen = does.form(request.POST), _parse_selection(request.POST["chosen"])
    if not filled.is_valid():
        return _render(request, kind, chosen, form=filled, notice=does.notice, status=422)
    user, now, bulk = staff_user(request), timezone.now(), uuid.uuid4()
    outcome = bulk_actions.apply_to_each(chosen, lambda lead: does.act(lead, user, now, filled.cleaned_data, bulk))
    if kind == "assign" and outcome.done:
        request.session[UNDOABLE] = {"bulk": str(bulk), "until": (now + STAFF_UNDO_WINDOW).isoformat()}
    return _render(request, kind, chosen, outcome=outcome)


def _confirm(request: HttpRequest, kind: str) -> HttpResponse:
    found = requested_list(request).queryset
    if "all" not in request.POST:
        picked = [pk for pk in request.POST.getlist("pk") if re.fullmatch(r"[0-9]{1,18}", pk)]
        found = Lead.objects.filter(pk__in=picked).order_by("-created_at", "-id")
    chosen = list(found[: bulk_actions.MAX_LEADS + 1])
    if 0 < len(chosen) <= bulk_actions.MAX_LEADS:
        return _render(request, kind, chosen, form=KINDS[kind].form(None), notice=KINDS[kind].notice)
    if chosen and "all" in request.POST:
        return _confirm_job(request, kind, KINDS[kind].form(None), _matching(request))
    return _refuse(request, "Select at least one lead." if not chosen else _too_many(bulk_actions.MAX_LEADS))


def _too_many(limit: int) -> str:
    return f"Select up to {limit:,} leads at a time. Narrow the list first."


def _refuse(request: HttpRequest, why: str) -> HttpResponse:
    messages.error(request, why)
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return redirect_after_post(reverse("admin:signups_lead_changelist") + query)


def _matching(request: HttpRequest) -> list[int]:
    """Return the keys of the leads of the requested list, at most one more than a job takes."""
    found = requested_list(request).queryset.order_by("pk").values_list("pk", flat=True)
    return list(found[: MAX_JOB_LEADS + 1])


def _confirm_job(
    request: HttpRequest, kind: str, form: forms.Form, matching: list[int], *, status: int = 200, refused: str = ""
) -> HttpResponse:
    if len(matching) > MAX_JOB_LEADS:
        return _refuse(request, _too_many(MAX_JOB_LEADS))
    access_log.log_list_view(request, "leads", len(matching))
    context = {"form": form, "matching": len(matching), "notice": BULK_NOTICE, "refused": refused}
    return render_page(request, "admin/signups/lead/bulk.html", KINDS[kind].title, status=status, **context)


def _start_job(request: HttpRequest, kind: str) -> HttpResponse:
    """Hand the action to the worker when the list still has as many leads as were confirmed."""
    form, matching = KINDS[kind].form(request.POST), _matching(request)
    if not form.is_valid():
        return _confirm_job(request, kind, form, matching, status=422)
    if request.POST["matching"] != str(len(matching)) or not matching:
        why = "The list has changed meanwhile. Check the number and confirm again."
        return _confirm_job(request, kind, form, matching, status=409, refused=why)
    job = start_job(kind, form, matching, by=staff_user(request), now=timezone.now())
    return redirect_after_post("admin:signups_lead_bulk_job", job.public_id)


@staff_view("signups.change_lead")
@require_safe
def bulk_job(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show how far a bulk action is, and whom it could not change."""
    job = _own_job(request, public_id)
    named = Lead.objects.in_bulk([pk for pk, _ in job.refused])
    refused = [(named[pk], why) for pk, why in job.refused if pk in named]
    access_log.log_list_view(request, "leads", len(refused))
    title = KINDS[job.kind].title
    return render_page(request, "admin/signups/lead/bulk_job.html", title, bulk=job, refused=refused)


@staff_view("signups.change_lead")
@require_POST
def stop_bulk_job(request: HttpRequest, public_id: str) -> HttpResponse:
    job = _own_job(request, public_id)
    stop_job(job, now=timezone.now())
    return redirect_after_post("admin:signups_lead_bulk_job", job.public_id)


def _own_job(request: HttpRequest, public_id: str) -> BulkJob:
    """Return the job that the user started, for the Head anybody's. Raises Http404."""
    jobs = BulkJob.objects.all() if request.user.has_perm("signups.work_any_lead") else BulkJob.objects.none()
    return get_object_or_404(jobs | BulkJob.objects.filter(created_by=staff_user(request)), public_id=public_id)


def _render(request: HttpRequest, kind: str, chosen: list[Lead], *, status: int = 200, **context: Any) -> HttpResponse:
    access_log.log_list_view(request, "leads", len(chosen))
    return render_page(
        request,
        "admin/signups/lead/bulk.html",
        KINDS[kind].title,
        status=status,
        leads=chosen,
        undo_until=undoable_assignment(request) if kind == "assign" else None,
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
    *(
        path(f"signups/lead/bulk/{kind.replace('_', '-')}/", bulk_view(kind), name=f"signups_lead_bulk_{kind}")
        for kind in KINDS
    ),
    path("signups/lead/bulk/assign/undo/", undo_bulk_assign, name="signups_lead_bulk_assign_undo"),
    path("signups/lead/bulk/<uuid:public_id>/", bulk_job, name="signups_lead_bulk_job"),
    path("signups/lead/bulk/<uuid:public_id>/stop/", stop_bulk_job, name="signups_lead_bulk_stop"),
    path("signups/lead/export/", export, name="signups_lead_export"),
]
