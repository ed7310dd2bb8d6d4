"""Drafts of notes: what somebody typed stays theirs until it is saved or emptied.

Kept per lead and author, encrypted like the notes. Only its author ever sees a draft.
"""

import datetime as dt

from django.contrib.auth.models import User

from .models import Lead
from .note_models import NoteDraft

DRAFT_LIFETIME = dt.timedelta(days=30)


def save_draft(lead: Lead, *, author: User, text: str, now: dt.datetime) -> None:
    """Keep `text` as the draft of `author` about `lead`; an empty one discards it. Old drafts of theirs go."""
    drafts = NoteDraft.objects.filter(author=author)
    drafts.filter(updated_at__lt=now - DRAFT_LIFETIME).delete()
    if not text.strip():
        drafts.filter(lead=lead).delete()
        return
    NoteDraft.objects.update_or_create(lead=lead, author=author, defaults={"text": text, "updated_at": now})


def add_to_draft(lead: Lead, *, author: User, text: str, now: dt.datetime) -> None:
    """Keep `text` too: beside what the draft says already, unless one of the two contains the other."""
    former = draft_of(lead, author)
    if former and former.text.strip() not in text:
        text = former.text if text.strip() in former.text else f"{former.text}\n\n{text}"
    save_draft(lead, author=author, text=text, now=now)


def draft_of(lead: Lead, author: User) -> NoteDraft | None:
    """Return the draft of `author` about `lead`."""
    draft = NoteDraft.objects.filter(lead=lead, author=author).first()
    return draft if draft and draft.text else None


def discard_saved_draft(lead: Lead, *, author: User, saved: str) -> None:
    """Discard the draft if it is what was just saved; newer words stay."""
    draft = draft_of(lead, author)
    if draft and draft.text.split() == saved.split():
        draft.delete()
