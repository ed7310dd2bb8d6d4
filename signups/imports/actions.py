"""Taking in people from a list of somebody else's: uploaded, looked through, and then run by the worker, part by part.

Nobody comes in twice: who is known by mailbox or number stays as they are; a row of an import has one event, whose key
is the row's (`form_key`); and a part is taken in, with its progress, in one transaction. Whoever was erased stays out.
A list proves no agreement, so none is noted: nobody who comes this way may be called, texted or sent news before they
say so themselves.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from clinic.lib import normalization
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
ERASED_ROW = "They asked us to forget them. They can only come back by signing up themselves."


@transaction.atomic
def upload_list(*, content: bytes, by: User, now: dt.datetime) -> ImportJob:
    """Keeps the cells of a CSV file, encrypted, with a guess at its columns. Raises Refused, in words."""
    _require_status(by)
    try:
        header, rows = csv_parser.parse_csv(content)
    except ValueError as error:
        raise ActionError(str(error)) from None
    # (As a spreadsheet numbers them, below the headings; empty ones say nothing.)
    numbered = [(number, row) for number, row in enumerate(rows, start=2) if any(row)]
    if not numbered:
        raise ActionError("There are no rows below the headings.")
    columns = csv_parser.guess_columns(header)
    made = ImportJob.objects.create(created_by=by, created_at=now, header=header, columns=columns, size=len(numbered))
    starts = range(0, len(numbered), ROWS_PER_CHUNK)
    parts = [(start // ROWS_PER_CHUNK, numbered[start : start + ROWS_PER_CHUNK]) for start in starts]
    ImportChunk.objects.bulk_create(
        [ImportChunk(import_job=made, index=number, rows=rows, size=len(rows)) for number, rows in parts]
    )
    record_event(None, AuditAction.ADDED, by=by, now=now, target=f"import:{made.pk}", count=made.size)
    return made


@transaction.atomic
def start_validation(*, whole: ImportJob, columns: Sequence[str], by: User) -> None:
    """`columns` says what each column holds; the worker looks through the rows, which changes nothing else yet."""
    _require_status(by)
    _set_status(whole, ImportStatus.CHECKING, [ImportStatus.COLUMNS, ImportStatus.CHECKED])
    ImportJob.objects.filter(pk=whole.pk).update(columns=list(columns))


@transaction.atomic
def start_import(*, whole: ImportJob, by: User, now: dt.datetime) -> None:
    """From now on the worker takes them in, in the name of `by`."""
    _require_status(by)
    _set_status(whole, ImportStatus.RUNNING, [ImportStatus.CHECKED])
    ImportJob.objects.filter(pk=whole.pk).update(created_by=by)
    record_event(None, AuditAction.IMPORT_BEGUN, by=by, now=now, target=f"import:{whole.pk}", count=whole.size)


@transaction.atomic
def cancel_import(*, whole: ImportJob, by: Actor, now: dt.datetime) -> None:
    """What is left of the list is deleted; nobody more comes in by it, who came in stays. Again, it changes nothing."""
    if isinstance(by, User):
        _require_status(by)
    whole = ImportJob.objects.select_for_update().get(pk=whole.pk)
    if whole.status not in (ImportStatus.DONE, ImportStatus.DROPPED):
        ImportJob.objects.filter(pk=whole.pk).update(status=ImportStatus.DROPPED)
        record_event(None, AuditAction.DELETED, by=by, now=now, target=f"import:{whole.pk}")
    ImportJob.objects.filter(pk=whole.pk).update(header=[])
    whole.parts.update(**ImportChunk.PII_FIELDS)


def rejected_rows(whole: ImportJob, *, by: User, now: dt.datetime) -> Iterator[Row]:
    """The rows that are not taken in, to be mended: why, their number, and their cells while they are kept."""
    _require_status(by)
    count = whole.figures()["refused"]
    record_event(None, AuditAction.EXPORTED, by=by, now=now, target=f"import:{whole.pk}", count=count)
    return _rejected_in_chunk(whole)


def _rejected_in_chunk(whole: ImportJob) -> Iterator[Row]:
    for part in whole.parts.exclude(rejected=[]).iterator(chunk_size=10):
        cells = dict(part.rows)
        for number, why in part.rejected:
            yield [why, str(number), *cells.get(number, [])]


def run_next_import_step(clock: Callable[[], dt.datetime]) -> int:
    """The worker's job: looks through a list, or takes in one part of one; how many rows it dealt with."""
    if checking := ImportJob.objects.filter(status=ImportStatus.CHECKING).order_by("pk").first():
        return _validate_chunk(checking, clock())
    try:
        return _import_chunk(clock())
    except IntegrityError:  # somebody signed up themselves this moment: next time they are known
        return 0


def remove_person(addresses: Collection[str]) -> None:
    """Takes every row that names one of these addresses and numbers (E.164) out of the lists that are still kept."""
    for part in ImportChunk.objects.select_for_update().filter(rows__isnull=False).order_by("pk"):
        about = {
            number
            for number, cells in part.rows
            if any(csv_parser.row_mentions(cells, address) for address in addresses)
        }
        if about:
            ImportChunk.objects.filter(pk=part.pk).update(
                rows=[row for row in part.rows if row[0] not in about],
                rejected=[*(row for row in part.rejected if row[0] not in about), *([n, ERASED_ROW] for n in about)],
            )


