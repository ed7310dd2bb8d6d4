"""Actions on the clinic profile: what pages and mails say of the clinic changes by two people."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from content import snapshots, text_checks
from content.models.profile import ClinicProfile, ProfileProposal
from content.models.snapshots import canonical_json

from . import history, ledger
from .exceptions import EditorialError, refuse_broken_pages


def confirmed_fields() -> set[str]:
    """Return the fields that change only once a second person confirms: those that readers see."""
    return {each.name for each in snapshots.shown_fields(ClinicProfile)} | {"states"}


@transaction.atomic
def propose_change(values: Mapping[str, Any], *, by: User, now: dt.datetime) -> ProfileProposal:
    """Keep `values` by field for somebody else to confirm; they replace an open proposal of the same person."""
    ProfileProposal.objects.undecided().filter(proposed_by=by).update(decided_at=now, decided_by=by)
    plain = json.loads(canonical_json(values))
    proposal = ProfileProposal.objects.create(values=plain, proposed_by=by, proposed_at=now)
    history.record_change(ClinicProfile.current(), f"Proposed: {', '.join(sorted(values))}.", by=by, now=now)
    return proposal


def change_denied_reason(user: User, proposal: ProfileProposal) -> str:
    """Return why `user` may not confirm `proposal`, as a sentence; empty if allowed."""
    if not user.has_perm("content.confirm_clinicprofile"):
        return "Only somebody who may confirm the clinic’s facts can do this."
    if proposal.proposed_by_id == user.pk:
        return "You proposed this yourself: somebody else must confirm it."
    return ""


@refuse_broken_pages()
def confirm_change(pk: int, *, by: User, now: dt.datetime) -> ClinicProfile:
    """Put a proposal into effect. Raises EditorialError."""
    proposal = _lock(pk)
    if reason := change_denied_reason(by, proposal):
        raise EditorialError([reason])
    profile = ClinicProfile.objects.select_for_update().get(pk=1)
    ledger.record_stored_revision(profile, now=now)
    columns = {field.name: field for field in profile._meta.concrete_fields}
    for name in proposal.values.keys() & confirmed_fields():
        setattr(profile, name, columns[name].to_python(proposal.values[name]))
    try:
        profile.full_clean()
    except ValidationError as error:
        raise EditorialError(error.messages) from error
    if findings := text_checks.findings_in(profile, today=timezone.localdate(now)):
        raise EditorialError([str(finding) for finding in findings])
    profile.save()
    ledger.record_revision(profile, by=proposal.proposed_by, now=now)
    proposal.decided_by, proposal.decided_at, proposal.was_confirmed = by, now, True
    proposal.save()
    history.record_change(profile, f"Confirmed: {', '.join(sorted(proposal.values))}.", by=by, now=now)
    return profile


@transaction.atomic
def drop_change(pk: int, *, by: User, now: dt.datetime) -> None:
    """Discard a proposal. Raises EditorialError if it was decided."""
    proposal = _lock(pk)
    proposal.decided_by, proposal.decided_at = by, now
    proposal.save()
    history.record_change(ClinicProfile.current(), "Dropped a proposal.", by=by, now=now)


def _lock(pk: int) -> ProfileProposal:
    """Lock an open proposal until commit. Raises EditorialError."""
    proposal = ProfileProposal.objects.select_for_update().undecided().filter(pk=pk).first()
    if proposal is None:
        raise EditorialError(["This proposal was decided already, or replaced by a newer one."])
    return proposal
