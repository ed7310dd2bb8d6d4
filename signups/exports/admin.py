"""Admin page that exports leads; the lead list determines which leads."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from clinic.lib import spreadsheets
from clinic.lib.row_count import RowCount
from signups.audit import access_log
from signups.audit.staff_users import staff_user
from signups.leads.models import LeadQuerySet
from signups.web.staff_views import render_page

from .actions import HEADER, start_export
from .forms import ExportForm

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def export_leads(request: HttpRequest, leads: LeadQuerySet, size: RowCount) -> HttpResponseBase:
    """Ask for the reason to export `leads` (about `size` rows), and send the file."""
    form = ExportForm(request.POST if request.method == "POST" else None)
    filters = access_log.filters_for_log(request)
    if form.is_valid():
        now, kind, reason = timezone.now(), form.cleaned_data["kind"], form.cleaned_data["reason"]
        if kind != "xlsx" or leads.count() <= spreadsheets.MAX_XLSX_ROWS:
            rows = start_export(leads, reason=reason, kind=kind, by=staff_user(request), now=now, **filters)
            return _file(rows, kind, now)
        form.add_error(
            "kind", f"A sheet of Excel holds {spreadsheets.MAX_XLSX_ROWS:,} rows. Take CSV, or narrow the list."
        )
    return render_page(
        request,
        "admin/signups/lead/export.html",
        "Export leads",
        status=422 if form.is_bound else 200,
        size=size,
        form=form,
        narrowed=bool(filters),
    )


def _file(rows: Iterator[Any], kind: str, now: dt.datetime) -> HttpResponseBase:
    name = f"leads-{now:%Y%m%d-%H%M}.{kind}"
    if kind == "xlsx":
        file = spreadsheets.write_xlsx(HEADER, rows)
        return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    lines = spreadsheets.stream_csv(HEADER, rows)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=disposition)
