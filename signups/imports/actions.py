"""Import leads from an uploaded CSV file, in chunks run by the worker.

Duplicates by e-mail or phone are skipped, suppressed (erased) contacts are rejected. Each imported row has one audit
event, whose idempotency key derives from the import and the row number; a chunk and its progress commit together.
Imports grant no consent: imported leads may not be called, texted or sent marketing e-mail until they consent.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from clinic.lib import identity
from clinic.lib.spreadsheets import Row
from signups.audit.actions import Actor, record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.consents.suppression_models import Suppression
from signups.leads.actions import check_transition
from signups.leads.choices import LeadStatus
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.offer import current_offer

from . import csv_parser
from .choices import ImportStatus
from .models import ImportChunk, ImportJob

ROWS_PER_CHUNK = 1000  # rows in one transaction
ERASED_ROW = "Data was erased at their request. They can only return by signing up."


@transaction.atomic
def upload_list(*, content: bytes, by: User, now: dt.datetime) -> ImportJob:
    """Store the rows of a CSV file, encrypted, with guessed columns.

    Raises ActionError with a user-facing message.
    """
    _require_permission(by)
    try:
        header, rows = csv_parser.parse_csv(content)
    except ValueError as error:
        raise ActionError(str(error)) from None
    # (Numbered as in a spreadsheet, from 2 below the header; empty rows are skipped.)
    numbered = [(number, row) for number, row in enumerate(rows, start=2) if any(row)]
    if not numbered:
        raise ActionError("The file has a header row but no data.")
    columns = csv_parser.guess_columns(header)
    job = ImportJob.objects.create(created_by=by, created_at=now, header=header, columns=columns, size=len(numbered))
    starts = range(0, len(numbered), ROWS_PER_CHUNK)
    chunks = [(start // ROWS_PER_CHUNK, numbered[start : start + ROWS_PER_CHUNK]) for start in starts]
    ImportChunk.objects.bulk_create(
        [ImportChunk(import_job=job, index=number, rows=rows, size=len(rows)) for number, rows in chunks]
    )
    record_event(None, AuditAction.ADDED, by=by, now=now, target=f"import:{job.pk}", count=job.size)
    return job


@transaction.atomic
def start_validation(*, job: ImportJob, columns: Sequence[str], by: User) -> None:
    """Set the columns and queue the import for validation, which creates no leads.

    `columns` holds a key of `csv_parser.IMPORT_FIELDS`, or "", for each column. Raises ActionError.
    """
    _require_permission(by)
    _set_status(job, ImportStatus.CHECKING, [ImportStatus.COLUMNS, ImportStatus.CHECKED])
    ImportJob.objects.filter(pk=job.pk).update(columns=list(columns))


@transaction.atomic
def start_import(*, job: ImportJob, by: User, now: dt.datetime) -> None:
    """Queue a validated import for the worker, attributed to `by`.

    Raises ActionError.
    """
    _require_permission(by)
    _set_status(job, ImportStatus.RUNNING, [ImportStatus.CHECKED])
    ImportJob.objects.filter(pk=job.pk).update(created_by=by)
    record_event(None, AuditAction.IMPORT_BEGUN, by=by, now=now, target=f"import:{job.pk}", count=job.size)


@transaction.atomic
def cancel_import(*, job: ImportJob, by: Actor, now: dt.datetime) -> None:
    """Cancel the import and delete its remaining rows; created leads stay. Idempotent.

    Raises ActionError when `by` lacks the permission.
    """
    if isinstance(by, User):
        _require_permission(by)
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    if job.status not in (ImportStatus.DONE, ImportStatus.DROPPED):
        ImportJob.objects.filter(pk=job.pk).update(status=ImportStatus.DROPPED)
        record_event(None, AuditAction.DELETED, by=by, now=now, target=f"import:{job.pk}")
    ImportJob.objects.filter(pk=job.pk).update(header=[])
    job.parts.update(**ImportChunk.PII_FIELDS)


def rejected_rows(job: ImportJob, *, by: User, now: dt.datetime) -> Iterator[Row]:
    """Return the rejected rows as (reason, row number, cells while they are stored).

    Raises ActionError.
    """
    _require_permission(by)
    count = job.figures()["refused"]
    record_event(None, AuditAction.EXPORTED, by=by, now=now, target=f"import:{job.pk}", count=count)
    return _iterate_rejected(job)


def _iterate_rejected(job: ImportJob) -> Iterator[Row]:
    for part in job.parts.exclude(rejected=[]).iterator(chunk_size=10):
        cells = dict(part.rows)
        for number, why in part.rejected:
            yield [why, str(number), *cells.get(number, [])]


def run_next_import_step(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: validate one import, or import one chunk.

    Returns the number of rows processed, 0 when there is nothing to do.
    """
    if checking := ImportJob.objects.filter(status=ImportStatus.CHECKING).order_by("pk").first():
        return _validate_job(checking, clock())
    try:
        return _import_chunk(clock())
    except IntegrityError:  # a concurrent sign-up: the retry counts that lead as a duplicate
        return 0


