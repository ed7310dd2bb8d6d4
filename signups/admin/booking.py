"""A call booked for somebody who asks for one on the phone: at a time that is offered to everybody."""

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from signups.actions import calls, leads
from signups.forms.desk_calls import BookForm
from signups.models import Lead
from signups.scheduling import slots

from . import reading
from .calls import OFFERED, REFUSED
from .lead_page import LeadPage
from .staff import who


class Booking(LeadPage):
    def get_urls(self) -> list[URLPattern]:
        return [
            path("<int:pk>/book/", self.admin_site.admin_view(self.book), name="signups_lead_book"),
            *super().get_urls(),
        ]

    def book(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The free times of the next days, and the choice of one."""
        lead, now = self._found(request, pk), timezone.now()
        if not (leads.may_work(who(request), lead) and request.user.has_perm("signups.change_onboardingcall")):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return self._do(request, pk, BookForm(request.POST), _book, "The call is booked, and they are told.")
        reading.read(request, lead)
        free = calls.offered(now=now, begin=now, end=now + OFFERED)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Book a call with {lead}",
            "lead": lead,
            "free": slots.by_day([slot.start for slot in free], timezone.get_current_timezone()),
        }
        return TemplateResponse(request, "admin/signups/lead/book.html", context)


def _book(lead: Lead, *, start: dt.datetime, **told: Any) -> None:
    try:
        calls.book(lead=lead, start=start, **told)
    except slots.Refused as refused:
        raise leads.Refused(REFUSED[refused.code]) from None
