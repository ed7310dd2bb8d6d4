"""Import leads from an uploaded list, in chunks run by the worker.

Every row ends as one RowOutcome. People are matched as `clinic.lib.identity` says; a row about somebody known fills
what is empty there and overwrites nothing; erased people's rows are rejected. Each created lead has one audit event,
whose idempotency key derives from the import and the row number; a chunk and its progress commit together. Imports
grant no consent: imported leads may not be called, texted or sent marketing e-mail until they consent. Opt-outs are
imported.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from clinic.lib import bulk_sql
from clinic.lib.spreadsheets import Row
from signups.audit.actions import Actor, LeadEvent, record_event, record_events
from signups.audit.choices import AuditAction
from signups.audit.staff_users import owners_by_name
from signups.consents.suppression_models import Suppression
from signups.leads.choices import LeadStatus
from signups.leads.locking import ActionError
from signups.leads.models import Lead, name_forms
from signups.leads.tag_models import LeadTag, Tag
from signups.offer import current_offer

from . import file_reader, headings, matching, outcomes, row_parser
from .choices import ImportStatus, RowOutcome
from .models import ImportChunk, ImportJob
from .outcomes import RowResult

ROWS_PER_CHUNK = 1000  # rows in one transaction
SAMPLES = 3  # cells shown of each column
ERASED_ROW = "Data was erased at their request. They can only return by signing up."


@transaction.atomic
def upload_list(*, content: bytes, by: User, now: dt.datetime) -> ImportJob:
    """Store the rows of a file, encrypted, with guessed columns, the fullest rows first.

    Raises ActionError with a user-facing message.
    """
    require_import_permission(by)
    try:
        table = file_reader.read_table(content)
    except ValueError as error:
        raise ActionError(str(error)) from None
    numbered = sorted(table.rows, key=matching.sort_key)
    cells = [row for _, row in table.rows]
    columns = headings.guess_columns(table.header, cells)
    by_column = [[row[at] for row in cells if row[at]] for at in range(len(columns))]
    job = ImportJob.objects.create(
        created_by=by,
        created_at=now,
        header=table.header,
        columns=columns,
        samples=[filled[:SAMPLES] for filled in by_column],
        opt_outs=[at for at, name in enumerate(table.header) if headings.looks_like_opt_out(name, by_column[at])],
        encoding=table.encoding,
        empty_columns=table.empty,
        size=len(numbered),
    )
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

    `columns` holds a key of `headings.IMPORT_FIELDS`, or "", for each column. Raises ActionError.
    """
    require_import_permission(by)
    set_status(job, ImportStatus.CHECKING, [ImportStatus.COLUMNS, ImportStatus.CHECKED])
    ImportJob.objects.filter(pk=job.pk).update(columns=list(columns))


@transaction.atomic
def start_import(*, job: ImportJob, by: User, now: dt.datetime, tag: Tag | None = None) -> None:
    """Queue a validated import for the worker, attributed to `by`; created leads get `tag`.

    Raises ActionError.
    """
    require_import_permission(by)
    set_status(job, ImportStatus.RUNNING, [ImportStatus.CHECKED])
    ImportJob.objects.filter(pk=job.pk).update(created_by=by, started_at=now, tag=tag)
    record_event(None, AuditAction.IMPORT_BEGUN, by=by, now=now, target=f"import:{job.pk}", count=job.size)


@transaction.atomic
def cancel_import(*, job: ImportJob, by: Actor, now: dt.datetime) -> None:
    """Cancel the import and delete its remaining rows; created leads stay. Idempotent.

    Raises ActionError when `by` lacks the permission.
    """
    if isinstance(by, User):
        require_import_permission(by)
    job = ImportJob.objects.select_for_update().only("status").get(pk=job.pk)  # (its cells may be unreadable)
    if job.status in (ImportStatus.COLUMNS, ImportStatus.CHECKING, ImportStatus.CHECKED, ImportStatus.RUNNING):
        ImportJob.objects.filter(pk=job.pk).update(status=ImportStatus.DROPPED)
        record_event(None, AuditAction.DELETED, by=by, now=now, target=f"import:{job.pk}")
    ImportJob.objects.filter(pk=job.pk).update(header=[], samples=[])
    job.parts.update(**ImportChunk.PII_FIELDS)


def result_rows(job: ImportJob, *, by: User, now: dt.datetime) -> Iterator[Row]:
    """Return all rows with their outcome (`outcomes.result_table`), and record the export.

    Raises ActionError.
    """
    require_import_permission(by)
    record_event(None, AuditAction.EXPORTED, by=by, now=now, target=f"import:{job.pk}", count=job.size)
    return outcomes.result_table(job)