def remove_person(addresses: Collection[str]) -> None:
    """Delete stored rows that mention any of these e-mail addresses or E.164 numbers."""
    for part in ImportChunk.objects.select_for_update().filter(rows__isnull=False).order_by("pk"):
        matching = {
            number
            for number, cells in part.rows
            if any(csv_parser.row_mentions(cells, address) for address in addresses)
        }
        if matching:
            ImportChunk.objects.filter(pk=part.pk).update(
                rows=[row for row in part.rows if row[0] not in matching],
                rejected=[
                    *(row for row in part.rejected if row[0] not in matching),
                    *([n, ERASED_ROW] for n in matching),
                ],
            )


@dataclass
class ChunkResult:
    """Outcome of validating some rows."""

    new: dict[int, dict[str, Any]] = field(default_factory=dict)  # row number → fields of the lead
    known: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


def _validate_job(job: ImportJob, now: dt.datetime) -> int:
    """Validate all chunks of the import, without a lock.

    Idempotent: an interrupted or concurrent run ends with the same result. Returns the number of rows.
    """
    seen: set[str] = set()
    for part in job.parts.all():
        found = _validate_rows(part, job, seen, now)
        ImportChunk.objects.filter(pk=part.pk, done_at=None).update(
            created_count=len(found.new), duplicate_count=found.known, rejected=found.refused
        )
    ImportJob.objects.filter(pk=job.pk, status=ImportStatus.CHECKING).update(status=ImportStatus.CHECKED)
    return job.size


@transaction.atomic
def _import_chunk(now: dt.datetime) -> int:
    """Import the next chunk of the oldest running import.

    Returns its number of rows; 0 when there is none, or another worker has locked the import. Imports run one at a
    time, because two at once could create the same lead twice.
    """
    first = ImportJob.objects.filter(status=ImportStatus.RUNNING).order_by("pk").first()
    if first is None:
        return 0
    skip = connection.features.has_select_for_update_skip_locked
    locked = ImportJob.objects.select_for_update(skip_locked=skip).filter(pk=first.pk, status=ImportStatus.RUNNING)
    if (job := locked.first()) is None:
        return 0
    part = job.parts.select_for_update().filter(done_at=None).first()
    if part is None:
        ImportJob.objects.filter(pk=job.pk).update(status=ImportStatus.DONE)
        return 0
    found = _validate_rows(part, job, set(), now)
    _create_leads(found.new, job, now)
    correctable = {number for number, why in found.refused if why != ERASED_ROW}
    ImportChunk.objects.filter(pk=part.pk).update(
        created_count=len(found.new),
        duplicate_count=found.known,
        rejected=found.refused,
        rows=[row for row in part.rows if row[0] in correctable],
        done_at=now,
    )
    return part.size


