"""Ledger actions: every version of a row is kept, and a credential is confirmed by somebody else."""

import datetime as dt
import json
from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone

from content import snapshots
from content.models.claims import Claim
from content.models.content_version import ContentVersion
from content.models.people import CredentialConfirmation, Person
from content.models.snapshots import LedgerRevision, canonical_json
from content.models.sources import Quotation, Source, VerificationStatus

from . import history
from .exceptions import EditorialError

# What a check compared: after a change of these fields nobody has compared the entry yet.
CHECKED_FIELDS: dict[type[models.Model], set[str]] = {
    Claim: {"text", "detail", "sources"},
    Quotation: {"text", "speaker", "source"},
    Source: {"authors", "title", "container", "year", "doi", "pmid", "url", "evidence_type", "sample_size"},
}


@transaction.atomic
def record_revision(item: models.Model, *, by: User | None, now: dt.datetime) -> LedgerRevision:
    """Keep the values of `item` as a revision; return the newest when it has the same values."""
    kind, key = snapshots.KINDS[type(item)], getattr(item, "key", "")
    values = json.loads(canonical_json(snapshots.all_values(item)))
    newest: LedgerRevision | None = LedgerRevision.objects.filter(kind=kind, key=key).first()
    if newest and newest.values == values:
        return newest
    revision: LedgerRevision = LedgerRevision.objects.create(
        kind=kind, key=key, values=values, author=by, created_at=now
    )
    return revision


def record_stored_revision(item: models.Model, *, now: dt.datetime) -> None:
    """Keep what the database holds of `item`, before a change overwrites it."""
    if stored := type(item)._default_manager.filter(pk=item.pk).first():
        record_revision(stored, by=None, now=now)


def revisions_of(item: models.Model) -> models.QuerySet[LedgerRevision]:
    """Return every version of `item`, newest first."""
    kind, key = snapshots.KINDS[type(item)], getattr(item, "key", "")
    return LedgerRevision.objects.filter(kind=kind, key=key).select_related("author")


@transaction.atomic
def check_entry(entry: Claim | Quotation, *, by: User, now: dt.datetime) -> None:
    """Record that `by` compared the entry with its sources today; pages print the name. Raises EditorialError."""
    entry = type(entry)._default_manager.select_for_update().get(pk=entry.pk)
    sources = entry.sources.all() if isinstance(entry, Claim) else [entry.source]
    if unverified := [source.key for source in sources if source.status == VerificationStatus.NEEDS_CHECK]:
        raise EditorialError([f"Verify the details of the source first: {', '.join(unverified)}."])
    person = Person.objects.filter(user=by).first()
    name = person.name if person else by.get_full_name()
    if not name:
        raise EditorialError(["Your account has no name. Pages print who compared a claim with its sources."])
    entry.checked_on, entry.checked_by = timezone.localdate(now), name
    entry.save()
    record_revision(entry, by=by, now=now)
    history.record_change(entry, "Checked against its sources.", by=by, now=now)


def clear_checks(item: models.Model, changed: Collection[str]) -> None:
    """Forget who compared an entry with its sources, when a saved change of the fields `changed` leaves that behind."""
    if type(item) not in CHECKED_FIELDS or not CHECKED_FIELDS[type(item)] & set(changed):
        return
    entries: list[models.QuerySet[Any]] = []
    if isinstance(item, Source):
        entries = [item.claims.all(), item.quotations.all()]
    else:
        entries = [type(item)._default_manager.filter(pk=item.pk)]
    for entry in entries:
        entry.update(checked_on=None, checked_by="")
    item.refresh_from_db()
    ContentVersion.invalidate()


def confirmation_denied_reason(user: User, person: Person) -> str:
    """Return why `user` may not confirm this name and role, as a sentence; empty if allowed."""
    if not user.has_perm("content.confirm_person"):
        return "Only somebody who may confirm people’s names and roles can do this."
    if person.user_id == user.pk:
        return "Nobody confirms their own name and role."
    if _credential_author(person) == user.pk:
        return "You wrote this name and role yourself: somebody else must confirm them."
    return ""


def _credential_author(person: Person) -> int | None:
    """Return the account that gave `person` today's name and role."""
    author = None
    for revision in revisions_of(person):
        if (revision.values.get("name"), revision.values.get("role")) != person.credential:
            break
        author = revision.author_id
    return author


@transaction.atomic
def confirm_credential(person: Person, *, by: User, now: dt.datetime) -> CredentialConfirmation:
    """Record that `by` confirms the person's name and role as stored. Raises EditorialError."""
    person = Person.objects.select_for_update().get(pk=person.pk)
    if reason := confirmation_denied_reason(by, person):
        raise EditorialError([reason])
    confirmation = CredentialConfirmation.objects.create(
        person=person, name=person.name, role=person.role, confirmed_by=by, confirmed_at=now
    )
    history.record_change(person, f"Confirmed: {person.name}, {person.role}.", by=by, now=now)
    return confirmation
