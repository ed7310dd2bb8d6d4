"""Taking leads out as a table: who, when, why and how many are kept, in the trail and in every row."""

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
    "E-mail": "email",
    "Phone": "phone_e164",
    "Reach by": "preferred_channel",
    "Lives in": "state",
    "Status": "status",
    "Owner": "owner__username",
    "First came from": "first_touch_source",
    "Stopped our e-mail": "unsubscribed_at",
    "Signed up": "created_at",  # the last one, by which the pages are read
}
HEADER = [*COLUMNS, "Tags", "Exported by"]


@transaction.atomic
def start_export(
    leads: LeadQuerySet, *, reason: ExportReason, kind: str, by: User, now: dt.datetime, **filters: Any
) -> Iterator[Row]:
    """The rows of those of `leads` that are live, newest first; read as they are taken, in constant memory.

    The event is there before the first row is: an export that breaks off was one too. Raises Refused.
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
    """Page by page, each beginning after the last row of the one before."""
    leads = leads.order_by("-created_at", "-id")
    page = leads
    while rows := _page(page):
        for tags, *values, _ in rows:
            yield [value if type(value) is str else _cell_text(value) for value in values] + [tags, mark]
        *_, at, last = rows[-1]
        page = leads.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=last), created_at__lte=at)


def _page(leads: LeadQuerySet) -> list[tuple[Any, ...]]:
    """The tags of each in one cell, then the columns and the key; in two questions, however many have tags."""
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
