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

from signups import intake, normalise, terms
from signups.models import Event, Import, ImportPart, Lead, Suppression
from signups.sheets import Row
from signups.states import ActorKind, ImportStage, LeadStatus, Verb

from . import events, leads
from .leads import Refused

PART = 1000  # rows in one transaction
FORGOTTEN = "They asked us to forget them. They can only come back by signing up themselves."


@transaction.atomic
def upload(*, content: bytes, by: User, now: dt.datetime) -> Import:
    """Keeps the cells of a CSV file, encrypted, with a guess at its columns. Raises Refused, in words."""
    _check(by)
    try:
        header, rows = intake.read(content)
    except ValueError as error:
        raise Refused(str(error)) from None
    # (As a spreadsheet numbers them, below the headings; empty ones say nothing.)
    numbered = [(number, row) for number, row in enumerate(rows, start=2) if any(row)]
    if not numbered:
        raise Refused("There are no rows below the headings.")
    columns = intake.guess(header)
    made = Import.objects.create(by=by, created_at=now, header=header, columns=columns, size=len(numbered))
    starts = range(0, len(numbered), PART)
    parts = [(start // PART, numbered[start : start + PART]) for start in starts]
    ImportPart.objects.bulk_create(
        [ImportPart(whole=made, number=number, rows=rows, size=len(rows)) for number, rows in parts]
    )
    events.record(None, Verb.ADDED, by=by, now=now, subject=f"import:{made.pk}", count=made.size)
    return made


@transaction.atomic
def look_through(*, whole: Import, columns: Sequence[str], by: User) -> None:
    """`columns` says what each column holds; the worker looks through the rows, which changes nothing else yet."""
    _check(by)
    _move(whole, ImportStage.CHECKING, [ImportStage.COLUMNS, ImportStage.CHECKED])
    Import.objects.filter(pk=whole.pk).update(columns=list(columns))


@transaction.atomic
def begin(*, whole: Import, by: User, now: dt.datetime) -> None:
    """From now on the worker takes them in, in the name of `by`."""
    _check(by)
    _move(whole, ImportStage.RUNNING, [ImportStage.CHECKED])
    Import.objects.filter(pk=whole.pk).update(by=by)
    events.record(None, Verb.IMPORT_BEGUN, by=by, now=now, subject=f"import:{whole.pk}", count=whole.size)


@transaction.atomic
def drop(*, whole: Import, by: events.Actor, now: dt.datetime) -> None:
    """What is left of the list is deleted; nobody more comes in by it, who came in stays. Again, it changes nothing."""
    if isinstance(by, User):
        _check(by)
    whole = Import.objects.select_for_update().get(pk=whole.pk)
    if whole.stage not in (ImportStage.DONE, ImportStage.DROPPED):
        Import.objects.filter(pk=whole.pk).update(stage=ImportStage.DROPPED)
        events.record(None, Verb.DELETED, by=by, now=now, subject=f"import:{whole.pk}")
    Import.objects.filter(pk=whole.pk).update(header=[])
    whole.parts.update(**ImportPart.PERSONAL)


def refused(whole: Import, *, by: User, now: dt.datetime) -> Iterator[Row]:
    """The rows that are not taken in, to be mended: why, their number, and their cells while they are kept."""
    _check(by)
    count = whole.figures()["refused"]
    events.record(None, Verb.EXPORTED, by=by, now=now, subject=f"import:{whole.pk}", count=count)
    return _refused(whole)


def _refused(whole: Import) -> Iterator[Row]:
    for part in whole.parts.exclude(refused=[]).iterator(chunk_size=10):
        cells = dict(part.rows)
        for number, why in part.refused:
            yield [why, str(number), *cells.get(number, [])]


def work(clock: Callable[[], dt.datetime]) -> int:
    """The worker's job: looks through a list, or takes in one part of one; how many rows it dealt with."""
    if checking := Import.objects.filter(stage=ImportStage.CHECKING).order_by("pk").first():
        return _look_through(checking, clock())
    try:
        return _take_in_a_part(clock())
    except IntegrityError:  # somebody signed up themselves this moment: next time they are known
        return 0


def forget(addresses: Collection[str]) -> None:
    """Takes every row that names one of these addresses and numbers (E.164) out of the lists that are still kept."""
    for part in ImportPart.objects.select_for_update().filter(rows__isnull=False).order_by("pk"):
        about = {number for number, cells in part.rows if any(intake.is_about(cells, address) for address in addresses)}
        if about:
            ImportPart.objects.filter(pk=part.pk).update(
                rows=[row for row in part.rows if row[0] not in about],
                refused=[*(row for row in part.refused if row[0] not in about), *([n, FORGOTTEN] for n in about)],
            )


@dataclass
class Findings:
    """What became, or would become, of some rows."""

    new: dict[int, dict[str, Any]] = field(default_factory=dict)  # row → the columns of the lead
    known: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


def _look_through(whole: Import, now: dt.datetime) -> int:
    """All parts, one after the other, without a lock: interrupted, or by two at once, it comes to the same."""
    seen: set[str] = set()
    for part in whole.parts.all():
        found = _judge(part, whole, seen, now)
        ImportPart.objects.filter(pk=part.pk, done_at=None).update(
            created=len(found.new), known=found.known, refused=found.refused
        )
    Import.objects.filter(pk=whole.pk, stage=ImportStage.CHECKING).update(stage=ImportStage.CHECKED)
    return whole.size


@transaction.atomic
def _take_in_a_part(now: dt.datetime) -> int:
    """The next part of the import that has waited longest; 0 when there is none, or another worker is at it.

    One import at a time: two at once could both find a number to be nobody's.
    """
    first = Import.objects.filter(stage=ImportStage.RUNNING).order_by("pk").first()
    if first is None:
        return 0
    skip = connection.features.has_select_for_update_skip_locked
    held = Import.objects.select_for_update(skip_locked=skip).filter(pk=first.pk, stage=ImportStage.RUNNING)
    if (whole := held.first()) is None:
        return 0
    part = whole.parts.select_for_update().filter(done_at=None).first()
    if part is None:
        Import.objects.filter(pk=whole.pk).update(stage=ImportStage.DONE)
        return 0
    found = _judge(part, whole, set(), now)
    _create(found.new, whole, now)
    to_mend = {number for number, why in found.refused if why != FORGOTTEN}
    ImportPart.objects.filter(pk=part.pk).update(
        created=len(found.new),
        known=found.known,
        refused=found.refused,
        rows=[row for row in part.rows if row[0] in to_mend],
        done_at=now,
    )
    return part.size


def _judge(part: ImportPart, whole: Import, seen: set[str], now: dt.datetime) -> Findings:
    """Sorts the rows of `part`; `seen` holds the mailboxes and numbers of the rows before, and gets those of these."""
    clinic, found = terms.current(), Findings()
    # Those whose rows were taken out, because somebody had their data erased meanwhile.
    found.refused = [(number, why) for number, why in part.refused if why == FORGOTTEN]
    for number, cells in part.rows:
        try:
            fields = intake.person(
                intake.told(cells, whole.columns), region=clinic.phone_region, time_zone=clinic.time_zone, now=now
            )
            if fields["status"] != LeadStatus.NEW:
                fields["close_reason"] = leads.check_move(
                    LeadStatus.NEW, fields["status"], by=whole.by, reason=fields["close_reason"]
                )
            else:
                fields["close_reason"] = ""
        except (ValueError, Refused) as why:
            found.refused.append((number, str(why)))
        else:
            found.new[number] = {**fields, "created_at": now}
    _sort_out(found, seen)
    return found


def _sort_out(found: Findings, seen: set[str]) -> None:
    """Takes those out of `found.new` who are known, or want to be forgotten."""
    mailboxes = {number: normalise.mailbox(lead["email_key"]) for number, lead in found.new.items()}
    seen |= Lead.objects.live().holding(mailboxes.values(), [lead["phone_e164"] for lead in found.new.values()])
    # (Asked last: whoever is erased between the two questions was still known, or is already suppressed.)
    contacts = {lead[key] for lead in found.new.values() for key in ("email_key", "phone_e164")} - {""}
    erased = Suppression.objects.among(contacts)
    for number, lead in list(found.new.items()):
        keys = {mailboxes[number], lead["phone_e164"]} - {""}
        if erased & {lead["email_key"], lead["phone_e164"]}:
            found.refused.append((number, FORGOTTEN))
        elif keys & seen:
            found.known += 1
        else:
            seen |= keys
            continue
        del found.new[number]
    found.refused.sort()


def _create(found: dict[int, dict[str, Any]], whole: Import, now: dt.datetime) -> None:
    people = Lead.objects.bulk_create([Lead(**fields) for fields in found.values()], batch_size=PART)
    by: dict[str, Any] = {"actor_kind": ActorKind.STAFF, "actor_id": whole.by_id, "at": now}
    told = []
    for number, lead in zip(found, people, strict=True):
        key, detail = uuid.uuid5(whole.public_id, str(number)), {"import": whole.pk, "row": number}
        told.append(Event(lead_id=lead.pk, verb=Verb.IMPORTED, form_key=key, detail=detail, **by))
        if lead.status != LeadStatus.NEW:
            moved = {"seen": LeadStatus.NEW.value, "to": str(lead.status)}
            told.append(Event(lead_id=lead.pk, verb=Verb.MOVED, detail=moved, **by))
    Event.objects.bulk_create(told, batch_size=PART)


def _move(whole: Import, to: ImportStage, seen: list[ImportStage]) -> None:
    """Raises Refused when it is not there, also because of somebody else just now."""
    if not Import.objects.filter(pk=whole.pk, stage__in=seen).update(stage=to):
        raise Refused("This import has gone on meanwhile. Look at it again.")


def _check(by: User) -> None:
    if not by.has_perm("signups.import_lead"):
        raise Refused("Only the Head of Customer Care imports leads.")
