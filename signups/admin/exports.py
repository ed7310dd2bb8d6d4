"""The page that exports leads, and the file. Which leads those are, the list of leads says."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from signups import sheets
from signups.actions import exports
from signups.counting import Count
from signups.forms.exports import ExportForm
from signups.models.leads import LeadQuerySet

from . import reading
from .staff import staff_user
from .staff_views import render_page

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def export_leads(request: HttpRequest, leads: LeadQuerySet, size: Count) -> HttpResponseBase:
    """Ask what `leads`, about `size` of them, are exported for, and send the file."""
    form = ExportForm(request.POST if request.method == "POST" else None)
    filters = reading.filters_for_log(request)
    if form.is_valid():
        now, kind, reason = timezone.now(), form.cleaned_data["kind"], form.cleaned_data["reason"]
        if kind != "xlsx" or leads.count() <= sheets.MOST_ROWS:
            rows = exports.begin(leads, reason=reason, kind=kind, by=staff_user(request), now=now, **filters)
            return _file(rows, kind, now)
        form.add_error("kind", f"A sheet of Excel holds {sheets.MOST_ROWS:,} rows. Take CSV, or narrow the list.")
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
        file = sheets.xlsx_file(exports.HEADER, rows)
        return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    lines = sheets.csv_lines(exports.HEADER, rows)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=disposition)
