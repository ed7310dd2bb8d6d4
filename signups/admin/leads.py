"""Leads on the care desk: to be found and read. Every change is an action's, so nothing here writes."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from signups.models import Lead
from signups.models.leads import LeadQuerySet

from . import reading
from .booking import Booking
from .bulk import Bulk
from .duplicates import Duplicates
from .exports import Exports, narrowed
from .filters import FILTERS
from .imports import Imports
from .lead_list import LeadList
from .mail import Mailing
from .read_only import ReadOnly

LONGEST_SEARCH = 100  # letters; the box takes no more
QUESTIONS = {SEARCH_VAR, PAGE_VAR, *(choice.parameter_name for choice in FILTERS)}


@admin.register(Lead)
class LeadAdmin(ReadOnly, Bulk, Exports, Imports, Duplicates, Mailing, Booking):
    list_filter = [*FILTERS]
    list_per_page = 50
    search_fields = ["search_text"]  # there is a search; how it is done is `LeadQuerySet.search`
    search_help_text = "Any part of a name, an e-mail address or a phone number; of one or two letters, the start"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LeadList]:
        return LeadList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Who may not see contact details must not find them out by searching: for them, names only."""
        text = search_term[:LONGEST_SEARCH]
        assert isinstance(queryset, LeadQuerySet)  # noqa: S101 - for the type checker
        found = queryset.search(text)
        if not request.user.has_perm("signups.see_contact"):
            for word in text.split():
                found = found.filter(name__icontains=word)
        return found, False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._refuse_other_questions(request)
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data:
            reading.listed(request, "leads", len(response.context_data["cl"].rows), filters=narrowed(request))
        return response

    def asked(self, request: HttpRequest) -> LeadList:
        self._refuse_other_questions(request)
        shown = self.get_changelist_instance(request)
        assert isinstance(shown, LeadList)  # noqa: S101 - for the type checker
        return shown

    def _refuse_other_questions(self, request: HttpRequest) -> None:
        """What was written into the address by hand and is no question of the list's own is a 400.

        Django's default lets any field of a lead be asked about by expression, and that of what it is linked to.
        """
        if not QUESTIONS.issuperset(request.GET) or any(len(values) > 1 for _, values in request.GET.lists()):
            raise BadRequest("The list of leads has no such filter.")
