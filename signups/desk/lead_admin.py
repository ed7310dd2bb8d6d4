"""The lead list in Django's admin; read-only, because only actions change a lead."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from clinic.lib.read_only_admin import ReadOnly
from signups.audit import access_log
from signups.audit.staff_users import staff_user
from signups.leads.models import Lead, LeadQuerySet
from signups.web.staff_views import get_lead

from . import list_state
from .bulk_views import undoable_assignment
from .filters import FILTERS
from .lead_detail import lead_detail
from .lead_list import LeadList, reject_unknown_parameters
from .models import SavedList

LONGEST_SEARCH = 100  # characters


@admin.register(Lead)
class LeadAdmin(ReadOnly, admin.ModelAdmin):
    list_filter = [*FILTERS]
    list_per_page = 50
    search_fields = ["search_text"]  # enables the search box; see `get_search_results`
    search_help_text = "Search by name, email, or phone"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LeadList]:
        return LeadList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search with `LeadQuerySet.search`.

        Staff who may not see contact details search names only, so that a search cannot disclose contact details.
        """
        assert isinstance(queryset, LeadQuerySet)  # noqa: S101 - for the type checker
        names_only = not request.user.has_perm("signups.see_contact")
        return queryset.search(search_term[:LONGEST_SEARCH], names_only=names_only), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if "apply" in request.GET:
            return redirect(list_state.tidy_address(request))
        reject_unknown_parameters(request)
        response = super().changelist_view(
            request,
            {
                **(extra_context or {}),
                "undo_until": undoable_assignment(request),
                "saved_lists": _saved_lists(request),
                "now": timezone.now(),
            },
        )
        if isinstance(response, TemplateResponse) and response.context_data:
            shown, filters = response.context_data["cl"].result_list, access_log.filters_for_log(request)
            access_log.log_list_view(request, "leads", len(shown), filters=filters)
            list_state.remember(request, [lead.pk for lead in shown])
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return lead_detail(request, object_id)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the timeline: Django's history contains no actions."""
        lead = get_lead(request, object_id)
        return redirect(reverse("admin:signups_lead_change", args=[lead.pk]) + "#timeline")


def _saved_lists(request: HttpRequest) -> list[tuple[SavedList, bool, bool]]:
    """Return the saved views that the user sees, whether each is the one shown, and whether the user may delete it."""
    if not request.user.has_perm("signups.view_lead"):
        return []
    user, shown = staff_user(request), request.GET.urlencode()
    found = SavedList.objects.seen_by(user)
    return [(saved, saved.query == shown, saved.may_be_deleted_by(user)) for saved in found]