@dataclass
class ChunkResult:
    """What became, or would become, of some rows."""

    new: dict[int, dict[str, Any]] = field(default_factory=dict)  # row → the columns of the lead
    known: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


def _validate_chunk(whole: ImportJob, now: dt.datetime) -> int:
    """All parts, one after the other, without a lock: interrupted, or by two at once, it comes to the same."""
    seen: set[str] = set()
    for part in whole.parts.all():
        found = _validate_rows(part, whole, seen, now)
        ImportChunk.objects.filter(pk=part.pk, done_at=None).update(
            created_count=len(found.new), duplicate_count=found.known, rejected=found.refused
        )
    ImportJob.objects.filter(pk=whole.pk, status=ImportStatus.CHECKING).update(status=ImportStatus.CHECKED)
    return whole.size


@transaction.atomic
def _import_chunk(now: dt.datetime) -> int:
    """The next part of the import that has waited longest; 0 when there is none, or another worker is at it.

    One import at a time: two at once could both find a number to be nobody's.
    """
    first = ImportJob.objects.filter(status=ImportStatus.RUNNING).order_by("pk").first()
    if first is None:
        return 0
    skip = connection.features.has_select_for_update_skip_locked
    held = ImportJob.objects.select_for_update(skip_locked=skip).filter(pk=first.pk, status=ImportStatus.RUNNING)
    if (whole := held.first()) is None:
        return 0
    part = whole.parts.select_for_update().filter(done_at=None).first()
    if part is None:
        ImportJob.objects.filter(pk=whole.pk).update(status=ImportStatus.DONE)
        return 0
    found = _validate_rows(part, whole, set(), now)
    _create_leads(found.new, whole, now)
    to_mend = {number for number, why in found.refused if why != ERASED_ROW}
    ImportChunk.objects.filter(pk=part.pk).update(
        created_count=len(found.new),
        duplicate_count=found.known,
        rejected=found.refused,
        rows=[row for row in part.rows if row[0] in to_mend],
        done_at=now,
    )
    return part.size


def _validate_rows(part: ImportChunk, whole: ImportJob, seen: set[str], now: dt.datetime) -> ChunkResult:
    """Sorts the rows of `part`; `seen` holds the mailboxes and numbers of the rows before, and gets those of these."""
    clinic, found = current_offer(), ChunkResult()
    # Those whose rows were taken out, because somebody had their data erased meanwhile.
    found.refused = [(number, why) for number, why in part.rejected if why == ERASED_ROW]
    for number, cells in part.rows:
        try:
            fields = csv_parser.lead_fields(
                csv_parser.row_values(cells, whole.columns),
                region=clinic.phone_region,
                time_zone=clinic.time_zone,
                now=now,
            )
            if fields["status"] != LeadStatus.NEW:
                fields["close_reason"] = check_transition(
                    LeadStatus.NEW, fields["status"], by=whole.created_by, reason=fields["close_reason"]
                )
            else:
                fields["close_reason"] = ""
        except (ValueError, ActionError) as why:
            found.refused.append((number, str(why)))
        else:
            found.new[number] = {**fields, "created_at": now}
    _split_known(found, seen)
    return found


def _split_known(found: ChunkResult, seen: set[str]) -> None:
    """Takes those out of `found.new` who are known, or want to be forgotten."""
    mailboxes = {number: normalization.canonical_mailbox(lead["email_key"]) for number, lead in found.new.items()}
    seen |= Lead.objects.live().holding(mailboxes.values(), [lead["phone_e164"] for lead in found.new.values()])
    # (Asked last: whoever is erased between the two questions was still known, or is already suppressed.)
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


def _create_leads(found: dict[int, dict[str, Any]], whole: ImportJob, now: dt.datetime) -> None:
    people = Lead.objects.bulk_create([Lead(**fields) for fields in found.values()], batch_size=ROWS_PER_CHUNK)
    by: dict[str, Any] = {"actor_kind": ActorKind.STAFF, "actor_id": whole.created_by_id, "occurred_at": now}
    told = []
    for number, lead in zip(found, people, strict=True):
        key, detail = uuid.uuid5(whole.public_id, str(number)), {"import": whole.pk, "row": number}
        told.append(AuditEvent(lead_id=lead.pk, action=AuditAction.IMPORTED, idempotency_key=key, detail=detail, **by))
        if lead.status != LeadStatus.NEW:
            moved = {"seen": LeadStatus.NEW.value, "to": str(lead.status)}
            told.append(AuditEvent(lead_id=lead.pk, action=AuditAction.MOVED, detail=moved, **by))
    AuditEvent.objects.bulk_create(told, batch_size=ROWS_PER_CHUNK)


def _set_status(whole: ImportJob, to: ImportStatus, seen: list[ImportStatus]) -> None:
    """Raises Refused when it is not there, also because of somebody else just now."""
    if not ImportJob.objects.filter(pk=whole.pk, status__in=seen).update(status=to):
        raise ActionError("This import has gone on meanwhile. Look at it again.")


def _require_status(by: User) -> None:
    if not by.has_perm("signups.import_lead"):
        raise ActionError("Only the Head of Customer Care imports leads.")
