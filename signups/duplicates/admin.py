"""Admin pages of duplicates: find, compare, merge, mark as distinct, undo."""

import re
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from signups.audit import access_log
from signups.audit.staff_users import staff_user
from signups.leads.locking import ActionError
from signups.leads.matching import doubles_of
from signups.leads.merge_models import MERGE_UNDO_WINDOW, DistinctLeadPair, LeadMerge
from signups.leads.models import Lead
from signups.web.responses import redirect_after_post
from signups.web.staff_views import render_page, staff_view

from . import detection, merging
from .forms import MergeForm

RECENT_MERGES = 50
CANDIDATES = 20  # found by a search for the other lead
MAX_SEARCH = 100  # characters
PAIRS_PER_PAGE = 50  # distinct pairs
PAIR_KEY = re.compile(r"\d{1,18}", re.ASCII)

merge_view = staff_view("signups.merge_lead")


@merge_view
def possible_duplicates(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    kind, after = request.GET.get("same", "number"), request.GET.get("after", "0")
    if kind not in detection.MATCH_KEYS or not PAIR_KEY.fullmatch(after):
        raise BadRequest("That page doesn’t exist.")
    unlikely = request.GET.get("unlikely") == "1"
    pairs, following = detection.find_pairs(kind, int(after), unlikely=unlikely)
    access_log.log_list_view(request, "duplicates", 2 * len(pairs))
    recent = LeadMerge.objects.filter(undone_at=None, merged_at__gte=now - MERGE_UNDO_WINDOW).select_related(
        "lead", "merged_by"
    )[:RECENT_MERGES]
    return render_page(
        request,
        "admin/signups/lead/duplicates.html",
        "Duplicates",
        pairs=pairs,
        following=following,
        first=not {*request.GET} - {"unlikely"},
        unlikely=unlikely,
        merges=[(merge, merge.may_be_undone(now)) for merge in recent],
        days=MERGE_UNDO_WINDOW.days,
    )


@merge_view
@require_safe
def find_duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose whom to merge the lead with: who shares mailbox or number, and a search over all live leads."""
    lead = get_object_or_404(Lead.objects.live(), pk=pk)
    words = request.GET.get("q", "")[:MAX_SEARCH]
    if words.strip():
        shown = list(Lead.objects.live().search(words).exclude(pk=pk).select_related("owner")[:CANDIDATES])
    else:
        shown = doubles_of(lead)
    access_log.log_list_view(request, "duplicates", len(shown))
    return render_page(
        request,
        "admin/signups/lead/find_duplicate.html",
        f"Merge {lead} with",
        lead=lead,
        words=words,
        found=shown,
        limit=CANDIDATES,
    )


@merge_view
def merge(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Show both leads side by side; POST merges `other` into `pk`.

    422 for an invalid form, 409 on ActionError.
    """
    if pk == other:
        raise Http404
    kept, gone = (get_object_or_404(Lead.objects.live().select_related("owner"), pk=key) for key in (pk, other))
    form = MergeForm(request.POST if request.method == "POST" else None, lead=kept, other=gone)
    status, refused = (422 if form.is_bound else 200), ""
    if form.is_valid():
        chosen = form.from_other()
        try:
            merging.merge_leads(lead=kept, other=gone, from_other=chosen, by=staff_user(request), now=timezone.now())
        except ActionError as error:
            status, refused = 409, str(error)
        else:
            messages.success(request, f"Leads merged. You can undo this for {MERGE_UNDO_WINDOW.days} days.")
            return redirect_after_post("admin:signups_lead_duplicates")
    access_log.log_lead_view(request, kept, gone)
    return render_page(
        request,
        "admin/signups/lead/merge.html",
        "Merge leads",
        status=status,
        kept=kept,
        gone=gone,
        both=(kept, gone),
        two_trials=all(lead.trials.open().exists() for lead in (kept, gone)),
        form=form,
        refused=refused,
    )


@merge_view
@require_POST
def undo_merge_view(request: HttpRequest, public_id: str) -> HttpResponse:
    merge = get_object_or_404(LeadMerge, public_id=public_id)
    return _run(request, merging.undo_merge, "Merge undone.", "duplicates", merge=merge)


@merge_view
def distinct_pairs(request: HttpRequest) -> HttpResponse:
    """List the pairs marked as distinct, newest first: `?before=17`."""
    before = request.GET.get("before", "")
    if before and not PAIR_KEY.fullmatch(before):
        raise BadRequest("That page doesn’t exist.")
    found = DistinctLeadPair.objects.select_related("older", "newer", "created_by")
    rows = list((found.filter(pk__lt=before) if before else found)[: PAIRS_PER_PAGE + 1])
    pairs = rows[:PAIRS_PER_PAGE]
    access_log.log_list_view(request, "distinct_pairs", 2 * len(pairs))
    return render_page(
        request,
        "admin/signups/lead/distinct_pairs.html",
        "Dismissed pairs",
        pairs=pairs,
        before=pairs[-1].pk if len(rows) > PAIRS_PER_PAGE else None,
    )


@merge_view
@require_POST
def mark_distinct_view(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    lead, one = (get_object_or_404(Lead.objects.live(), pk=key) for key in (pk, other))
    done = "Marked as not duplicates."
    return _run(request, merging.mark_distinct, done, "duplicates", lead=lead, other=one)


@merge_view
@require_POST
def unmark_distinct_view(request: HttpRequest, pk: int) -> HttpResponse:
    pair = get_object_or_404(DistinctLeadPair, pk=pk)
    return _run(request, merging.unmark_distinct, "Pair restored.", "distinct_pairs", pair=pair)


def _run(request: HttpRequest, action: Callable[..., Any], done: str, page: str, **about: Any) -> HttpResponse:
    """Run `action`, show the result or the ActionError, and redirect to `page`."""
    try:
        action(**about, by=staff_user(request), now=timezone.now())
    except ActionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect_after_post(f"admin:signups_lead_{page}")


routes = [
    path("signups/lead/duplicates/", possible_duplicates, name="signups_lead_duplicates"),
    path("signups/lead/duplicates/distinct/", distinct_pairs, name="signups_lead_distinct_pairs"),
    path("signups/lead/duplicates/distinct/<int:pk>/undo/", unmark_distinct_view, name="signups_lead_unmark_distinct"),
    path("signups/lead/<int:pk>/merge/", find_duplicate, name="signups_lead_find_duplicate"),
    path("signups/lead/<int:pk>/merge/<int:other>/", merge, name="signups_lead_merge"),
    path("signups/lead/<int:pk>/merge/<int:other>/distinct/", mark_distinct_view, name="signups_lead_mark_distinct"),
    path("signups/lead/merges/<uuid:public_id>/undo/", undo_merge_view, name="signups_lead_merge_undo"),
]
