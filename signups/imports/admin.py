"""Admin pages of lead imports: upload, map columns, review, start, cancel."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from clinic.lib import spreadsheets
from signups.audit import access_log
from signups.audit.staff_users import staff_user
from signups.leads.locking import ActionError
from signups.web.responses import redirect_after_post
from signups.web.staff_views import render_page, staff_view

from . import outcomes, undo
from .actions import cancel_import, result_rows, start_import, start_validation, upload_list
from .choices import ImportStatus
from .forms import ColumnsForm, StartForm, UploadForm
from .models import KEEP_UPLOADS_FOR, UNDO_WINDOW, ImportJob

RECENT_IMPORTS = 20

import_view = staff_view("signups.import_lead")


@import_view
def upload(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        try:
            job = upload_list(content=form.cleaned_data["file"], by=staff_user(request), now=timezone.now())
        except ActionError as error:
            form.add_error("file", str(error))
        else:
            return _redirect_to_import(job)
    return render_page(
        request,
        "admin/signups/lead/import.html",
        "Import leads",
        status=422 if form.is_bound else 200,
        form=form,
        recent=ImportJob.objects.select_related("created_by")[:RECENT_IMPORTS],
        days=KEEP_UPLOADS_FOR.days,
    )


@import_view
def import_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    return _detail(request, _get_import(public_id))


@import_view
@require_POST
def map_columns(request: HttpRequest, public_id: str) -> HttpResponse:
    job = _get_import(public_id)
    form = _columns_form(job, request.POST)
    if form is None or not form.is_valid():
        return _detail(request, job, form, status=422)
    columns = form.columns()
    return _run(request, job, lambda: start_validation(job=job, columns=columns, by=staff_user(request)))


@import_view
@require_POST
def start(request: HttpRequest, public_id: str) -> HttpResponse:
    job, form = _get_import(public_id), StartForm(request.POST)
    if not form.is_valid():
        return _detail(request, job, status=422)
    tag = form.cleaned_data["tag"]
    return _run(request, job, lambda: start_import(job=job, by=staff_user(request), now=timezone.now(), tag=tag))


@import_view
@require_POST
def undo_import_view(request: HttpRequest, public_id: str) -> HttpResponse:
    job = _get_import(public_id)
    return _run(request, job, lambda: undo.undo_import(job=job, by=staff_user(request), now=timezone.now()))


@import_view
@require_POST
def cancel_import_view(request: HttpRequest, public_id: str) -> HttpResponse:
    job = _get_import(public_id)
    return _run(request, job, lambda: cancel_import(job=job, by=staff_user(request), now=timezone.now()))


@import_view
@require_safe
def results_view(request: HttpRequest, public_id: str) -> StreamingHttpResponse:
    """Stream every row with its outcome as CSV."""
    job = _get_import(public_id)
    rows = result_rows(job, by=staff_user(request), now=timezone.now())
    header = ["Row", "Outcome", "Why", "Notes", *job.header]
    disposition = {"Content-Disposition": f'attachment; filename="import-{job.created_at:%Y%m%d-%H%M}.csv"'}
    lines = spreadsheets.stream_csv(header, rows)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=disposition)


def _detail(request: HttpRequest, job: ImportJob, form: ColumnsForm | None = None, status: int = 200) -> HttpResponse:
    form, now = form or _columns_form(job), timezone.now()
    samples = job.samples if form else []
    access_log.log_list_view(request, f"import:{job.pk}", max(map(len, samples), default=0))
    columns = (
        [
            (
                field,
                samples[number] if number < len(samples) else [],
                bool(job.columns[number]) or field.name in form.opt_outs,
            )
            for number, field in enumerate(form.column_fields())
        ]
        if form
        else []
    )
    has_results = job.status not in (ImportStatus.COLUMNS, ImportStatus.CHECKING)
    return render_page(
        request,
        "admin/signups/lead/import_detail.html",
        f"Import of {job.size:,} row{'' if job.size == 1 else 's'}",
        status=status,
        job=job,
        figures=job.figures(),
        outcome_lists=outcomes.outcome_lists(job) if has_results else [],
        has_results=has_results,
        statuses=ImportStatus,
        form=form,
        start_form=StartForm(),
        columns=columns,
        has_rows=bool(job.header),
        may_be_undone=job.may_be_undone(now),
        auto_assign=settings.AUTO_ASSIGN_LEADS,
        days=KEEP_UPLOADS_FOR.days,
        undo_days=UNDO_WINDOW.days,
        listed=outcomes.LISTED_ROWS,
    )


def _columns_form(job: ImportJob, data: Any = None) -> ColumnsForm | None:
    """Return the columns form; None once the columns can no longer be changed."""
    if job.status not in (ImportStatus.COLUMNS, ImportStatus.CHECKED):
        return None
    return ColumnsForm(data, header=job.header, columns=job.columns, opt_outs=job.opt_outs, encoding=job.encoding)


def _run(request: HttpRequest, job: ImportJob, action: Callable[[], Any]) -> HttpResponse:
    """Run `action` and redirect to the import.

    On ActionError, show the reason as a message.
    """
    try:
        action()
    except ActionError as error:
        messages.error(request, str(error))
    return _redirect_to_import(job)


def _redirect_to_import(job: ImportJob) -> HttpResponse:
    return redirect_after_post("admin:signups_lead_import_detail", job.public_id)


def _get_import(public_id: str) -> ImportJob:
    return get_object_or_404(ImportJob.objects.select_related("created_by"), public_id=public_id)


routes = [
    path("signups/lead/import/", upload, name="signups_lead_import"),
    path("signups/lead/import/<uuid:public_id>/", import_detail, name="signups_lead_import_detail"),
    path("signups/lead/import/<uuid:public_id>/columns/", map_columns, name="signups_lead_import_columns"),
    path("signups/lead/import/<uuid:public_id>/start/", start, name="signups_lead_import_start"),
    path("signups/lead/import/<uuid:public_id>/cancel/", cancel_import_view, name="signups_lead_import_cancel"),
    path("signups/lead/import/<uuid:public_id>/undo/", undo_import_view, name="signups_lead_import_undo"),
    path("signups/lead/import/<uuid:public_id>/results/", results_view, name="signups_lead_import_results"),
]
