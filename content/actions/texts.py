"""Texts that people agree to, and what they read in a crisis: an editor drafts a version, the Head publishes it."""

import datetime as dt
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from content import page_rendering
from content.evidence.findings import MarkupError
from content.models.profile import ClinicProfile
from content.models.texts import CrisisText, LegalText

from . import history
from .exceptions import EditorialError

Draft = TypeVar("Draft", LegalText, CrisisText)


@transaction.atomic
def save_text(draft: Draft, *, by: User) -> None:
    """Keeps `draft`, new or changed. Raises Refused when it is published meanwhile."""
    if draft.pk:
        _lock(draft)
    draft.drafted_by = by
    draft.save()


@transaction.atomic
def publish_text(draft: Draft, *, on: dt.date, by: User, now: dt.datetime) -> None:
    """The version holds from the day `on`, as it stands now. Raises Refused."""
    text = _lock(draft)
    today = timezone.localdate(now)
    if on < today:
        raise EditorialError(["A text cannot have held before today."])
    if isinstance(text, CrisisText):
        if on != today:
            raise EditorialError(["What pages say in a crisis holds at once: choose today."])
        _invalidate_pages(text)
    else:
        _check(text)
    text.effective_from, text.published_by = on, by
    text.save()
    history.record_change(text, f"Published; it holds from {on}.", by=by, now=now)


def _lock(draft: Draft) -> Draft:
    row = type(draft)._default_manager.select_for_update().get(pk=draft.pk)
    if row.effective_from:
        raise EditorialError(["This version is published: people may have agreed to it. Draft a new one."])
    return row


def _invalidate_pages(text: CrisisText) -> None:
    profile = ClinicProfile.objects.select_for_update().get(pk=1)
    for name in CrisisText.FIELDS:
        setattr(profile, name, getattr(text, name))
    profile.save()


def _check(text: LegalText) -> None:
    try:
        page_rendering.build_page(
            title=text.title, summary=text.summary, body=text.body, profile=ClinicProfile.current()
        )
    except MarkupError as error:
        raise EditorialError([str(finding) for finding in error.findings]) from error
