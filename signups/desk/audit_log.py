"""The audit log page: all events, filtered, read-only."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.lib import redaction, time_zones
from clinic.lib.read_only_admin import ReadOnly
from signups.audit import access_log
from signups.audit.models import AuditEvent
from signups.audit.staff_users import staff_user
from signups.web.staff_views import render_page, staff_view

from .audit_log_forms import AuditFilterForm
from .event_descriptions import describe_all

PAGE_SIZE = 100
FOR_UNDO = {"before", "previous", "kept_unassigned", "bulk"}  # what an undo needs, and no reader


@admin.register(AuditEvent)
class AuditLogAdmin(ReadOnly, admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        """Return no default admin URLs.

        They would show more of an event than the user may see.
        """
        return []


@staff_view("signups.view_auditevent")
@require_safe
def audit_log(request: HttpRequest) -> HttpResponse:
    """Show a page of events, newest first, without a total count (millions of rows)."""
    form = AuditFilterForm(request.GET)
    if not form.is_valid():
        raise BadRequest("That page doesn’t exist.")
    action, by, before = (form.cleaned_data[name] for name in ("action", "by", "before"))
    lookups = {"action": action, "actor": by, "id__lt": before}
    events = AuditEvent.objects.filter(**{name: value for name, value in lookups.items() if value})
    found = list(events.order_by("-id").select_related("lead", "actor")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    filters = {"action": action, "by": by and by.pk}
    access_log.log_list_view(
        request, "record", len(shown), filters={name: value for name, value in filters.items() if value}
    )
    older = request.GET.copy()
    older["before"] = str(shown[-1].pk if shown else 0)
    return render_page(
        request,
        "admin/signups/auditevent/audit_log.html",
        "Audit log",
        form=form,
        rows=list(_rows(shown, staff_user(request))),
        older=older.urlencode() if len(found) > PAGE_SIZE else "",
        narrowed=bool(request.GET),
    )


def _rows(events: list[AuditEvent], user: User) -> Iterator[dict[str, Any]]:
    """Yield the events as `user` may see them.

    Contact details and the link to the lead require a permission each.
    """
    sees_leads = user.has_perm("signups.view_lead")
    for event, by, text in describe_all(events):
        detail = ", ".join(
            f"{name}: {_for_reader(value)}" for name, value in event.detail.items() if name not in FOR_UNDO
        )
        about = str(event.lead) if event.lead and sees_leads else event.target
        yield {
            "at": event.occurred_at,
            "by": by,
            "text": text,
            "lead": event.lead_id if sees_leads else None,
            "about": redaction.mask_contact_details(about, user),
            "detail": redaction.mask_contact_details(detail, user),
        }


def _for_reader(value: Any) -> Any:
    """Return `value`, a moment as it is on the clinic's clock with the name of its zone."""
    try:
        moment = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value
    zone = timezone.get_current_timezone_name()
    return time_zones.format_short(moment, zone) if moment.tzinfo else value


routes = [path("signups/auditevent/", audit_log, name="signups_auditevent_changelist")]
