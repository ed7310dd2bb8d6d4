"""What the texts rest on: sources, quotations, claims."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from content.forms import QuotationForm, SourceForm
from content.models import Claim, Quotation, Source


class KeyedAdmin(admin.ModelAdmin):
    """Texts refer to the key: it stays as it was made, and what a page may rest on is not deleted."""

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        return ["key"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Source)
class SourceAdmin(KeyedAdmin):
    form = SourceForm
    list_display = ["key", "title", "year", "status"]
    list_filter = ["status", "type"]
    search_fields = ["key", "title"]


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
    list_display = ["key", "kind", "people", "confidence", "checked_on", "review_by"]
    list_filter = [Review, "kind", "confidence"]
    search_fields = ["key", "text"]
    filter_horizontal = ["sources"]
