"""Ledger actions: every version of a row is kept, and a credential is confirmed by somebody else."""

import datetime as dt
import json

from django.contrib.auth.models import User
from django.db import models, transaction

from content import snapshots
from content.models.people import CredentialConfirmation, Person
from content.models.snapshots import LedgerRevision, canonical_json

from . import history
from .exceptions import EditorialError


@transaction.atomic
def record_revision(item: models.Model, *, by: User | None, now: dt.datetime) -> LedgerRevision:
    """Keep the values of `item` as a revision; return the newest when it has the same values."""
    kind, key = snapshots.KINDS[type(item)], getattr(item, "key", "")
    values = json.loads(canonical_json(snapshots.all_values(item)))
    newest = LedgerRevision.objects.filter(kind=kind, key=key).first()
    if newest and newest.values == values:
        return newest
    return LedgerRevision.objects.create(kind=kind, key=key, values=values, author=by, created_at=now)


def record_stored_revision(item: models.Model, *, now: dt.datetime) -> None:
    """Keep what the database holds of `item`, before a change overwrites it."""
    if stored := type(item)._default_manager.filter(pk=item.pk).first():
        record_revision(stored, by=None, now=now)


def revisions_of(item: models.Model) -> models.QuerySet[LedgerRevision]:
    """Return every version of `item`, newest first."""
    kind, key = snapshots.KINDS[type(item)], getattr(item, "key", "")
    return LedgerRevision.objects.filter(kind=kind, key=key).select_related("author")


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
