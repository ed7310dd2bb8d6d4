"""What the list of leads can be narrowed by. Each knows all of its answers; any other is a 400."""

import datetime as dt
import re
from typing import Any

from django.contrib import admin
from django.core.cache import caches
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from signups.models import Lead, Tag, Tagging
from signups.states import Channel, LeadStatus
from signups.worklists import WORKLISTS, midnight

from .staff import owners, who

NOBODY = "none"


class Choice(admin.SimpleListFilter):
    """One of its own choices; what else is written into the address is no question we answer."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        value = self.value()
        if value is not None and not self.knows(value):
            raise BadRequest("A filter has a value that does not exist.")

    def knows(self, value: str) -> bool:
        return value in {str(key) for key, _ in self.lookup_choices}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return self.narrow(queryset, value, request) if value else queryset

    def narrow(self, leads: Any, value: str, request: HttpRequest) -> QuerySet[Any]:
        raise NotImplementedError


class ViewFilter(Choice):
    title = "saved view"
    parameter_name = "view"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, worklist.label) for name, worklist in WORKLISTS.items()]

    def narrow(self, leads: Any, value: str, request: HttpRequest) -> QuerySet[Any]:
        return WORKLISTS[value].narrow(leads, who(request), timezone.now())


class StatusFilter(Choice):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return LeadStatus.choices

    def narrow(self, leads: Any, value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads.filter(status=value)


class ChannelFilter(Choice):
    title = "reach by"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return Channel.choices

    def narrow(self, leads: Any, value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads.filter(preferred_channel=value)


class OwnerFilter(Choice):
    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return [(NOBODY, "nobody"), *owners()]

    def narrow(self, leads: Any, value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads.filter(owner=None if value == NOBODY else value)


class TagFilter(Choice):
    title = "tag"
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        """Asked of the database once a minute."""
        tags = caches["memory"].get_or_set("signups.tags", lambda: list(Tag.objects.values_list("pk", "name")), 60)
        return tags or []

    def narrow(self, leads: Any, value: str, request: HttpRequest) -> QuerySet[Any]:
        return leads.filter(pk__in=Tagging.objects.filter(tag=int(value)).order_by().values("lead"))


class CreatedFilter(Choice):
    """A year, month or day of the clinic's calendar: `2026`, `2026-11` or `2026-11-20`."""

    title = "signed up"
    parameter_name = "created"
    DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]  # drawn as a row of links above the list, see `drill_down`

    def knows(self, value: str) -> bool:
        try:
            self.bounds(value)
        except (ValueError, OverflowError):
            return False
        return True

    def bounds(self, value: str) -> tuple[dt.datetime, dt.datetime]:
        """From the first instant to the one after the last. Raises ValueError or OverflowError for no such date."""
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

    def narrow(self, leads: Any, value: str, request: HttpRequest) -> QuerySet[Any]:
        start, end = self.bounds(value)
        return leads.filter(created_at__gte=start, created_at__lt=end)

    def drill_down(self) -> list[tuple[str, str]]:
        """What leads one step further in, as value and label; the calendar's own, so that nothing is counted."""
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

    def above(self) -> list[tuple[str, str]]:
        """The way back out, from the year inwards."""
        parts = (self.value() or "").split("-")
        steps = ["-".join(parts[: size + 1]) for size in range(len(parts))] if self.value() else []
        return [(step, step) for step in steps]

    def _first_year(self) -> int:
        first = Lead.objects.order_by("created_at").values_list("created_at", flat=True).first()
        return timezone.localdate(first).year if first else timezone.localdate().year


FILTERS: list[type[Choice]] = [ViewFilter, StatusFilter, OwnerFilter, ChannelFilter, TagFilter, CreatedFilter]
