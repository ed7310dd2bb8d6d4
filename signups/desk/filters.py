"""Filters of the lead list; an unknown value is a 400."""

import datetime as dt
import re
from typing import Any

from django.contrib import admin
from django.core.cache import caches
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from clinic.lib.time_zones import midnight
from signups.audit.staff_users import owner_choices, staff_user
from signups.imports.models import ImportJob
from signups.leads.choices import Channel, LeadStatus
from signups.leads.models import Lead
from signups.leads.tag_models import LeadTag, Tag

from .saved_views import SAVED_VIEWS

UNASSIGNED = "none"
OFFERED_IMPORTS = 20  # offered by the filter


class StrictListFilter(admin.SimpleListFilter):
    """A filter that rejects every value but its own choices.

    Raises BadRequest.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        value = self.value()
        if value is not None and not self.is_valid_value(value):
            raise BadRequest("That filter value no longer exists.")

    def is_valid_value(self, value: str) -> bool:
        return value in {str(key) for key, _ in self.lookup_choices}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return self.apply(queryset, value, request) if value else queryset

    def apply(self, leads: Any, value: str, request: HttpRequest) -> QuerySet[Any]:
        raise NotImplementedError


class ViewFilter(StrictListFilter):
    title = "saved view"
    parameter_name = "view"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, view.label) for name, view in SAVED_VIEWS.items()]

    def apply(self, leads: Any, value: str, request: HttpRequest) -> QuerySet[Any]:
        return SAVED_VIEWS[value].apply(leads, staff_user(request), timezone.now())


class StatusFilter(StrictListFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return LeadStatus.choices

    def apply(self, leads: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads.filter(status=value)


class ChannelFilter(StrictListFilter):
    title = "preferred contact"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return Channel.choices

    def apply(self, leads: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads.filter(preferred_channel=value)


class OwnerFilter(StrictListFilter):
    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return [(UNASSIGNED, "Unassigned"), *owner_choices()]

    def apply(self, leads: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads.filter(owner=None if value == UNASSIGNED else value)


class TagFilter(StrictListFilter):
    title = "tag"
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        """Return the tags, cached for 60 seconds."""
        tags = caches["memory"].get_or_set("signups.tags", lambda: list(Tag.objects.values_list("pk", "name")), 60)
        return tags or []

    def apply(self, leads: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads.filter(pk__in=LeadTag.objects.filter(tag=int(value)).order_by().values("lead"))


class CreatedFilter(StrictListFilter):
    """A year, month or day in the clinic's time zone.

    Values: `2026`, `2026-11` or `2026-11-20`.
    """

    title = "signed up"
    parameter_name = "created"
    DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]  # rendered as links above the list, see `children`

    def is_valid_value(self, value: str) -> bool:
        try:
            self.bounds(value)
        except (ValueError, OverflowError):
            return False
        return True

    def bounds(self, value: str) -> tuple[dt.datetime, dt.datetime]:
        """Return the [start, end) instants of a date value.

        Raises ValueError or OverflowError for an invalid date.
        """
        found = self.DATE.fullmatch(value)
        if not found:
            raise ValueError(value)
        year, month, day = (int(part) if part else 0 for part in found.groups())
        first = dt.date(year, month or 1, day or 1)
        if day:
            after = first + dt.timedelta(days=1)
        else:
            after = dt.date(year + 1, 1, 1) if month in (0, 12) else dt.date(year, month + 1, 1)
        return midnight(first), midnight(after)

    def apply(self, leads: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        start, end = self.bounds(value)
        return leads.filter(created_at__gte=start, created_at__lt=end)

    def children(self) -> list[tuple[str, str]]:
        """Return (value, label) of the next level of dates, without a query."""
        value = self.value() or ""
        match value.split("-"):
            case [""]:
                first = caches["memory"].get_or_set("signups.first_year", self._first_year, 3600)
                return [(str(year), str(year)) for year in range(first or 0, timezone.localdate().year + 1)]
            case [year]:
                return [(f"{year}-{month:02}", f"{dt.date(2000, month, 1):%B}") for month in range(1, 13)]
            case [_, _]:
                start, end = self.bounds(value)
                days = (timezone.localdate(end) - timezone.localdate(start)).days
                return [(f"{value}-{day:02}", str(day)) for day in range(1, days + 1)]
        return []

    def breadcrumbs(self) -> list[tuple[str, str]]:
        """Return (value, label) of the year, month and day of the value."""
        parts = (self.value() or "").split("-")
        steps = ["-".join(parts[: size + 1]) for size in range(len(parts))] if self.value() else []
        return [(step, step) for step in steps]

    def _first_year(self) -> int:
        first = Lead.objects.order_by("created_at").values_list("created_at", flat=True).first()
        return timezone.localdate(first).year if first else timezone.localdate().year


class ImportFilter(StrictListFilter):
    """The leads that one import created. The list of choices holds the newest imports."""

    title = "import"
    parameter_name = "import"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        """Return the imports, cached for 60 seconds."""

        def load() -> list[tuple[int, str]]:
            jobs = ImportJob.objects.filter(started_at__isnull=False).only("pk", "started_at", "size")[:OFFERED_IMPORTS]
            return [(job.pk, f"{timezone.localtime(job.started_at):%b %-d, %Y} ({job.size:,} rows)") for job in jobs]

        return caches["memory"].get_or_set("signups.imports", load, 60) or []

    def is_valid_value(self, value: str) -> bool:
        return value.isascii() and value.isdigit() and len(value) < 10

    def apply(self, leads: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads.filter(import_job=int(value))


FILTERS: list[type[StrictListFilter]] = [
    *(ViewFilter, StatusFilter, OwnerFilter, ChannelFilter, TagFilter, ImportFilter, CreatedFilter)
]
