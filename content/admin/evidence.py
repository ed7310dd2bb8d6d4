"""What the texts rest on: sources, quotations, claims."""

import datetime as dt
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from content.forms import SUPPORTED_DAYS, QuotationForm, SourceForm
from content.models.claims import Claim
from content.models.link_checks import LinkCheck
from content.models.sources import Quotation, Source


class KeyedAdmin(admin.ModelAdmin):
    """Texts refer to the key: it stays as it was made, and what a page may rest on is not deleted."""

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        return ["key"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class Notice(admin.SimpleListFilter):
    title = "retraction notice"
    parameter_name = "notice"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "there is one")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Source]) -> models.QuerySet[Source]:
        return queryset.filter(link_check__retraction_notice__gt="") if self.value() == "yes" else queryset


class LinkCheckInline(admin.StackedInline):
    """What `manage.py check_links` found last: read, never edited."""

    model = LinkCheck

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Source)
class SourceAdmin(KeyedAdmin):
    form = SourceForm
    list_display = ["key", "title", "year", "status", "link", "looked_at", "notice"]
    list_filter = ["status", "link_check__outcome", Notice, "type"]
    list_select_related = ["link_check"]
    inlines = [LinkCheckInline]
    search_fields = ["key", "title"]

    @admin.display(description="link", empty_value="not looked at", ordering="link_check__outcome")
    def link(self, source: Source) -> str | None:
        return source.link_check.get_outcome_display() if hasattr(source, "link_check") else None

    @admin.display(description="looked at", ordering="link_check__checked_at")
    def looked_at(self, source: Source) -> dt.datetime | None:
        return source.link_check.checked_at if hasattr(source, "link_check") else None

    @admin.display(description="notice", ordering="link_check__retraction_notice")
    def notice(self, source: Source) -> str:
        return source.link_check.retraction_notice if hasattr(source, "link_check") else ""


@admin.register(Quotation)
class QuotationAdmin(KeyedAdmin):
    form = QuotationForm
    list_display = ["key", "speaker", "source", "wording_checked"]
    list_filter = ["wording_checked"]
    list_select_related = ["source"]


class Review(admin.SimpleListFilter):
    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("overdue", "overdue")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Claim]) -> models.QuerySet[Claim]:
        if self.value() == "overdue":
            return queryset & Claim.objects.overdue(timezone.localdate())
        return queryset


@admin.register(Claim)
class ClaimAdmin(KeyedAdmin):
    list_display = ["key", "evidence_type", "sample_size", "confidence", "checked_on", "review_by"]
    list_filter = [Review, "evidence_type", "confidence"]
    search_fields = ["key", "text"]
    filter_horizontal = ["sources"]
    formfield_overrides = {models.DateField: {"validators": SUPPORTED_DAYS}}
