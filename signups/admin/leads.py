"""Leads on the care desk: to be found and read. Every change is an action's, so nothing here writes."""

import datetime as dt
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import BadRequest
from django.db import DataError
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html, linebreaks

from signups import links
from signups.models import Consent, Event, Lead, Message, Trial

from .read_only import ReadOnly, ReadOnlyInline

LOOKUPS = {
    "status__exact",
    "preferred_channel__exact",
    "owner__id__exact",
    "owner__isnull",
    *(f"created_at__{part}" for part in ("gte", "lt", "isnull", "year", "month", "day")),
}


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
    list_display = ["name", "email", "phone", "status", "trial", "preferred_channel", "owner", "created_at"]
    list_filter = ["status", "preferred_channel", "created_at", "owner"]
    list_select_related = ["owner"]
    list_per_page = 50
    search_fields = ["name", "email_key", "phone", "phone_e164"]
    search_help_text = "Any part of a name, an e-mail address or a phone number"
    date_hierarchy = "created_at"
    inlines = [TrialInline, EventInline, MessageInline, ConsentInline]
    fieldsets = [
        (None, {"fields": ["name", "email", "phone", "phone_e164", "preferred_channel", "time_zone"]}),
        ("Care", {"fields": ["status", "close_reason", "owner", "source", "created_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        return (
            super().get_queryset(request).prefetch_related(Prefetch("trials", Trial.objects.order_by("-requested_at")))
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the list's own filters ask: Django's default lets any field of a lead be searched by expression."""
        return lookup in LOOKUPS

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """A date or number that no database knows, written into the address by hand, is a 400."""
        if any("\0" in value for name, values in request.GET.lists() for value in values if name != SEARCH_VAR):
            raise BadRequest("A filter has a character that no text can hold.")
        try:
            response = super().changelist_view(request, extra_context)
            return response.render() if isinstance(response, TemplateResponse) else response
        except (DataError, OverflowError, ValueError) as error:
            raise BadRequest("A filter has a value that does not exist.") from error

    @admin.display(description="Trial")
    def trial(self, lead: Lead) -> str:
        trials = list(lead.trials.all())
        return trials[0].state(timezone.now()) if trials else "none"
