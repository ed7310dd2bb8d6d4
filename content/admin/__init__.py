"""Editors' side of the content."""

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from content.forms import LegalTextForm, QuotationForm, SourceForm
from content.models import Article, Claim, ClinicProfile, LegalText, Person, Quotation, Source


@admin.register(ClinicProfile)
class ClinicProfileAdmin(admin.ModelAdmin):
    """One row: it can be changed, not added to or deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ClinicProfile | None = None) -> bool:
        return False


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):
    list_display = ["name", "role", "on_landing_page"]


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


@admin.register(Claim)
class ClaimAdmin(KeyedAdmin):
    list_display = ["key", "kind", "people", "confidence", "checked_on", "review_by"]
    list_filter = ["kind", "confidence"]
    search_fields = ["key", "text"]
    filter_horizontal = ["sources"]


@admin.register(Article)
class ArticleAdmin(admin.ModelAdmin):
    list_display = ["title", "kind", "published_at", "review_by"]
    list_filter = ["kind"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return False


@admin.register(LegalText)
class LegalTextAdmin(admin.ModelAdmin):
    """Versions are added, never changed: people have agreed to them."""

    form = LegalTextForm
    list_display = ["kind", "version", "published"]
    list_filter = ["kind"]

    def has_change_permission(self, request: HttpRequest, obj: LegalText | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LegalText | None = None) -> bool:
        return False
