"""A copy of all we hold about somebody, to take along: made while they wait, or by the worker where there is much."""

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

INLINE_ROW_LIMIT = 500  # rows: up to these, the page answers with the file itself
CHUNK_SIZE = 200  # rows that the worker reads in one go


def needs_background_job(lead: Lead) -> bool:
    """Whether the worker has to make it."""
    return (
        sum(personal_data.rows_about_lead(lead, model).count() for model, _ in personal_data.models_with_lead_lookup())
        > INLINE_ROW_LIMIT
    )


@transaction.atomic
def request_export(lead: Lead, *, by: Actor, now: dt.datetime) -> None:
    """A copy as of today will be made, in place of one made before. While one is being made, this changes nothing.

    Raises Gone.
    """
    lock_lead(lead)
    before = DataExportJob.objects.kept(now).filter(lead=lead).first()
    if before and not before.failed_at and not export_is_ready(before):
        return
    personal_data.delete_data_export(lead)
    DataExportJob.objects.create(lead=lead, requested_at=now)
    record_event(lead, AuditAction.COPY_ASKED, by=by, now=now)


def export_progress(copy: DataExportJob) -> tuple[int, int]:
    """How many parts are done, of how many; of 1 while nobody has counted."""
    parts = copy.parts.aggregate(done=models.Count("json"), all=models.Count("pk"))
    return parts["done"], parts["all"] or 1


def export_is_ready(copy: DataExportJob) -> bool:
    done, of = export_progress(copy)
    return done == of


@transaction.atomic
def download_export(copy: DataExportJob, *, by: Actor, now: dt.datetime) -> bytes:
    """The zip of a copy that is ready, and the event that it was taken."""
    record_event(copy.lead, AuditAction.DOWNLOADED, by=by, now=now)
    return export_archive.build_zip(
        export_archive.Chunk(personal_data.table_label(apps.get_model(part.model)), part.json or "", part.html or "")
        for part in copy.parts.all()
    )


def run_next_export_step(clock: Callable[[], dt.datetime]) -> int:
    """For the worker: one step of one copy; 1, or 0 when all are done. Stopped anywhere, it goes on from there."""
    unplanned = DataExportJob.objects.filter(
        ~Exists(DataExportChunk.objects.filter(copy=OuterRef("pk"))), failed_at=None
    )
    waiting = DataExportChunk.objects.filter(json__isnull=True)
    return int(
        _run_step(unplanned.order_by("requested_at"), _plan, clock)
        or _run_step(waiting.order_by("pk"), _fill_chunk, clock)
    )


def _run_step(rows: models.QuerySet[Any], step: Callable[[Any], bool], clock: Callable[[], dt.datetime]) -> bool:
    """Do the step for the first row that no other worker holds; return whether there was anything to do.

    A copy with which it fails keeps back no other.
    """
    free = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        row = rows.select_for_update(skip_locked=free).first()
        if row is None:
            return False
        try:
            return step(row)
        except (Error, OSError):  # the database is away: later
            raise
        except Exception:
            logger.exception("a copy cannot be made")
    mark_export_failed(row.copy if isinstance(row, DataExportChunk) else row, now=clock())
    return True


@transaction.atomic
def mark_export_failed(copy: DataExportJob, *, now: dt.datetime) -> None:
    """It holds what cannot be read, and no part of it is kept. (Its lock first, as in `privacy.forget_copy`.)"""
    for held in DataExportJob.objects.select_for_update().filter(pk=copy.pk):
        held.parts.all().delete()
        held.failed_at = now
        held.save(update_fields=["failed_at"])


def _plan(copy: DataExportJob) -> bool:
    """Notes which rows there are, so that each is told once, whatever is added meanwhile.

    Return False when another worker did so, between the query and the lock.
    """
    if copy.parts.exists():
        return False
    DataExportChunk.objects.bulk_create(
        DataExportChunk(copy=copy, number=number, model=model._meta.label, keys=keys)
        for number, (model, keys) in enumerate(_count_chunks(copy.lead))
    )
    return True


def _fill_chunk(part: DataExportChunk) -> bool:
    lead, model = part.copy.lead, apps.get_model(part.model)
    rows = Lead.objects.filter(pk=lead.pk) if model is Lead else personal_data.rows_about_lead(lead, model)
    said = [personal_data.serialize_row(row) for row in rows.filter(pk__in=part.keys)]
    _, part.json, part.html = export_archive.render_chunk(personal_data.table_label(model), said)
    part.save(update_fields=["json", "html"])
    return True


def _count_chunks(lead: Lead) -> Iterator[tuple[type[models.Model], list[Any]]]:
    yield Lead, [lead.pk]
    for model, _ in personal_data.models_with_lead_lookup():
        keys = list(personal_data.rows_about_lead(lead, model).values_list("pk", flat=True))
        for start in range(0, max(len(keys), 1), CHUNK_SIZE):  # (a table without rows is told of too)
            yield model, [str(key) for key in keys[start : start + CHUNK_SIZE]]
