"""The list of leads as a table to take away, by those who may."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from signups import sheets
from signups.actions import exports
from signups.forms.exports import ExportForm

from .lead_list import LeadList
from .staff import who

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Exports(admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export)
        return [path("export/", view, name="signups_lead_export"), *super().get_urls()]

    def asked(self, request: HttpRequest) -> LeadList:
        """The list that the address asks for. Raises BadRequest."""
        raise NotImplementedError

    def export(self, request: HttpRequest) -> HttpResponseBase:
        if not request.user.has_perm("signups.export_lead"):
            raise PermissionDenied
        shown = self.asked(request)
        form = ExportForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return self._export_page(request, shown, form)
        now, kind = timezone.now(), form.cleaned_data["kind"]
        if kind == "xlsx" and shown.queryset.count() > sheets.MOST_ROWS:
            form.add_error("kind", f"A sheet of Excel holds {sheets.MOST_ROWS:,} rows. Take CSV, or narrow the list.")
            return self._export_page(request, shown, form)
        rows = exports.begin(
            shown.queryset, reason=form.cleaned_data["reason"], kind=kind, by=who(request), now=now, **narrowed(request)
        )
        name = f"leads-{now:%Y%m%d-%H%M}.{kind}"
        if kind == "xlsx":
            return FileResponse(
                sheets.xlsx_file(exports.HEADER, rows), as_attachment=True, filename=name, content_type=XLSX
            )
        lines = sheets.csv_lines(exports.HEADER, rows)
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=disposition)

    def _export_page(self, request: HttpRequest, shown: LeadList, form: ExportForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Export leads",
            "opts": self.opts,
            "size": shown.size,
            "form": form,
            "narrowed": {**narrowed(request)},
        }
        return TemplateResponse(
            request, "admin/signups/lead/export.html", context, status=422 if form.is_bound else 200
        )


def narrowed(request: HttpRequest) -> dict[str, Any]:
    """How the list is narrowed, for the trail: never the words that were searched for, which may be a name."""
    told = {key: value for key, value in request.GET.items() if key not in (SEARCH_VAR, PAGE_VAR)}
    return {**told, "searched": True} if request.GET.get(SEARCH_VAR) else told
