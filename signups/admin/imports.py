"""Taking in people from a list, by those who may: upload it, say what is in it, look at what would happen, begin."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from signups import intake, sheets
from signups.actions import imports
from signups.actions.leads import Refused
from signups.forms.imports import ColumnsForm, UploadForm
from signups.models import Import
from signups.models.imports import KEEP
from signups.states import ImportStage

from . import reading
from .staff import who

RECENT = 20
SAMPLES = 3  # rows shown to tell what a column holds


class Imports(admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("import/", wrap(self.upload), name="signups_lead_import"),
            path("import/<uuid:public_id>/", wrap(self.import_page), name="signups_lead_import_page"),
            path("import/<uuid:public_id>/columns/", wrap(self.import_columns), name="signups_lead_import_columns"),
            path("import/<uuid:public_id>/begin/", wrap(self.import_begin), name="signups_lead_import_begin"),
            path("import/<uuid:public_id>/drop/", wrap(self.import_drop), name="signups_lead_import_drop"),
            path("import/<uuid:public_id>/refused/", wrap(self.import_refused), name="signups_lead_import_refused"),
        ]
        return [*own, *super().get_urls()]

    def upload(self, request: HttpRequest) -> HttpResponse:
        _may(request)
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if form.is_valid():
            try:
                made = imports.upload(content=form.cleaned_data["file"], by=who(request), now=timezone.now())
            except Refused as why:
                form.add_error("file", str(why))
            else:
                return _to(made)
        context = {
            **self.admin_site.each_context(request),
            "title": "Import leads",
            "opts": self.opts,
            "form": form,
            "recent": Import.objects.select_related("by")[:RECENT],
            "limits": intake,
            "days": KEEP.days,
        }
        return TemplateResponse(
            request, "admin/signups/lead/import.html", context, status=422 if form.is_bound else 200
        )

    def import_page(self, request: HttpRequest, public_id: str) -> HttpResponse:
        _may(request)
        return self._import_page(request, _found(public_id))

    def import_columns(self, request: HttpRequest, public_id: str) -> HttpResponse:
        if refused := _no_post(request):
            return refused
        whole = _found(public_id)
        form = _columns_form(whole, request.POST)
        if form is None or not form.is_valid():
            return self._import_page(request, whole, form, status=422)
        return _done(request, whole, lambda: imports.look_through(whole=whole, columns=form.columns(), by=who(request)))

    def import_begin(self, request: HttpRequest, public_id: str) -> HttpResponse:
        if refused := _no_post(request):
            return refused
        whole = _found(public_id)
        return _done(request, whole, lambda: imports.begin(whole=whole, by=who(request), now=timezone.now()))

    def import_drop(self, request: HttpRequest, public_id: str) -> HttpResponse:
        if refused := _no_post(request):
            return refused
        whole = _found(public_id)
        return _done(request, whole, lambda: imports.drop(whole=whole, by=who(request), now=timezone.now()))

    def import_refused(self, request: HttpRequest, public_id: str) -> HttpResponseBase:
        """The rows that are not taken in, with the reason of each, as CSV."""
        _may(request)
        whole = _found(public_id)
        rows = imports.refused(whole, by=who(request), now=timezone.now())
        header = ["Why it is not taken in", "Row", *whole.header]
        disposition = {"Content-Disposition": f'attachment; filename="refused-{whole.created_at:%Y%m%d-%H%M}.csv"'}
        lines = sheets.csv_lines(header, rows)
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=disposition)

    def _import_page(
        self, request: HttpRequest, whole: Import, form: forms.Form | None = None, status: int = 200
    ) -> HttpResponse:
        form = form or _columns_form(whole)
        first = whole.parts.first() if form else None
        samples = [cells for _, cells in first.rows[:SAMPLES]] if first else []
        reading.listed(request, f"import:{whole.pk}", len(samples))
        asked = [
            (field, [cells[number] for cells in samples if number < len(cells) and cells[number]])
            for number, field in enumerate(form or [])
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": f"Import of {whole.size:,} row{'' if whole.size == 1 else 's'}",
            "opts": self.opts,
            "whole": whole,
            "figures": whole.figures(),
            "stages": ImportStage,
            "form": form,
            "asked": asked,
            "kept": bool(whole.header),
            "in_turn": settings.ASSIGN_LEADS,
            "days": KEEP.days,
        }
        return TemplateResponse(request, "admin/signups/lead/import_page.html", context, status=status)


def _columns_form(whole: Import, data: Any = None) -> ColumnsForm | None:
    """None where the columns can no longer be chosen."""
    if whole.stage not in (ImportStage.COLUMNS, ImportStage.CHECKED):
        return None
    return ColumnsForm(data, header=whole.header, columns=whole.columns)


def _done(request: HttpRequest, whole: Import, deed: Any) -> HttpResponse:
    try:
        deed()
    except Refused as why:
        messages.error(request, str(why))
    return _to(whole)


def _to(whole: Import) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:signups_lead_import_page", args=[whole.public_id]), status=303)


def _found(public_id: str) -> Import:
    return get_object_or_404(Import.objects.select_related("by"), public_id=public_id)


def _no_post(request: HttpRequest) -> HttpResponse | None:
    _may(request)
    return None if request.method == "POST" else HttpResponseNotAllowed(["POST"])


def _may(request: HttpRequest) -> None:
    if not request.user.has_perm("signups.import_lead"):
        raise PermissionDenied
