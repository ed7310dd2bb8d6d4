"""Model admins of legal and crisis texts, with the page that publishes a draft."""

# Django's generic classes take no type arguments at runtime.
# mypy: allow-any-generics

import copy
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from content import page_rendering
from content.actions import texts
from content.actions.exceptions import EditorialError
from content.forms import CrisisTextForm, LegalTextForm, PublishForm
from content.models.profile import ClinicProfile
from content.models.texts import CrisisText, LegalText, PublishableText
from content.state_changes import changed_pages


class PublishableTextAdmin(admin.ModelAdmin):
    """Allow changes of drafts only: people may have agreed to a published version."""

    change_form_template = "admin/content/publishable_change_form.html"
    readonly_fields = ["effective_from", "drafted_by", "published_by"]
    list_select_related = ["drafted_by", "published_by"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (
            isinstance(obj, PublishableText) and obj.effective_from
        )

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        texts.save_text(obj, by=cast(User, request.user))

    def may_publish(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"content.publish_{self.opts.model_name}")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["may_publish"] = self.may_publish(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        publish = require_http_methods(["GET", "HEAD", "POST"])(self.publish)
        name = f"content_{self.opts.model_name}_publish"
        return [path("<int:pk>/publish/", self.admin_site.admin_view(publish), name=name), *super().get_urls()]

    def publish(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the text as readers will see it; a POST publishes it."""
        if not self.may_publish(request):
            raise PermissionDenied
        text = get_object_or_404(self.model, pk=pk)
        form = PublishForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                texts.publish_text(text, on=form.cleaned_data["on"], by=cast(User, request.user), now=timezone.now())
                messages.success(request, "It is published.")
                return redirect(f"admin:content_{self.opts.model_name}_change", pk)
            except EditorialError as error:
                for reason in error.reasons:
                    form.add_error(None, reason)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Publish: {text}",
            "subtitle": None,
            "opts": self.opts,
            "original": text,
            "form": form,
            "preview": self.preview(request, text),
        }
        return TemplateResponse(request, "admin/content/publish_text.html", context)

    def preview(self, request: HttpRequest, text: Any) -> str:
        """Return the text as HTML."""
        raise NotImplementedError


class ChangedFactsFilter(admin.SimpleListFilter):
    """Filter for texts in effect whose placeholders have other values by now."""

    title = "facts"
    parameter_name = "facts"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("changed", "other than the clinic profile’s")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LegalText]) -> QuerySet[LegalText]:
        return queryset.filter(pk__in=changed_pages().texts) if self.value() == "changed" else queryset


@admin.register(LegalText)
class LegalTextAdmin(PublishableTextAdmin):
    form = LegalTextForm
    list_display = ["kind", "version", "effective_from", "drafted_by", "published_by"]
    list_filter = ["kind", ChangedFactsFilter, ("effective_from", admin.EmptyFieldListFilter)]

    def preview(self, request: HttpRequest, text: LegalText) -> str:
        shown = copy.copy(text)
        shown.effective_from = text.effective_from or timezone.localdate()
        clinic = ClinicProfile.current()
        if text.snapshot:
            [page] = page_rendering.get_pages(text, clinic=clinic)
        else:
            page = page_rendering.build_page(title=text.title, summary=text.summary, body=text.body, profile=clinic)
        context = {"text": shown, "page": page, "clinic": page.clinic, "layout": "admin/content/preview.html"}
        return render_to_string("content/text.html", context, request)


@admin.register(CrisisText)
class CrisisTextAdmin(PublishableTextAdmin):
    form = CrisisTextForm
    list_display = ["crisis_text", "crisis_phone", "emergency_phone", "effective_from", "drafted_by", "published_by"]
    list_filter = [("effective_from", admin.EmptyFieldListFilter)]

    def preview(self, request: HttpRequest, text: CrisisText) -> str:
        return render_to_string("content/blocks/_crisis.html", {"clinic": text}, request)
