"""The lead list, fast at a million rows: no full count, keyset pagination."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import BadRequest
from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.utils import timezone

from clinic.lib.row_count import RowCount, count_rows
from signups.consents.contact_policy import facts_of
from signups.followups.models import FollowUp
from signups.leads.models import Lead
from signups.leads.tag_models import LeadTag
from signups.trials.models import Trial

from .filters import FILTERS, CreatedFilter, ViewFilter
from .lead_rows import row
from .saved_views import calls_today

ALLOWED_PARAMETERS = {SEARCH_VAR, PAGE_VAR, *(each.parameter_name for each in FILTERS)}

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class KeysetCursor:
    """A position in the list: just after or before a lead, by time and id.

    Without a lead it is the start (`after`) or the end of the list.
    """

    after: bool = True
    at: dt.datetime | None = None
    pk: int = 0

    PATTERN = re.compile(r"(after|before)-(\d{1,17})-(\d{1,18})", re.ASCII)

    @classmethod
    def read(cls, text: str) -> "KeysetCursor":
        """Parse the page parameter. Raises BadRequest for an invalid value."""
        if text in ("", "last"):
            return cls(after=text == "")
        if not (found := cls.PATTERN.fullmatch(text)):
            raise BadRequest("That page doesn’t exist.")
        return cls(found[1] == "after", EPOCH + int(found[2]) * MICROSECOND, int(found[3]))

    @staticmethod
    def write(side: str, lead: Lead) -> str:
        return f"{side}-{(lead.created_at - EPOCH) // MICROSECOND}-{lead.pk}"

    def page(self, leads: QuerySet[Lead], size: int) -> tuple[list[Lead], bool]:
        """Return up to `size` leads, newest first, and whether more follow."""
        if not self.after:
            leads = leads.order_by("created_at", "id")
        if self.at and self.after:
            # (The second condition is implied by the first: it lets PostgreSQL begin in the middle of the index.)
            leads = leads.filter(
                Q(created_at__lt=self.at) | Q(created_at=self.at, id__lt=self.pk), created_at__lte=self.at
            )
        elif self.at:
            leads = leads.filter(
                Q(created_at__gt=self.at) | Q(created_at=self.at, id__gt=self.pk), created_at__gte=self.at
            )
        rows = list(leads[: size + 1])
        more = len(rows) > size
        rows = rows[:size]
        return (rows if self.after else rows[::-1]), more


def with_list_columns(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Load the columns of a row without a query per row.

    Owner, tags, newest trial. What the next step depends on comes from `contact_policy.facts_of`.
    """
    return leads.select_related("owner").prefetch_related(
        Prefetch("trials", Trial.objects.order_by("-requested_at")),
        Prefetch("taggings", LeadTag.objects.named()),
        Prefetch("follow_ups", FollowUp.objects.filter(done_at=None)),
    )


def _by_call(leads: QuerySet[Lead], now: dt.datetime) -> list[Lead]:
    """Return the leads in the order of their calls today, each with the time of the first as `call_at`."""
    first = calls_today(now).filter(lead=OuterRef("pk")).values("starts_at")[:1]
    return list(leads.annotate(call_at=Subquery(first)).order_by("call_at", "id"))


class LeadList(ChangeList):
    """Django's changelist without the full count and without numbered pages."""

    def get_results(self, request: HttpRequest) -> None:
        size, page = self.list_per_page, request.GET.get(PAGE_VAR, "")
        cursor = KeysetCursor.read(page)
        now = timezone.now()
        self.shows_calls = request.GET.get("view") == "calls"
        if self.shows_calls:  # (a day's calls are one page, by their time)
            leads, more = _by_call(with_list_columns(self.queryset), now), False
        else:
            leads, more = cursor.page(with_list_columns(self.queryset), size)
        self.result_list = leads
        complete = not more and not cursor.at and cursor.after
        self.size = RowCount(len(leads)) if complete else count_rows(self.queryset)
        self.result_count, self.full_result_count = self.size.number, None
        self.show_full_result_count, self.can_show_all, self.show_admin_actions = False, False, True
        self.multi_page = not complete
        later = more if cursor.after else bool(cursor.at)
        sooner = bool(cursor.at) if cursor.after else more
        self.pages: list[tuple[str, str]] = []
        if sooner or (cursor.at and not leads):
            self.pages.append(("First", self.get_query_string({PAGE_VAR: None})))
        if leads and sooner:
            self.pages.append(("Previous", self.get_query_string({PAGE_VAR: KeysetCursor.write("before", leads[0])})))
        if leads and later:
            self.pages.append(("Next", self.get_query_string({PAGE_VAR: KeysetCursor.write("after", leads[-1])})))
        if later:
            self.pages.append(("Last", self.get_query_string({PAGE_VAR: "last"})))
        facts = facts_of(leads, now)
        self.rows = [row(lead, request.user, now, facts[lead.pk]) for lead in leads]

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str | Combinable]:
        return ["-created_at", "-id"]

    @property
    def views(self) -> list[Any]:
        """Return the saved views with their URLs, “all” first."""
        spec = next(spec for spec in self.filter_specs if isinstance(spec, ViewFilter))
        return list(spec.choices(self))

    @property
    def dates(self) -> dict[str, list[tuple[str, str]]]:
        """Return label and URL of the date breadcrumbs and of the next level."""
        spec = next(spec for spec in self.filter_specs if isinstance(spec, CreatedFilter))
        links = {"above": spec.breadcrumbs(), "below": spec.children()}
        return {
            side: [(label, self.get_query_string({spec.parameter_name: value})) for value, label in steps]
            for side, steps in links.items()
        } | {"all": [("All dates", self.get_query_string(remove=[spec.parameter_name]))] if spec.value() else []}

    @property
    def narrowing(self) -> list[Any]:
        """Return the filters that are rendered as lists of choices."""
        return [spec for spec in self.filter_specs if not isinstance(spec, ViewFilter | CreatedFilter)]


def requested_list(request: HttpRequest) -> LeadList:
    """Return the list requested by the query string. Raises BadRequest."""
    reject_unknown_parameters(request)
    requested = admin.site.get_model_admin(Lead).get_changelist_instance(request)
    assert isinstance(requested, LeadList)  # noqa: S101 - for the type checker
    return requested


def reject_unknown_parameters(request: HttpRequest) -> None:
    """Raise BadRequest for unknown or repeated query parameters.

    Django's default accepts lookups on every field of a lead and of related models.
    """
    if not ALLOWED_PARAMETERS.issuperset(request.GET) or any(len(values) > 1 for _, values in request.GET.lists()):
        raise BadRequest("That filter doesn’t exist.")
