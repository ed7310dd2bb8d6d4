"""Leads that may be one person: found, shown side by side, made one or told apart, and either taken back."""

import re
from collections.abc import Callable

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from signups import duplicates
from signups.actions import merges
from signups.actions.leads import Refused
from signups.forms.merges import MergeForm
from signups.models import Lead, Merge, TwoPeople
from signups.models.merges import UNDO

from . import reading
from .staff import who

RECENT = 50
APART = 50  # on a page
KEY = re.compile(r"\d{1,18}", re.ASCII)


class Duplicates(admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("duplicates/", wrap(self.duplicates), name="signups_lead_duplicates"),
            path("duplicates/apart/", wrap(self.told_apart), name="signups_lead_duplicates_apart"),
            path("duplicates/apart/<int:pk>/again/", wrap(self.ask_again), name="signups_lead_duplicates_again"),
            path("<int:pk>/merge/<int:other>/", wrap(self.merge), name="signups_lead_merge"),
            path("<int:pk>/merge/<int:other>/apart/", wrap(self.tell_apart), name="signups_lead_merge_apart"),
            path("merges/<uuid:public_id>/undo/", wrap(self.undo_merge), name="signups_lead_merge_undo"),
        ]
        return [*own, *super().get_urls()]

    def duplicates(self, request: HttpRequest) -> HttpResponse:
        _head_only(request)
        now = timezone.now()
        kind, after = request.GET.get("same", "number"), request.GET.get("after", "0")
        if kind not in duplicates.KINDS or not KEY.fullmatch(after):
            raise BadRequest("There is no such page.")
        pairs, following = duplicates.pairs(kind, int(after))
        reading.listed(request, "duplicates", 2 * len(pairs))
        made = Merge.objects.filter(undone_at=None, at__gte=now - UNDO).select_related("lead", "by")
        context = {
            **self.admin_site.each_context(request),
            "title": "Possible duplicates",
            "opts": self.opts,
            "pairs": pairs,
            "following": following,
            "first": not request.GET,
            "merges": [(merge, merge.may_be_undone(now)) for merge in made[:RECENT]],
            "days": UNDO.days,
        }
        return TemplateResponse(request, "admin/signups/lead/duplicates.html", context)

    def merge(self, request: HttpRequest, pk: int, other: int) -> HttpResponse:
        """GET shows both side by side; POST makes one of them, or says on the page why not: 422 or 409."""
        _head_only(request)
        if pk == other:
            raise Http404
        kept, gone = (get_object_or_404(Lead.objects.live().select_related("owner"), pk=key) for key in (pk, other))
        form = MergeForm(request.POST if request.method == "POST" else None, lead=kept, other=gone)
        status, refused = (422 if form.is_bound else 200), ""
        if form.is_valid():
            try:
                merges.merge(lead=kept, other=gone, from_other=form.from_other(), by=who(request), now=timezone.now())
            except Refused as why:
                status, refused = 409, str(why)
            else:
                messages.success(request, f"They are one now. You can undo it here for {UNDO.days} days.")
                return HttpResponseRedirect(reverse("admin:signups_lead_duplicates"), status=303)
        reading.read(request, kept, gone)
        context = {
            **self.admin_site.each_context(request),
            "title": "Are these one person?",
            "opts": self.opts,
            "kept": kept,
            "gone": gone,
            "both": (kept, gone),
            "two_trials": all(lead.trials.open().exists() for lead in (kept, gone)),
            "form": form,
            "refused": refused,
        }
        return TemplateResponse(request, "admin/signups/lead/merge.html", context, status=status)

    def tell_apart(self, request: HttpRequest, pk: int, other: int) -> HttpResponse:
        _head_only(request)
        lead, one = (get_object_or_404(Lead.objects.live(), pk=key) for key in (pk, other))

        def do() -> None:
            merges.tell_apart(lead=lead, other=one, by=who(request), now=timezone.now())

        return _done(request, do, "They are two people: we no longer ask.", "duplicates")

    def told_apart(self, request: HttpRequest) -> HttpResponse:
        """The pairs that are no longer asked about, newest first: `?before=17`."""
        _head_only(request)
        before = request.GET.get("before", "")
        if before and not KEY.fullmatch(before):
            raise BadRequest("There is no such page.")
        found = TwoPeople.objects.select_related("older", "newer", "by")
        rows = list((found.filter(pk__lt=before) if before else found)[: APART + 1])
        reading.listed(request, "told_apart", 2 * len(rows[:APART]))
        context = {
            **self.admin_site.each_context(request),
            "title": "Two people each",
            "opts": self.opts,
            "pairs": rows[:APART],
            "before": rows[APART - 1].pk if len(rows) > APART else None,
        }
        return TemplateResponse(request, "admin/signups/lead/told_apart.html", context)

    def ask_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        _head_only(request)
        pair = get_object_or_404(TwoPeople, pk=pk)

        def do() -> None:
            merges.ask_again(pair=pair, by=who(request), now=timezone.now())

        return _done(request, do, "They are asked about again.", "duplicates_apart")

    def undo_merge(self, request: HttpRequest, public_id: str) -> HttpResponse:
        _head_only(request)
        merge = get_object_or_404(Merge, public_id=public_id)

        def do() -> None:
            merges.undo(merge=merge, by=who(request), now=timezone.now())

        return _done(request, do, "They are two again.", "duplicates")


def _done(request: HttpRequest, do: Callable[[], None], told: str, page: str) -> HttpResponse:
    """Answers a POST of one button: done, or why not, told on `page`."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        do()
    except Refused as why:
        messages.error(request, str(why))
    else:
        messages.success(request, told)
    return HttpResponseRedirect(reverse(f"admin:signups_lead_{page}"), status=303)


def _head_only(request: HttpRequest) -> None:
    if not request.user.has_perm("signups.merge_lead"):
        raise PermissionDenied
