"""Leads on the care desk: to be found and read. Every change is an action's, so nothing here writes."""

import datetime as dt

from django.contrib import admin
from django.db.models import Model, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, linebreaks

from signups import links
from signups.models import Consent, Event, Lead, Message, Trial


class ReadOnly:
    """May be looked at by whoever has the view permission, and by nobody changed here."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(ReadOnly, admin.TabularInline):
    template = "admin/signups/records.html"
    extra = 0


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

    @admin.display(description="Trial")
    def trial(self, lead: Lead) -> str:
        trials = list(lead.trials.all())
        return trials[0].state(timezone.now()) if trials else "none"
