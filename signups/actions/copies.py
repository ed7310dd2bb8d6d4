"""A copy of all we hold about somebody, to take along: made while they wait, or by the worker where there is much."""

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.db import Error, connection, models, transaction
from django.db.models import Exists, OuterRef

from signups import archive
from signups.models import CopyPart, DataCopy, Lead
from signups.states import Verb

from . import events, privacy
from .held import locked

logger = logging.getLogger(__name__)

AT_ONCE = 500  # rows: up to these, the page answers with the file itself
PIECE = 200  # rows that the worker reads in one go


def is_large(lead: Lead) -> bool:
    """Whether the worker has to make it."""
    return sum(privacy.rows_about(lead, model).count() for model, _ in privacy.paths()) > AT_ONCE


@transaction.atomic
def ask(lead: Lead, *, by: events.Actor, now: dt.datetime) -> None:
    """A copy as of today will be made, in place of one made before. While one is being made, this changes nothing.

    Raises Gone.
    """
    locked(lead)
    before = DataCopy.objects.kept(now).filter(lead=lead).first()
    if before and not before.failed_at and not is_ready(before):
        return
    privacy.forget_copy(lead)
    DataCopy.objects.create(lead=lead, asked_at=now)
    events.record(lead, Verb.COPY_ASKED, by=by, now=now)


def progress(copy: DataCopy) -> tuple[int, int]:
    """How many parts are done, of how many; of 1 while nobody has counted."""
    parts = copy.parts.aggregate(done=models.Count("json"), all=models.Count("pk"))
    return parts["done"], parts["all"] or 1


def is_ready(copy: DataCopy) -> bool:
    done, of = progress(copy)
    return done == of


@transaction.atomic
def take(copy: DataCopy, *, by: events.Actor, now: dt.datetime) -> bytes:
    """The zip of a copy that is ready, and the event that it was taken."""
    events.record(copy.lead, Verb.DOWNLOADED, by=by, now=now)
    return archive.packed(
        archive.Piece(privacy.title(apps.get_model(part.model)), part.json or "", part.html or "")
        for part in copy.parts.all()
    )


def prepare(clock: Callable[[], dt.datetime]) -> int:
    """For the worker: one step of one copy; 1, or 0 when all are done. Stopped anywhere, it goes on from there."""
    unplanned = DataCopy.objects.filter(~Exists(CopyPart.objects.filter(copy=OuterRef("pk"))), failed_at=None)
    waiting = CopyPart.objects.filter(json__isnull=True)
    return int(_do_one(unplanned.order_by("asked_at"), _plan, clock) or _do_one(waiting.order_by("pk"), _fill, clock))


def _do_one(rows: models.QuerySet[Any], step: Callable[[Any], bool], clock: Callable[[], dt.datetime]) -> bool:
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
    fail(row.copy if isinstance(row, CopyPart) else row, now=clock())
    return True


@transaction.atomic
def fail(copy: DataCopy, *, now: dt.datetime) -> None:
    """It holds what cannot be read, and no part of it is kept. (Its lock first, as in `privacy.forget_copy`.)"""
    for held in DataCopy.objects.select_for_update().filter(pk=copy.pk):
        held.parts.all().delete()
        held.failed_at = now
        held.save(update_fields=["failed_at"])


def _plan(copy: DataCopy) -> bool:
    """Notes which rows there are, so that each is told once, whatever is added meanwhile.

    Return False when another worker did so, between the query and the lock.
    """
    if copy.parts.exists():
        return False
    CopyPart.objects.bulk_create(
        CopyPart(copy=copy, number=number, model=model._meta.label, keys=keys)
        for number, (model, keys) in enumerate(_pieces(copy.lead))
    )
    return True


def _fill(part: CopyPart) -> bool:
    lead, model = part.copy.lead, apps.get_model(part.model)
    rows = Lead.objects.filter(pk=lead.pk) if model is Lead else privacy.rows_about(lead, model)
    said = [privacy.row_in_words(row) for row in rows.filter(pk__in=part.keys)]
    _, part.json, part.html = archive.piece(privacy.title(model), said)
    part.save(update_fields=["json", "html"])
    return True


def _pieces(lead: Lead) -> Iterator[tuple[type[models.Model], list[Any]]]:
    yield Lead, [lead.pk]
    for model, _ in privacy.paths():
        keys = list(privacy.rows_about(lead, model).values_list("pk", flat=True))
        for start in range(0, max(len(keys), 1), PIECE):  # (a table without rows is told of too)
            yield model, [str(key) for key in keys[start : start + PIECE]]
