"""Publication: sign-off by a medical reviewer, then publishing."""

import datetime as dt
from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from content import page_rendering
from content.evidence import linter
from content.evidence.findings import Finding
from content.models.articles import Article, Text
from content.models.people import Person
from content.models.profile import ClinicProfile
from content.models.revisions import Correction, Revision, SignOff

from . import history
from .exceptions import EditorialError, refuse_broken_pages


def findings(text: Text, *, now: dt.datetime) -> list[Finding]:
    """Lint `text` against today's ledger; publication requires an empty list."""
    return linter.lint(
        title=text.title,
        summary=text.summary,
        description=text.description,
        body=text.body,
        ledger=page_rendering.ledger(),
        values=ClinicProfile.current().placeholders,
        today=timezone.localdate(now),
    )


def blocking_reasons(article: Article, newest: Revision, *, now: dt.datetime) -> list[str]:
    """Return why `newest` may not be published, as sentences; empty if it may."""
    if newest.pk == article.live_revision_id:
        return ["This version is already live."]
    reasons = [str(finding) for finding in findings(newest, now=now)]
    if not is_signed_off(article, newest, now):
        last = article.sign_offs.first()
        if last and last.content_hash == newest.content_hash:
            reasons.append(f"{last.reviewer}’s approval expired on {last.review_by}.")
        elif last:
            reasons.append(f"Edited since {last.reviewer} approved it. It needs a new approval.")
        else:
            reasons.append("Not yet approved by a medical reviewer.")
    return reasons


def is_signed_off(article: Article, newest: Revision, now: dt.datetime) -> bool:
    """Return whether this exact text is signed off and its review not overdue."""
    return article.sign_offs.filter(content_hash=newest.content_hash, review_by__gte=timezone.localdate(now)).exists()


def reviewer_of(user: User) -> Person | None:
    """Return the person as whom `user` signs off, or None."""
    return Person.objects.filter(user=user).first() if user.has_perm("content.sign_off_article") else None


def sign_off_denied_reason(user: User, newest: Revision) -> str:
    """Return why `user` may not sign off `newest`, as a sentence; empty if allowed."""
    if reviewer_of(user) is None:
        return (
            "Your account isn’t linked to a reviewer profile. Ask an administrator to link it (Authors and reviewers)."
        )
    if newest.author_id == user.pk:
        return "You made the last edit, so someone else must approve it."
    return ""


@transaction.atomic
def sign_off_article(article: Article, *, revision_id: int, review_by: dt.date, by: User, now: dt.datetime) -> SignOff:
    """Record that `by` approves the text of revision `revision_id` until `review_by`.

    Signing off the live text updates its review date at once. Raises EditorialError when the text has changed since,
    `by` may not sign off, or `review_by` is not in the future.
    """
    article = Article.objects.select_for_update().get(pk=article.pk)
    newest = article.revisions.latest()
    if newest.pk != revision_id:
        raise EditorialError(["The text was changed while you read it. Please read the newest revision."])
    if reason := sign_off_denied_reason(by, newest):
        raise EditorialError([reason])
    if review_by <= timezone.localdate(now):
        raise EditorialError(["The day of the next review must come after today."])
    sign_off = SignOff.objects.create(
        article=article, reviewer=by.person, content_hash=newest.content_hash, signed_at=now, review_by=review_by
    )
    if newest.pk == article.live_revision_id:
        _apply_review(article, sign_off)
        article.save()
    history.record_change(article, f"Signed off; next review by {review_by}.", by=by, now=now)
    return sign_off


@refuse_broken_pages()
def publish_article(article: Article, *, by: User, now: dt.datetime) -> None:
    """Publish the newest revision. Raises EditorialError with every blocking reason."""
    article = Article.objects.select_for_update().get(pk=article.pk)
    newest = article.revisions.latest()
    if reasons := blocking_reasons(article, newest, now=now):
        raise EditorialError(reasons)
    if not _is_minor(article):
        _apply_review(article, article.sign_offs.filter(content_hash=newest.content_hash).latest())
    for name, value in newest.words.items():
        setattr(article, name, value)
    if newest.correction_note:
        Correction.objects.create(article=article, corrected_at=now, text=newest.correction_note)
    if article.published_at:
        article.changed_at = now
    else:
        article.published_at = now
    article.live_revision = newest
    article.scheduled_for = article.scheduled_by = None
    article.save()
    history.record_change(article, "Published.", by=by, now=now)


@transaction.atomic
def schedule_article(article: Article, *, at: dt.datetime, by: User, now: dt.datetime) -> None:
    """Schedule the newest revision for publication at `at`; a later edit cancels it.

    Raises EditorialError with every blocking reason.
    """
    article = Article.objects.select_for_update().get(pk=article.pk)
    reasons = blocking_reasons(article, article.revisions.latest(), now=now)
    if at <= now:
        reasons.append("Choose a future time.")
    if reasons:
        raise EditorialError(reasons)
    article.scheduled_for, article.scheduled_by = at, by
    article.save()
    history.record_change(article, f"To be published at {at:%Y-%m-%d %H:%M} UTC.", by=by, now=now)


@transaction.atomic
def unschedule_article(article: Article, *, by: User, now: dt.datetime) -> None:
    """Cancel the scheduled publication. Idempotent."""
    article = Article.objects.select_for_update().get(pk=article.pk)
    article.scheduled_for = article.scheduled_by = None
    article.save()
    history.record_change(article, "The planned publication was called off.", by=by, now=now)


def publish_due_articles(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: publish articles whose scheduled time has come; return how many.

    An article that cannot be published stays in the review queue and is retried at the next run.
    """
    published = 0
    for article in Article.objects.due(clock()).select_related("scheduled_by"):
        try:
            published += _publish_if_due(article.pk, now=clock())
        except EditorialError:
            continue
    return published


@transaction.atomic
def _publish_if_due(pk: int, *, now: dt.datetime) -> bool:
    """Publish one article; return False if another worker or an editor was faster."""
    article = Article.objects.select_for_update().due(now).filter(pk=pk).first()
    if article is None or article.scheduled_by is None:
        return False
    publish_article(article, by=article.scheduled_by, now=now)
    return True


def _is_minor(article: Article) -> bool:
    """Return whether all edits since the live revision are minor.

    False before the first publication.
    """
    return (
        bool(article.live_revision_id)
        and not article.revisions.filter(pk__gt=article.live_revision_id, is_minor_edit=False).exists()
    )


def _apply_review(article: Article, sign_off: SignOff) -> None:
    article.reviewer = sign_off.reviewer
    article.last_reviewed = sign_off.signed_at
    article.review_by = sign_off.review_by
