"""Many leads at once: chosen on the list, looked over on a page, done row by row with the rules of a single one."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from signups.actions import bulk, leads
from signups.forms.desk import TagForm
from signups.forms.many import ManyMoveForm, ManyOwnerForm, ManyTagForm
from signups.models import Lead

from . import reading
from .lead_list import LeadList
from .staff import owners, who

CHOSEN = re.compile(r"\d{1,18}:[a-z]{1,10}(,\d{1,18}:[a-z]{1,10})*", re.ASCII)
Deed = Callable[[Lead, User, dt.datetime, dict[str, Any]], None]


class Bulk(admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        own = [
            path("bulk/assign/", self.admin_site.admin_view(self.bulk_assign), name="signups_lead_bulk_assign"),
            path("bulk/move/", self.admin_site.admin_view(self.bulk_move), name="signups_lead_bulk_move"),
            path("bulk/tag/", self.admin_site.admin_view(self.bulk_tag), name="signups_lead_bulk_tag"),
            path("bulk/untag/", self.admin_site.admin_view(self.bulk_untag), name="signups_lead_bulk_untag"),
        ]
        return [*own, *super().get_urls()]

    def asked(self, request: HttpRequest) -> LeadList:
        """The list that the address asks for. Raises BadRequest."""
        raise NotImplementedError

    def bulk_assign(self, request: HttpRequest) -> HttpResponse:
        def deed(lead: Lead, by: User, now: dt.datetime, told: dict[str, Any]) -> None:
            leads.assign(lead=lead, to=told["owner"], by=by, now=now)

        return self._many(request, "Give to somebody", lambda data: ManyOwnerForm(data, owners=owners()), deed)

    def bulk_move(self, request: HttpRequest) -> HttpResponse:
        def deed(lead: Lead, by: User, now: dt.datetime, told: dict[str, Any]) -> None:
            leads.transition(lead=lead, to=told["to"], reason=told["reason"], by=by, now=now)

        return self._many(request, "Move on or close", ManyMoveForm, deed)

    def bulk_tag(self, request: HttpRequest) -> HttpResponse:
        def deed(lead: Lead, by: User, now: dt.datetime, told: dict[str, Any]) -> None:
            leads.add_tag(lead=lead, tag=told["tag"], by=by, now=now)

        return self._many(request, "Add a tag", ManyTagForm, deed)

    def bulk_untag(self, request: HttpRequest) -> HttpResponse:
        def deed(lead: Lead, by: User, now: dt.datetime, told: dict[str, Any]) -> None:
            leads.remove_tag(lead=lead, tag=told["tag"], by=by, now=now)

        return self._many(request, "Take a tag off", TagForm, deed)

    def _many(self, request: HttpRequest, title: str, form: Callable[[Any], forms.Form], deed: Deed) -> HttpResponse:
        """First the page to look it over, then, from there, the deed and what became of it."""
        if not request.user.has_perm("signups.change_lead"):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if "chosen" not in request.POST:
            return self._look_over(request, title, form(None))
        filled, chosen = form(request.POST), _as_seen(request.POST["chosen"])
        if not filled.is_valid():
            return self._bulk_page(request, title, chosen, form=filled, status=422)
        user, now = who(request), timezone.now()
        outcome = bulk.each(chosen, lambda lead: deed(lead, user, now, filled.cleaned_data))
        return self._bulk_page(request, title, chosen, outcome=outcome)

    def _look_over(self, request: HttpRequest, title: str, form: forms.Form) -> HttpResponse:
        found = self.asked(request).queryset
        if "all" not in request.POST:
            picked = [pk for pk in request.POST.getlist("pk") if re.fullmatch(r"[0-9]{1,18}", pk)]
            found = Lead.objects.filter(pk__in=picked).order_by("-created_at", "-id")
        chosen = list(found[: bulk.MOST + 1])
        if 0 < len(chosen) <= bulk.MOST:
            return self._bulk_page(request, title, chosen, form=form)
        wrong = f"That is more than {bulk.MOST} leads: narrow the list first." if chosen else "Select some leads first."
        messages.error(request, wrong)
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return HttpResponseRedirect(reverse("admin:signups_lead_changelist") + query, status=303)

    def _bulk_page(
        self, request: HttpRequest, title: str, chosen: list[Lead], *, status: int = 200, **more: Any
    ) -> HttpResponse:
        reading.listed(request, "leads", len(chosen))
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "leads": chosen,
            "chosen": ",".join(f"{lead.pk}:{lead.status}" for lead in chosen),
            **more,
        }
        return TemplateResponse(request, "admin/signups/lead/bulk.html", context, status=status)


def _as_seen(text: str) -> list[Lead]:
    """The leads of `12:new,13:contacted`, each with the status that the page showed. Raises BadRequest."""
    if not CHOSEN.fullmatch(text) or text.count(",") >= bulk.MOST:
        raise BadRequest("These are no leads of ours.")
    seen = {int(pk): status for pk, _, status in (part.partition(":") for part in text.split(","))}
    chosen = list(Lead.objects.filter(pk__in=seen).order_by("-created_at", "-id"))
    for lead in chosen:
        lead.status = seen[lead.pk]
    return chosen
