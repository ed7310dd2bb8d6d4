"""Export leads as a table, with an audit event and a mark in every row."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from clinic.lib.spreadsheets import Row
from signups.audit.actions import record_event
from signups.audit.choices import AuditAction
from signups.leads.locking import ActionError
from signups.leads.models import LeadQuerySet
from signups.leads.tag_models import LeadTag

from .choices import ExportReason

ROWS_PER_QUERY = 2000
COLUMNS = {
    "Name": "name",
    "Email": "email",
    "Phone": "phone_e164",
    "Preferred contact": "preferred_channel",
    "State": "state",
    "Status": "status",
    "Owner": "owner__username",
    "Source": "first_touch_source",
    "Email opt-out": "unsubscribed_at",
    "Signed up": "created_at",  # must be last: the key of the pagination
}
HEADER = [*COLUMNS, "Tags", "Exported by"]


@transaction.atomic
def start_export(
    leads: LeadQuerySet, *, reason: ExportReason, kind: str, by: User, now: dt.datetime, **filters: Any
) -> Iterator[Row]:
    """Record the export and return the rows of the live `leads`, newest first.

    Rows are read lazily, in constant memory. The audit event precedes the first row, so that an interrupted export is
    recorded too. Raises ActionError.
    """
    if not by.has_perm("signups.export_lead"):
        raise ActionError("Only the Head of Customer Care exports leads.")
    leads = leads.live().filter(created_at__lte=now)
    record_event(
        None,
        AuditAction.EXPORTED,
        by=by,
        now=now,
        target="leads",
        reason=reason.value,
        kind=kind,
        count=leads.count(),
        filters=filters,
    )
    return _rows(leads, mark=f"{by.get_username()}, {now:%Y-%m-%d %H:%M} UTC")


def _rows(leads: LeadQuerySet, *, mark: str) -> Iterator[Row]:
    """Yield rows by keyset pagination: each page starts after the last row."""
    leads = leads.order_by("-created_at", "-id")
    page = leads
    while rows := _page(page):
        for tags, *values, _ in rows:
            yield [value if type(value) is str else _cell_text(value) for value in values] + [tags, mark]
        *_, at, last = rows[-1]
        page = leads.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=last), created_at__lte=at)


def _page(leads: LeadQuerySet) -> list[tuple[Any, ...]]:
    """Return one page as (tags, columns, key) in two queries, however many tags."""
    rows = leads.values_list(*COLUMNS.values(), "id")[:ROWS_PER_QUERY]
    named = LeadTag.objects.named().filter(lead__in=[row[-1] for row in rows])
    tags = defaultdict(list)
    for lead, name in named.values_list("lead", "tag__name"):
        tags[lead].append(name)
    return [("; ".join(tags.get(row[-1], ())), *row) for row in rows]


def _cell_text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return f"{value.isoformat(' ', 'minutes')[:16]} UTC"
    return "" if value is None else str(value)