def _validate_rows(part: ImportChunk, job: ImportJob, seen: set[str], now: dt.datetime) -> ChunkResult:
    """Validate the rows of `part` into leads to create, duplicates and rejected rows.

    `seen` holds the e-mail addresses and numbers of earlier rows; those of this chunk are added.
    """
    clinic, found = current_offer(), ChunkResult()
    # Rows deleted because of an erasure stay rejected.
    found.refused = [(number, why) for number, why in part.rejected if why == ERASED_ROW]
    for number, cells in part.rows:
        try:
            fields = csv_parser.lead_fields(
                csv_parser.row_values(cells, job.columns),
                region=clinic.phone_region,
                time_zone=clinic.time_zone,
                now=now,
            )
            if fields["status"] != LeadStatus.NEW:
                fields["close_reason"] = check_transition(
                    LeadStatus.NEW, fields["status"], by=job.created_by, reason=fields["close_reason"]
                )
            else:
                fields["close_reason"] = ""
        except (ValueError, ActionError) as why:
            found.refused.append((number, str(why)))
        else:
            found.new[number] = {**fields, "created_at": now}
    _split_duplicates(found, seen)
    return found


def _split_duplicates(found: ChunkResult, seen: set[str]) -> None:
    """Move duplicates and suppressed contacts out of `found.new`."""
    mailboxes = {number: identity.canonical_mailbox(lead["email_key"]) for number, lead in found.new.items()}
    live, numbers = Lead.objects.live().order_by(), [lead["phone_e164"] for lead in found.new.values()]
    seen |= {*live.with_mailbox(mailboxes.values()).values_list("mailbox", flat=True)}
    seen |= {*live.with_number(numbers).values_list("phone_e164", flat=True)}
    # (Queried last: a lead erased between the two queries is either in `seen` or suppressed.)
    contacts = {lead[key] for lead in found.new.values() for key in ("email_key", "phone_e164")} - {""}
    erased = Suppression.objects.among(contacts)
    for number, lead in list(found.new.items()):
        keys = {mailboxes[number], lead["phone_e164"]} - {""}
        if erased & {lead["email_key"], lead["phone_e164"]}:
            found.refused.append((number, ERASED_ROW))
        elif keys & seen:
            found.known += 1
        else:
            seen |= keys
            continue
        del found.new[number]
    found.refused.sort()


def _create_leads(found: dict[int, dict[str, Any]], job: ImportJob, now: dt.datetime) -> None:
    people = Lead.objects.bulk_create([Lead(**fields) for fields in found.values()], batch_size=ROWS_PER_CHUNK)
    by: dict[str, Any] = {"actor_kind": ActorKind.STAFF, "actor_id": job.created_by_id, "occurred_at": now}
    events = []
    for number, lead in zip(found, people, strict=True):
        key, detail = uuid.uuid5(job.public_id, str(number)), {"import": job.pk, "row": number}
        events.append(
            AuditEvent(lead_id=lead.pk, action=AuditAction.IMPORTED, idempotency_key=key, detail=detail, **by)
        )
        if lead.status != LeadStatus.NEW:
            moved = {"seen": LeadStatus.NEW.value, "to": str(lead.status)}
            events.append(AuditEvent(lead_id=lead.pk, action=AuditAction.MOVED, detail=moved, **by))
    AuditEvent.objects.bulk_create(events, batch_size=ROWS_PER_CHUNK)


def _set_status(job: ImportJob, to: ImportStatus, allowed: list[ImportStatus]) -> None:
    """Change the status. Raises ActionError when the status is none of `allowed`.

    Happens when somebody else has changed the import meanwhile.
    """
    if not ImportJob.objects.filter(pk=job.pk, status__in=allowed).update(status=to):
        raise ActionError("This import has moved on. Refresh the page.")


def _require_permission(by: User) -> None:
    if not by.has_perm("signups.import_lead"):
        raise ActionError("Only the Head of Customer Care imports leads.")
