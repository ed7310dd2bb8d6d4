"""Access log: record in the audit log which staff user viewed which leads."""

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
    """Record one READ event for each of `leads` shown on a page."""
    for lead in leads:
        record_event(lead, AuditAction.READ, by=staff_user(request), now=timezone.now())


def log_list_view(request: HttpRequest, subject: str, shown: int, **detail: Any) -> None:
    """Record that the list `subject` displayed `shown` leads.

    The count reveals a user who pages through all leads. `detail` must not hold search terms, which may be names.
    """
    if shown:
        actor = staff_user(request)
        record_event(None, AuditAction.LISTED, by=actor, now=timezone.now(), target=subject, shown=shown, **detail)


def filters_for_log(request: HttpRequest) -> dict[str, Any]:
    """Return the list filters of the query string for the audit log.

    Search terms may be names, so they are replaced by `searched: True`.
    """
    filters = {key: value for key, value in request.GET.items() if key not in (SEARCH_VAR, PAGE_VAR)}
    return {**filters, "searched": True} if request.GET.get(SEARCH_VAR) else filters
