"""The record of what was done, by whomever and about whatever: read, narrowed, and never changed."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from signups import masking
from signups.forms.record import RecordForm
from signups.models import Event

from . import reading, timeline
from .read_only import ReadOnly
from .staff import who

SIZE = 100


@admin.register(Event)
class RecordAdmin(ReadOnly, admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        """Ours only: Django's own page of an event would show more than its reader may see."""
        page = self.admin_site.admin_view(require_safe(self.changelist_view))
        return [path("", page, name="signups_event_changelist")]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """A page of it, newest first. No page counts: there are millions."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = RecordForm(request.GET)
        if not form.is_valid():
            raise BadRequest("The record has no such page.")
        verb, by, before = (form.cleaned_data[name] for name in ("verb", "by", "before"))
        asked = {"verb": verb, "actor": by, "id__lt": before}
        events = Event.objects.filter(**{name: value for name, value in asked.items() if value})
        found = list(events.order_by("-id").select_related("lead", "actor")[: SIZE + 1])
        shown = found[:SIZE]
        narrowed = {"verb": verb, "by": by and by.pk}
        reading.listed(
            request, "record", len(shown), filters={name: value for name, value in narrowed.items() if value}
        )
        older = request.GET.copy()
        older["before"] = str(shown[-1].pk if shown else 0)
        context = {
            **self.admin_site.each_context(request),
            "title": "The record",
            "opts": self.opts,
            "form": form,
            "rows": list(_rows(shown, who(request))),
            "older": older.urlencode() if len(found) > SIZE else "",
            "narrowed": bool(request.GET),
        }
        return TemplateResponse(request, "admin/signups/event/record.html", context)


def _rows(events: list[Event], user: User) -> Iterator[dict[str, Any]]:
    """As `user` may see them: without contact details, or the way to the lead, where they may not."""
    sees_leads = user.has_perm("signups.view_lead")
    for event, by, text in timeline.told(events):
        detail = ", ".join(f"{name}: {value}" for name, value in event.detail.items())
        about = str(event.lead) if event.lead and sees_leads else event.subject
        yield {
            "at": event.at,
            "by": by,
            "text": text,
            "lead": event.lead_id if sees_leads else None,
            "about": masking.contacts(about, user),
            "detail": masking.contacts(detail, user),
        }
