"""Access log: every page that shows a lead is recorded in the audit trail, a page of one person with that person."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.http import HttpRequest
from django.utils import timezone

from .actions import record_event
from .choices import AuditAction
from .staff_users import staff_user

if TYPE_CHECKING:
    from signups.leads.models import Lead


def log_lead_view(request: HttpRequest, *leads: "Lead") -> None:
    """Record that a page about each of `leads` is shown."""
    for lead in leads:
        record_event(lead, AuditAction.READ, by=staff_user(request), now=timezone.now())


def log_list_view(request: HttpRequest, subject: str, shown: int, **detail: Any) -> None:
    """Record that the list `subject` shows `shown` people: their number gives away who pages through them all.

    `detail` must not hold search terms, which may be names.
    """
    if shown:
        actor = staff_user(request)
        record_event(None, AuditAction.LISTED, by=actor, now=timezone.now(), target=subject, shown=shown, **detail)


def filters_for_log(request: HttpRequest) -> dict[str, Any]:
    """Return the filters of a list's address for the audit trail, without the search terms, which may be a name."""
    filters = {key: value for key, value in request.GET.items() if key not in (SEARCH_VAR, PAGE_VAR)}
    return {**filters, "searched": True} if request.GET.get(SEARCH_VAR) else filters