def run_next_import_step(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: validate one import, or import one chunk.

    Returns the number of rows processed, 0 when there is nothing to do.
    """
    if checking := ImportJob.objects.filter(status=ImportStatus.CHECKING).order_by("pk").first():
        return _validate_job(checking, clock())
    try:
        return _import_chunk(clock())
    except IntegrityError:  # a concurrent sign-up: the retry matches that lead
        return 0


@dataclass
class ChunkResult:
    """Outcome of validating some rows: the result of each, and the fields of the new leads by row number."""

    results: list[RowResult]
    new: dict[int, row_parser.PersonRow]
    filled: list[tuple[RowResult, dict[str, Any]]]

    def counts(self) -> dict[str, Any]:
        """Return the column values of the chunk that say what happened."""
        by_outcome = Counter(result.outcome for result in self.results)
        counts: dict[str, Any] = {f"{outcome}_count": by_outcome[outcome] for outcome in RowOutcome}
        noted = sum(bool(result.notes) for result in self.results)
        return counts | {"noted_count": noted, "outcomes": [result.to_json() for result in self.results]}


def _validate_job(job: ImportJob, now: dt.datetime) -> int:
    """Validate all chunks of the import, without a lock.

    Idempotent: an interrupted or concurrent run ends with the same result. Returns the number of rows.
    """
    parts = list(job.parts.filter(done_at=None))
    parsed = {part.pk: _parse_rows(part, job, now) for part in parts}
    people = [
        person.identity for rows in parsed.values() for _, person in rows if isinstance(person, row_parser.PersonRow)
    ]
    shared = matching.shared_numbers(people)
    index = matching.PersonIndex(shared)
    for part in parts:
        rows = parsed.pop(part.pk)
        found = _match_rows(part, rows, index)
        shared_rows = [
            number
            for number, person in rows
            if isinstance(person, row_parser.PersonRow) and person.fields["phone_e164"] in shared
        ]
        ImportChunk.objects.filter(pk=part.pk, done_at=None).update(**found.counts(), shared_rows=shared_rows)
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
    rows = _parse_rows(part, job, now)
    flagged = {*part.shared_rows}
    shared = {
        person.fields["phone_e164"]
        for number, person in rows
        if number in flagged and isinstance(person, row_parser.PersonRow)
    }
    found = _match_rows(part, rows, matching.PersonIndex(shared), lock=True)
    _create_leads(found, job, now)
    _update_leads(found, job, now)
    correctable = {one.number for one in found.results if one.outcome == RowOutcome.REJECTED and one.why != ERASED_ROW}
    ImportChunk.objects.filter(pk=part.pk).update(
        **found.counts(), rows=[row for row in part.rows if row[0] in correctable], done_at=now
    )
    return part.size


ParsedRow = tuple[int, row_parser.PersonRow | str]  # row number, and what it says or why it is rejected


def _parse_rows(part: ImportChunk, job: ImportJob, now: dt.datetime) -> list[ParsedRow]:
    clinic = current_offer()
    defaults = row_parser.Defaults(clinic.phone_region, clinic.time_zone, now)
    parsed: list[ParsedRow] = []
    for number, cells in part.rows:
        try:
            parsed.append((number, row_parser.parse_row(row_parser.row_values(cells, job.columns), defaults)))
        except ValueError as why:
            parsed.append((number, str(why)))
    _resolve_owners([person for _, person in parsed if isinstance(person, row_parser.PersonRow)])
    return parsed


def _resolve_owners(people: list[row_parser.PersonRow]) -> None:
    """Set `owner_id` of each by the name or username of a member of staff who may own leads."""
    staff = owners_by_name() if any(person.owner for person in people) else {}
    for person in people:
        person.fields["owner_id"] = staff.get(person.owner.casefold()) if person.owner else None
        if person.owner and person.fields["owner_id"] is None:
            person.notes.append("Owner left out: nobody on the staff has this name.")


def _match_rows(
    part: ImportChunk, rows: list[ParsedRow], index: matching.PersonIndex, *, lock: bool = False
) -> ChunkResult:
    """Decide how each row ends. `index` holds the people of earlier rows; those of this chunk are added."""
    found = ChunkResult([RowResult(number, RowOutcome.REJECTED, why=ERASED_ROW) for number in part.erased_rows], {}, [])
    people = [(number, person) for number, person in rows if isinstance(person, row_parser.PersonRow)]
    index.load_leads([person.identity for _, person in people], lock=lock)
    # (Queried last: a lead erased between the queries is either known or suppressed.)
    contacts = {person.fields[key] for _, person in people for key in ("email_key", "phone_e164")} - {""}
    suppressed = Suppression.objects.among(contacts)
    for number, person in rows:
        if isinstance(person, str):
            found.results.append(RowResult(number, RowOutcome.REJECTED, why=person))
        elif suppressed & {person.fields["email_key"], person.fields["phone_e164"]}:
            found.results.append(RowResult(number, RowOutcome.REJECTED, why=ERASED_ROW))
        elif known := index.find(person.identity):
            filled = known.fill(_fields_for(known, person, index))
            index.add(known)
            outcome = RowOutcome.UPDATED if filled else RowOutcome.DUPLICATE
            result = RowResult(number, outcome, known.lead_id, known.row, notes=person.notes, filled=sorted(filled))
            found.results.append(result)
            if filled:
                found.filled.append((result, filled))
                if known.row in found.new:
                    found.new[known.row].fields.update(filled)
        else:
            found.results.append(RowResult(number, RowOutcome.CREATED, notes=person.notes))
            found.new[number] = person
            index.add(matching.KnownPerson(dict(person.fields), row=number))
    return found


def _fields_for(
    known: matching.KnownPerson, person: row_parser.PersonRow, index: matching.PersonIndex
) -> dict[str, Any]:
    """Return what the row may fill: only opt-outs where its name and number are those of another lead, who has them."""
    other = index.find(replace(person.identity, email_key=""))
    if other is None or (other.lead_id, other.row) == (known.lead_id, known.row):
        return person.fields
    nothing: dict[str, Any] = dict.fromkeys(matching.MATCHED_COLUMNS, "") | {"zone_is_guessed": True}
    return nothing | {name: person.fields[name] for name in matching.OPT_OUT_COLUMNS}


def _create_leads(found: ChunkResult, job: ImportJob, now: dt.datetime) -> None:
    """Create the new leads with their events and tags, and tell the results which lead their row became."""
    keys = bulk_sql.insert_rows(Lead, [_lead_row(person, job) for person in found.new.values()])
    by_row = dict(zip(found.new, keys, strict=True))
    events = []
    for number, lead in by_row.items():
        key, detail = uuid.uuid5(job.public_id, str(number)), {"import": job.pk, "row": number}
        events.append(LeadEvent(lead, AuditAction.IMPORTED, detail, key))
        status = found.new[number].fields["status"]
        if status != LeadStatus.NEW:
            events.append(LeadEvent(lead, AuditAction.MOVED, {"seen": LeadStatus.NEW.value, "to": str(status)}))
    record_events(events, by=job.created_by, now=now)
    for result in found.results:
        row = result.number if result.outcome == RowOutcome.CREATED else result.same_row or 0
        if row in by_row:
            result.lead, result.same_row = by_row[row], None
    _tag_leads(found, by_row, job)


def _lead_row(person: row_parser.PersonRow, job: ImportJob) -> dict[str, Any]:
    """Return the columns of a new lead that have no default."""
    return person.fields | name_forms(person.fields) | {"public_id": uuid.uuid4(), "import_job_id": job.pk}


def _tag_leads(found: ChunkResult, by_row: dict[int, int], job: ImportJob) -> None:
    """Add the tag of the import, and those of each row that staff can choose."""
    names = {tag.casefold() for person in found.new.values() for tag in person.tags}
    if not names and not job.tag_id:
        return
    known = {tag.name.casefold(): tag.pk for tag in Tag.objects.filter(is_active=True)} if names else {}
    notes = {result.number: result.notes for result in found.results}
    rows = []
    for number, lead in by_row.items():
        own = {tag.casefold() for tag in found.new[number].tags}
        if own - known.keys():
            notes[number].append("Tags left out: they are not in the list of tags.")
        rows += [
            LeadTag(lead_id=lead, tag_id=tag)
            for tag in {known[name] for name in own & known.keys()} | {job.tag_id} - {None}
        ]
    LeadTag.objects.bulk_create(rows, batch_size=ROWS_PER_CHUNK)


def _update_leads(found: ChunkResult, job: ImportJob, now: dt.datetime) -> None:
    """Write what rows fill in leads that existed before this chunk."""
    created = {result.lead for result in found.results if result.outcome == RowOutcome.CREATED}
    changes: dict[int, dict[str, Any]] = {}
    events: list[LeadEvent] = []
    for result, filled in found.filled:
        if result.lead is None or result.lead in created:  # (written with it)
            continue
        changes.setdefault(result.lead, {}).update(filled)
        detail: dict[str, Any] = {"changed": result.filled, "import": job.pk, "row": result.number}
        events.append(LeadEvent(result.lead, AuditAction.DETAILS_CHANGED, detail))
    bulk_sql.update_rows(Lead, {key: values | name_forms(values) for key, values in changes.items()})
    record_events(events, by=job.created_by, now=now)


def set_status(job: ImportJob, to: ImportStatus, allowed: list[ImportStatus]) -> None:
    """Change the status. Raises ActionError when the status is none of `allowed`.

    Happens when somebody else has changed the import meanwhile.
    """
    if not ImportJob.objects.filter(pk=job.pk, status__in=allowed).update(status=to):
        raise ActionError("This import has moved on. Refresh the page.")


def require_import_permission(by: User) -> None:
    if not by.has_perm("signups.import_lead"):
        raise ActionError("Only the Head of Customer Care imports leads.")
