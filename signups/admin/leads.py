"""Leads on the care desk: to be found and read. Every change is an action's, so nothing here writes."""

import datetime as dt
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, linebreaks

from signups import links
from signups.models import Consent, Event, Lead, Message, Trial
from signups.models.leads import LeadQuerySet

from .filters import FILTERS
from .lead_list import LeadList
from .read_only import ReadOnly, ReadOnlyInline

LONGEST_SEARCH = 100  # letters; the box takes no more
QUESTIONS = {SEARCH_VAR, PAGE_VAR, *(choice.parameter_name for choice in FILTERS)}


class TrialInline(ReadOnlyInline):
    model = Trial
    fields = ["state", "requested_at", "started_at", "ends_at", "days", "guarantee_days", "terms_version"]
    readonly_fields = ["state", "ends_at"]

    @admin.display(description="State")
    def state(self, trial: Trial) -> str:
        return trial.state(timezone.now())

    @admin.display(description="Ends at")
    def ends_at(self, trial: Trial) -> dt.datetime | None:
        return trial.ends_at


class ConsentInline(ReadOnlyInline):
    model = Consent
    fields = ["text", "granted", "channel", "at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consent]:
        return super().get_queryset(request).select_related("text")


class MessageInline(ReadOnlyInline):
    model = Message
    fields = ["kind", "to", "subject", "status", "send_at", "sent_at", "attempts", "last_error", "body"]
    readonly_fields = ["body"]

    @admin.display(description="Text")
    def body(self, message: Message) -> str:
        """As sent, without the patient's private link, which is theirs alone."""
        return format_html("<details><summary>Read</summary>{}</details>", linebreaks(links.redact(message.text), True))


class EventInline(ReadOnlyInline):
    model = Event
    verbose_name_plural = "timeline"
    fields = ["at", "verb", "actor_kind", "actor"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).select_related("actor")


@admin.register(Lead)
class LeadAdmin(ReadOnly, admin.ModelAdmin):
    list_filter = [*FILTERS]
    list_per_page = 50
    search_fields = ["search_text"]  # there is a search; how it is done is `LeadQuerySet.search`
    search_help_text = "Any part of a name, an e-mail address or a phone number; of one or two letters, the start"
    inlines = [TrialInline, EventInline, MessageInline, ConsentInline]
    fieldsets = [
        (None, {"fields": ["name", "email", "phone", "phone_e164", "preferred_channel", "time_zone"]}),
        ("Care", {"fields": ["status", "close_reason", "owner", "source", "created_at"]}),
    ]

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
        """What was written into the address by hand and is no question of the list's own is a 400.

        Django's default lets any field of a lead be asked about by expression, and that of what it is linked to.
        """
        if not QUESTIONS.issuperset(request.GET) or any(len(values) > 1 for _, values in request.GET.lists()):
            raise BadRequest("The list of leads has no such filter.")
        return super().changelist_view(request, extra_context)
