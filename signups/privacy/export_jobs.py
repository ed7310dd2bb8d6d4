"""Data exports (subject access requests) made by the worker, and their limits."""

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.db import Error, connection, models, transaction
from django.db.models import Exists, OuterRef

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction
from signups.leads.locking import lock_lead
from signups.leads.models import Lead

from . import export_archive, personal_data
from .models import DataExportChunk, DataExportJob

logger = logging.getLogger(__name__)

INLINE_ROW_LIMIT = 500  # rows; larger exports are made by the worker
CHUNK_SIZE = 200  # rows per worker step


def needs_background_job(lead: Lead) -> bool:
    """Return whether the export exceeds INLINE_ROW_LIMIT rows."""
    return (
        sum(personal_data.rows_about_lead(lead, model).count() for model, _ in personal_data.models_with_lead_lookup())
        > INLINE_ROW_LIMIT
    )


@transaction.atomic
def request_export(lead: Lead, *, by: Actor, now: dt.datetime) -> None:
    """Create an export job, replacing an earlier one. Idempotent while one is pending.

    Raises LeadUnavailable.
    """
    lock_lead(lead)
    previous = DataExportJob.objects.kept(now).filter(lead=lead).first()
    if previous and not previous.failed_at and not export_is_ready(previous):
        return
    personal_data.delete_data_export(lead)
    DataExportJob.objects.create(lead=lead, requested_at=now)
    record_event(lead, AuditAction.COPY_ASKED, by=by, now=now)


def export_progress(copy: DataExportJob) -> tuple[int, int]:
    """Return (done, total) chunks; the total is 1 before the job is planned."""
    parts = copy.parts.aggregate(done=models.Count("json"), all=models.Count("pk"))
    return parts["done"], parts["all"] or 1


def export_is_ready(copy: DataExportJob) -> bool:
    done, of = export_progress(copy)
    return done == of


@transaction.atomic
def download_export(copy: DataExportJob, *, by: Actor, now: dt.datetime) -> bytes:
    """Record the download and return the zip of a finished export."""
    record_event(copy.lead, AuditAction.DOWNLOADED, by=by, now=now)
    return export_archive.build_zip(
        export_archive.Chunk(personal_data.table_label(apps.get_model(part.model)), part.json or "", part.html or "")
        for part in copy.parts.all()
    )


def run_next_export_step(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: run one resumable step of the oldest data export.

    Returns 1 if work was done, else 0.
    """
    unplanned = DataExportJob.objects.filter(
        ~Exists(DataExportChunk.objects.filter(copy=OuterRef("pk"))), failed_at=None
    )
    waiting = DataExportChunk.objects.filter(json__isnull=True)
    return int(
        _run_step(unplanned.order_by("requested_at"), _plan, clock)
        or _run_step(waiting.order_by("pk"), _fill_chunk, clock)
    )


def _run_step(rows: models.QuerySet[Any], step: Callable[[Any], bool], clock: Callable[[], dt.datetime]) -> bool:
    """Run the step for the first unlocked row; return whether there was one.

    A failing export is marked as failed, so that it does not block others.
    """
    free = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        row = rows.select_for_update(skip_locked=free).first()
        if row is None:
            return False
        try:
            return step(row)
        except (Error, OSError):  # database or disk unavailable: retry later
            raise
        except Exception:
            logger.exception("a copy cannot be made")
    mark_export_failed(row.copy if isinstance(row, DataExportChunk) else row, now=clock())
    return True


@transaction.atomic
def mark_export_failed(copy: DataExportJob, *, now: dt.datetime) -> None:
    """Mark the export as failed and delete its chunks.

    Locks the job first, as `personal_data.delete_data_export` does.
    """
    for job in DataExportJob.objects.select_for_update().filter(pk=copy.pk):
        job.parts.all().delete()
        job.failed_at = now
        job.save(update_fields=["failed_at"])


def _plan(copy: DataExportJob) -> bool:
    """Create the chunks with the keys of their rows; each row is exported once.

    Returns False when another worker planned the job between query and lock.
    """
    if copy.parts.exists():
        return False
    DataExportChunk.objects.bulk_create(
        DataExportChunk(copy=copy, number=number, model=model._meta.label, keys=keys)
        for number, (model, keys) in enumerate(_plan_chunks(copy.lead))
    )
    return True


def _fill_chunk(part: DataExportChunk) -> bool:
    lead, model = part.copy.lead, apps.get_model(part.model)
    rows = Lead.objects.filter(pk=lead.pk) if model is Lead else personal_data.rows_about_lead(lead, model)
    serialized = [personal_data.serialize_row(row) for row in rows.filter(pk__in=part.keys)]
    _, part.json, part.html = export_archive.render_chunk(personal_data.table_label(model), serialized)
    part.save(update_fields=["json", "html"])
    return True


def _plan_chunks(lead: Lead) -> Iterator[tuple[type[models.Model], list[Any]]]:
    yield Lead, [lead.pk]
    for model, _ in personal_data.models_with_lead_lookup():
        keys = list(personal_data.rows_about_lead(lead, model).values_list("pk", flat=True))
        for start in range(0, max(len(keys), 1), CHUNK_SIZE):  # (a table without rows gets an empty chunk)
            yield model, [str(key) for key in keys[start : start + CHUNK_SIZE]]
