"""Export leads as a table, with an audit event and a mark in every row."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from clinic.lib import time_zones
from clinic.lib.spreadsheets import Cell, PhoneCell, Row
from signups.audit.actions import record_event
from signups.audit.choices import AuditAction
from signups.consents.models import Consent
from signups.leads.locking import ActionError
from signups.leads.models import LeadQuerySet
from signups.leads.tag_models import LeadTag
from signups.offer import current_offer

from .choices import ExportReason

ROWS_PER_QUERY = 2000
EXPORTED_FIELDS = (
    *("name", "email", "phone", "phone_e164", "phone_extension", "preferred_channel", "state", "time_zone"),
    *("zone_is_guessed", "status", "close_reason", "owner__username", "first_touch_source", "unsubscribed_at"),
    *("do_not_call_at", "no_texts_at", "created_at", "id"),  # the last two are the key of the pagination
)
# Every field that the import knows, under a heading that it knows, and the consents, which nobody can import.
HEADER = (
    *("Name", "Email", "Phone", "Phone (E.164)", "Preferred contact", "State", "Time zone", "Time zone guessed"),
    *("Status", "Close reason", "Owner", "Source", "Email opt-out", "Do not call"),
    *("Text opt-out", "Signed up", "Tags", "Consents", "Exported by"),
)


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
    zone = ZoneInfo(current_offer().time_zone)
    return _rows(leads, mark=_mark(by, now), zone=zone)


def _mark(by: User, now: dt.datetime) -> str:
    """Return who exports, when, and in which zone the times of the table are."""
    zone = current_offer().time_zone
    return f"{by.get_username()}, {time_zones.format_moment(now, zone)}; all times: {time_zones.common_zone_name(zone)}"


def _rows(leads: LeadQuerySet, *, mark: str, zone: ZoneInfo) -> Iterator[Row]:
    """Yield rows by keyset pagination: each page starts after the last row."""
    leads = leads.order_by("-created_at", "-id")
    page = leads
    while rows := list(page.values_list(*EXPORTED_FIELDS)[:ROWS_PER_QUERY]):
        keys = [row[-1] for row in rows]
        tags = _joined(LeadTag.objects.named().filter(lead__in=keys).values_list("lead", "tag__name"))
        purposes = Consent.objects.in_force().filter(lead__in=keys).order_by("text__purpose")
        consents = _joined(purposes.values_list("lead", "text__purpose"))
        for row in rows:
            yield [*_cells(row, zone), tags.get(row[-1], ""), consents.get(row[-1], ""), mark]
        *_, at, last = rows[-1]
        page = leads.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=last), created_at__lte=at)


def _cells(row: tuple[Any, ...], zone: ZoneInfo) -> list[Cell]:
    """Return the cells of one lead, with times as they are on the clinic's clock."""
    name, email, phone, e164, extension, channel, state, time_zone, guessed, status, *rest, created_at, _ = row
    close_reason, owner, source, *moments = rest
    times = [moment and moment.astimezone(zone).replace(tzinfo=None) for moment in (*moments, created_at)]
    numbers = (PhoneCell(phone, e164, extension), PhoneCell("", e164, extension))
    facts = (channel, state, time_zone, "yes" if guessed else "", status, close_reason, owner or "", source)
    return [name, email, *numbers, *facts, *times]


def _joined(pairs: Iterable[tuple[int, str]]) -> dict[int, str]:
    """Return lead → its values, separated by semicolons."""
    found = defaultdict(list)
    for lead, value in pairs:
        found[lead].append(value)
    return {lead: "; ".join(values) for lead, values in found.items()}
