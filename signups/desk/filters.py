"""Filters of the lead list; an unknown value is a 400."""

import datetime as dt
import re
from typing import Any

from django.contrib import admin
from django.core.cache import caches
from django.core.exceptions import BadRequest
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from clinic.lib.time_zones import US_ZONES, city_name, midnight, zone_names
from signups.audit.staff_users import owner_choices, staff_user
from signups.imports.models import ImportJob
from signups.leads.choices import Channel, LeadStatus
from signups.leads.models import Lead
from signups.leads.tag_models import LeadTag, Tag
from signups.reports.choices import Metric
from signups.reports.models import DailyMetric
from signups.trials.models import Trial

from .due_leads import DUE_WITHIN, leads_due
from .saved_views import SAVED_VIEWS

UNASSIGNED = "none"
OFFERED_IMPORTS, OFFERED_SOURCES = 20, 50  # offered by the filters


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


class TrialFilter(StrictListFilter):
    """The state of the trial, as the list shows it: of the newest one."""

    title = "trial"
    parameter_name = "trial"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("none", "No trial"),
            ("unconfirmed", "Email not confirmed"),
            ("active", "Active"),
            ("ended", "Ended"),
            ("canceled", "Canceled"),
            ("converted", "Converted"),
        ]

    def apply(self, leads: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        now = timezone.now()
        if value == "active":  # (few of many: found by their index)
            return leads.filter(pk__in=Trial.objects.running(now).order_by().values("lead"))
        newest = Trial.objects.filter(lead=OuterRef("pk")).order_by()
        later = Trial.objects.filter(lead=OuterRef("lead"), requested_at__gt=OuterRef("requested_at")).order_by()
        states = {
            "unconfirmed": Q(started_at=None, cancelled_at=None),
            "ended": Q(cancelled_at=None, converted_at=None, ends_at_db__lte=now),
            "canceled": Q(cancelled_at__isnull=False),
            "converted": Q(converted_at__isnull=False, cancelled_at=None),
        }
        if value == "none":
            return leads.filter(~Exists(newest))
        return leads.filter(Exists(newest.filter(states[value]).filter(~Exists(later))))


class ZoneFilter(StrictListFilter):
    title = "time zone"
    parameter_name = "zone"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = str(self.used_parameters.get(self.parameter_name, ""))
        other = [(value, city_name(value))] if value in zone_names() and value not in US_ZONES else []
        return [*US_ZONES.items(), *other]

    def apply(self, leads: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads.filter(time_zone=value)


class SourceFilter(StrictListFilter):
    """Where leads first came from; the choices are the sources of the daily metrics."""

    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the sources, cached for 60 seconds."""

        def load() -> list[tuple[str, str]]:
            signed_up = DailyMetric.objects.filter(metric=Metric.SIGNED_UP).exclude(dimension="")
            names = signed_up.order_by("dimension").values_list("dimension", flat=True).distinct()[:OFFERED_SOURCES]
            return [(UNASSIGNED, "Unknown"), *((name, name) for name in names)]

        return caches["memory"].get_or_set("signups.sources", load, 60) or []

    def apply(self, leads: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads.filter(first_touch_source="" if value == UNASSIGNED else value)


class DueFilter(StrictListFilter):
    """Open leads with a follow-up, callback or call that is due."""

    title = "due"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*DUE_WITHIN.items()]

    def apply(self, leads: Any, value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads_due(leads, value, timezone.now())


class ContactFilter(StrictListFilter):
    title = "last contact"
    parameter_name = "contacted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("never", "No contact yet"), ("once", "Any")]

    def apply(self, leads: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads.filter(last_contact_at__isnull=value == "never")


class DateBound(StrictListFilter):
    """One end of a range of dates in the clinic's time zone, the day itself included: `2026-11-20`."""

    field: str
    is_end = False

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]  # rendered as a date field

    def is_valid_value(self, value: str) -> bool:
        try:
            midnight(dt.date.fromisoformat(value) + dt.timedelta(days=1))
        except (ValueError, OverflowError):
            return False
        return len(value) == len("2026-11-20")

    def apply(self, leads: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        day = dt.date.fromisoformat(value)
        if self.is_end:
            return leads.filter(**{f"{self.field}__lt": midnight(day + dt.timedelta(days=1))})
        return leads.filter(**{f"{self.field}__gte": midnight(day)})


class CreatedFrom(DateBound):
    title, parameter_name, field = "signed up from", "created_from", "created_at"


class CreatedTo(DateBound):
    title, parameter_name, field, is_end = "signed up to", "created_to", "created_at", True


class ContactedFrom(DateBound):
    title, parameter_name, field = "last contact from", "contacted_from", "last_contact_at"


class ContactedTo(DateBound):
    title, parameter_name, field, is_end = "last contact to", "contacted_to", "last_contact_at", True


FORM_FILTERS: list[type[StrictListFilter]] = [  # chosen in the form of the filters
    *(TrialFilter, DueFilter, ZoneFilter, SourceFilter, ContactFilter),
    *(CreatedFrom, CreatedTo, ContactedFrom, ContactedTo),
]
FILTERS: list[type[StrictListFilter]] = [
    *(ViewFilter, StatusFilter, OwnerFilter, ChannelFilter, TagFilter, ImportFilter, CreatedFilter),
    *FORM_FILTERS,
]
