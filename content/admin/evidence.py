"""Model admins of sources, quotations and claims."""

# Django's generic classes take no type arguments at runtime.
# mypy: allow-any-generics

import datetime as dt
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinic.lib.form_fields import SUPPORTED_DATES, JSONListField
from clinic.lib.read_only_admin import ReadOnly
from content import snapshots, source_lookup
from content.actions import ledger, sign_offs
from content.actions.exceptions import EditorialError
from content.forms import ClaimForm, ShownOnPagesForm, SourceForm
from content.models.claims import Claim
from content.models.content_version import ContentVersion
from content.models.link_checks import LinkCheck
from content.models.sources import Quotation, Source

from .revisions import RevisionedAdmin


class LedgerEntryAdmin(RevisionedAdmin):
    """Model admin of ledger entries: fixed key, no deletion.

    Texts refer to the key.
    """

    form = ShownOnPagesForm
    change_form_template = "admin/content/ledger_change_form.html"
    formfield_overrides = {
        models.DateField: {"validators": SUPPORTED_DATES},
        models.JSONField: {"form_class": JSONListField},
    }

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Name the version of the content on each row, asked once for the whole list."""
        token = models.Value(ContentVersion.current_token(), output_field=models.CharField())
        rows: models.QuerySet[Any] = super().get_queryset(request).annotate(content_token=token)
        return rows

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        return ["key"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if entry := context.get("original"):
            context |= {"used_on": sign_offs.articles_using(entry), "may_check": self.may_check(request)}
        return super().render_change_form(request, context, *args, **kwargs)

    def may_check(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="used in", empty_value="no page")
    def used_in(self, entry: models.Model) -> str | None:
        """Name the pages that show a row, and their drafts."""
        titles = sign_offs.titles_by_row(entry.content_token)  # type: ignore[attr-defined]  # of `get_queryset`
        return ", ".join(titles.get((snapshots.KINDS[type(entry)], getattr(entry, "key", "")), ())) or None


class CheckedEntryAdmin(LedgerEntryAdmin):
    """Model admin of an entry that somebody compares with its sources."""

    def may_check(self, request: HttpRequest) -> bool:
        return request.user.has_perm("content.check_claim")

    def get_urls(self) -> list[URLPattern]:
        check = self.admin_site.admin_view(require_POST(self.check_view))
        return [path("<int:pk>/check/", check, name=f"content_{self.opts.model_name}_check"), *super().get_urls()]

    def check_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record that the stored entry agrees with its sources."""
        if not self.may_check(request):
            raise PermissionDenied
        entry = get_object_or_404(self.model, pk=pk)
        try:
            ledger.check_entry(entry, by=cast(User, request.user), now=timezone.now())
            messages.success(request, "Checked against its sources.")
        except EditorialError as error:
            for reason in error.reasons:
                messages.error(request, reason)
        return redirect(f"admin:content_{self.opts.model_name}_change", pk)


class RetractionNoticeFilter(admin.SimpleListFilter):
    """Filter for sources with a retraction notice."""

    title = "retraction notice"
    parameter_name = "notice"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "there is one")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Source]) -> models.QuerySet[Source]:
        return queryset.filter(link_check__retraction_notice__gt="") if self.value() == "yes" else queryset


class LinkCheckInline(ReadOnly, admin.StackedInline):
    """Latest result of `manage.py check_links`, read-only."""

    model = LinkCheck


@admin.register(Source)
class SourceAdmin(LedgerEntryAdmin):
    form = SourceForm
    list_display = ["key", "title", "year", "evidence_type", "status", "used_in", "link", "notice"]
    list_filter = ["status", "evidence_type", "link_check__outcome", RetractionNoticeFilter, "type"]
    list_select_related = ["link_check"]
    inlines = [LinkCheckInline]
    search_fields = ["key", "title", "authors", "doi"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Fill the form from a DOI, PubMed number or address; without an answer it is filled by hand."""
        if not (typed := request.GET.get("look_up", "").strip()[:400]):
            return super().get_changeform_initial_data(request)
        try:
            found = source_lookup.look_up(typed, today=timezone.localdate())
        except source_lookup.LookupFailed as error:
            messages.warning(request, f"{error} Fill in the form by hand.")
            return {"url": typed} if typed.startswith("https://") else {"doi": typed}
        messages.info(request, "Found. Compare every field with the source before you save.")
        return found

    @admin.display(description="link", empty_value="not looked at", ordering="link_check__outcome")
    def link(self, source: Source) -> str | None:
        return source.link_check.get_outcome_display() if hasattr(source, "link_check") else None

    @admin.display(description="looked at", ordering="link_check__checked_at")
    def checked_at(self, source: Source) -> dt.datetime | None:
        return source.link_check.checked_at if hasattr(source, "link_check") else None

    @admin.display(description="notice", ordering="link_check__retraction_notice")
    def notice(self, source: Source) -> str:
        return source.link_check.retraction_notice if hasattr(source, "link_check") else ""


@admin.register(Quotation)
class QuotationAdmin(CheckedEntryAdmin):
    list_display = ["key", "text", "speaker", "source", "wording_checked", "used_in"]
    search_fields = ["key", "text", "speaker", "source__key", "source__title"]
    list_filter = ["wording_checked"]
    list_select_related = ["source"]


class ReviewFilter(admin.SimpleListFilter):
    """Filter for claims whose review is overdue; by key, as the list may be distinct already."""

    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("overdue", "overdue"), ("unchecked", "not yet checked")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Claim]) -> models.QuerySet[Claim]:
        if self.value() == "unchecked":
            return queryset.filter(pk__in=Claim.objects.unchecked())
        if self.value() == "overdue":
            return queryset.filter(pk__in=Claim.objects.overdue(timezone.localdate()))
        return queryset


@admin.register(Claim)
class ClaimAdmin(CheckedEntryAdmin):
    form = ClaimForm
    list_display = ["key", "text", "evidence_line", "used_in", "checked_on", "review_by"]
    list_filter = [ReviewFilter, "sources__evidence_type", "confidence"]
    search_fields = ["key", "text", "sources__key", "sources__title"]
    filter_horizontal = ["sources"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Claim]:
        return super().get_queryset(request).prefetch_related("sources")

    @admin.display(description="evidence, weakest first")
    def evidence_line(self, claim: Claim) -> str:
        return claim.evidence[0].evidence_line if claim.evidence else ""
