"""The lead list, fast at a million rows: no full count, keyset pagination."""

import datetime as dt
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import BadRequest
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.utils import timezone

from clinic.lib.row_count import RowCount, count_rows
from signups.consents.contact_policy import facts_of
from signups.followups.models import FollowUp
from signups.leads.models import Lead
from signups.leads.tag_models import LeadTag
from signups.trials.models import Trial

from . import due_leads, list_columns
from .filters import FILTERS, FORM_FILTERS, CreatedFilter, ViewFilter
from .lead_rows import row
from .list_order import DEFAULT_ORDER, ORDERS, KeysetCursor, ListOrder
from .saved_views import calls_today

SORT_VAR, BY_DUE = "sort", "due"
ALLOWED_PARAMETERS = {
    SEARCH_VAR,
    PAGE_VAR,
    SORT_VAR,
    list_columns.PARAMETER,
    *(each.parameter_name for each in FILTERS),
}


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
        page, now = request.GET.get(PAGE_VAR, ""), timezone.now()
        self.sort = request.GET.get(SORT_VAR, "")
        self.columns = list_columns.chosen_columns(request.GET.get(list_columns.PARAMETER, ""))
        cursor = KeysetCursor.read(page, _order(self.sort))
        self.shows_calls = request.GET.get("view") == "calls"
        leads, more = self._page(cursor, now)
        self.result_list = leads
        complete = not more and cursor.pk is None and cursor.after and self.sort != BY_DUE
        self.size = RowCount(len(leads)) if complete else count_rows(self.queryset)
        self.result_count, self.full_result_count = self.size.number, None
        self.show_full_result_count, self.can_show_all, self.show_admin_actions = False, False, True
        self.multi_page = not complete
        later = more if cursor.after else cursor.pk is not None
        sooner = cursor.pk is not None if cursor.after else more
        self.pages: list[tuple[str, str]] = []
        if sooner or (cursor.pk is not None and not leads):
            self.pages.append(("First", self.get_query_string({PAGE_VAR: None})))
        if leads and sooner:
            self.pages.append(("Previous", self.get_query_string({PAGE_VAR: cursor.write("before", leads[0])})))
        if leads and later:
            self.pages.append(("Next", self.get_query_string({PAGE_VAR: cursor.write("after", leads[-1])})))
        if later:
            self.pages.append(("Last", self.get_query_string({PAGE_VAR: "last"})))
        facts = facts_of(leads, now)
        self.rows = [row(lead, request.user, now, facts[lead.pk]) for lead in leads]

    def _page(self, cursor: KeysetCursor, now: dt.datetime) -> tuple[list[Lead], bool]:
        """Return the leads of this page, and whether more follow. A day's calls, and what is due, are one page."""
        leads = with_list_columns(self.queryset)
        if self.sort == BY_DUE:
            due = due_leads.soonest_due(self.queryset, self.list_per_page)
            return due_leads.in_order(leads, due), False
        if self.shows_calls:
            return _by_call(leads, now), False
        return cursor.page(leads, self.list_per_page)

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Return the parameters that narrow the list: its order and columns do not."""
        chosen: dict[str, Any] = super().get_filters_params(params)
        return {name: value for name, value in chosen.items() if name not in (SORT_VAR, list_columns.PARAMETER)}

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
        as_form: tuple[type, ...] = (ViewFilter, CreatedFilter, *FORM_FILTERS)
        return [spec for spec in self.filter_specs if not isinstance(spec, as_form)]

    @property
    def form_filters(self) -> list[Any]:
        """Return the filters that are rendered as fields of a form."""
        return [spec for spec in self.filter_specs if isinstance(spec, tuple(FORM_FILTERS))]

    @property
    def kept_parameters(self) -> list[tuple[str, str]]:
        """Return what the form of the filters keeps of the address."""
        in_form = {spec.parameter_name for spec in FORM_FILTERS} | {list_columns.PARAMETER}
        return [(name, value) for name, value in self.params.items() if name not in in_form]

    @property
    def headings(self) -> list[dict[str, Any]]:
        """Return the columns shown: name, label and, where the list can be sorted by it, address and direction."""
        named = {"name": ("Name", ("name", "-name"))} | {each: list_columns.COLUMNS[each] for each in self.columns}
        return [self._heading(name, *of) for name, of in named.items()]

    def _heading(self, name: str, label: str, orders: tuple[str, str] | None) -> dict[str, Any]:
        if orders is None or self.shows_calls:
            return {"name": name, "label": label}
        up, down = orders
        direction = {down: "descending", up: "ascending"}.get(self.sort, "")
        following = down if self.sort == up else up
        address = self.get_query_string({SORT_VAR: following or None})
        return {"name": name, "label": label, "address": address, "direction": direction}

    @property
    def unsorted(self) -> str:
        """Return the address of the same list, newest first."""
        return self.get_query_string({SORT_VAR: None})

    @property
    def offered_columns(self) -> list[tuple[str, str, bool]]:
        """Return every column with its label, and whether it is shown."""
        return [(name, label, name in self.columns) for name, (label, _) in list_columns.COLUMNS.items()]


def _order(sort: str) -> ListOrder:
    """Return the order of `?sort=`. Raises BadRequest."""
    if sort != BY_DUE and sort not in ORDERS:
        raise BadRequest("The list can’t be sorted by that.")
    return ORDERS.get(sort, DEFAULT_ORDER)


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
