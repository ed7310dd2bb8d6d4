"""Legal and crisis texts: an editor drafts a version, the Head publishes it."""

import datetime as dt
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from content import snapshots, text_checks
from content.models.profile import ClinicProfile
from content.models.snapshots import PageSnapshot
from content.models.texts import CrisisText, LegalText

from . import history
from .exceptions import EditorialError, refuse_broken_pages

Draft = TypeVar("Draft", LegalText, CrisisText)


@transaction.atomic
def save_text(draft: Draft, *, by: User) -> None:
    """Save a new or changed draft. Raises EditorialError if it has been published."""
    if draft.pk:
        _lock(draft)
    draft.drafted_by = by
    draft.save()


@refuse_broken_pages()
def publish_text(draft: Draft, *, on: dt.date, by: User, now: dt.datetime) -> None:
    """Publish the stored draft, effective from the day `on`. Raises EditorialError.

    A crisis text takes effect today and is copied to the clinic profile.
    """
    text = _lock(draft)
    if text.drafted_by_id == by.pk:
        raise EditorialError(["You drafted this version yourself: somebody else must publish it."])
    today = timezone.localdate(now)
    if on < today:
        raise EditorialError(["The effective date can’t be in the past."])
    if findings := text_checks.findings_in(text, today=today):
        raise EditorialError([str(finding) for finding in findings])
    if isinstance(text, CrisisText):
        if on != today:
            raise EditorialError(["Crisis messages take effect immediately. Choose today."])
        _copy_to_profile(text)
    else:
        text.snapshot = snapshot_of(text)
    text.effective_from, text.published_by = on, by
    text.save()
    history.record_change(text, f"Published; it holds from {on}.", by=by, now=now)


def snapshot_of(text: LegalText) -> PageSnapshot:
    """Store what the page of `text` shows today. Raises MarkupError."""
    state = snapshots.current_state(text.words, rows=snapshots.current_rows(), profile=ClinicProfile.current())
    return state.store()


def _lock(draft: Draft) -> Draft:
    """Lock the row until commit. Raises EditorialError if it is published."""
    row = type(draft)._default_manager.select_for_update().get(pk=draft.pk)
    if row.effective_from:
        raise EditorialError(["This version is published: people may have agreed to it. Draft a new one."])
    return row


def _copy_to_profile(text: CrisisText) -> None:
    profile = ClinicProfile.objects.select_for_update().get(pk=1)
    for name in CrisisText.FIELDS:
        setattr(profile, name, getattr(text, name))
    profile.save()
