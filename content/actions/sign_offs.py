"""Sign-offs: a medical reviewer approves a text together with every row that its page shows."""

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone

from content import page_rendering, snapshots, state_changes
from content.evidence import linter, markup
from content.evidence.findings import Finding, MarkupError
from content.models.articles import Article, Text
from content.models.people import Person
from content.models.profile import ClinicProfile
from content.models.revisions import Revision, SignOff
from content.models.snapshots import LedgerRevision, PageSnapshot, canonical_json
from content.models.sources import Source, VerificationStatus
from content.snapshots import PageState

from . import history
from .exceptions import EditorialError


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


def state_or_none(article: Article, newest: Revision) -> PageState | None:
    """Return the state to sign or publish; None if a row that it names is gone, which `findings` reports."""
    try:
        return state_changes.state_of(article, newest)
    except MarkupError:
        return None


def unverified_sources(state: PageState | None) -> list[str]:
    """Return a sentence for each source whose details nobody has seen at the source: they hold back a publication."""
    sources = state.rows.sources.values() if state else []
    waiting = [source.key for source in sources if source.status == VerificationStatus.NEEDS_CHECK]
    return [f"Verify the details of source “{key}” first." for key in waiting]


def valid_sign_off(article: Article, newest: Revision) -> SignOff | None:
    """Return the newest sign-off if it is of this very text and of what it rests on today."""
    last, state = article.sign_offs.first(), state_or_none(article, newest)
    return (
        last if last and state and last.snapshot_id == state.hash and last.content_hash == newest.content_hash else None
    )


def state_hash(article: Article, newest: Revision) -> str:
    """Return what a sign-off of `newest` binds today; empty if a row that it names is gone."""
    state = state_or_none(article, newest)
    return state.hash if state else ""


def articles_using(item: models.Model) -> list[Article]:
    """Return the articles whose published page or newest revision shows `item`."""
    row, found = (snapshots.KINDS[type(item)], getattr(item, "key", "")), []
    for article in Article.objects.select_related("author", "live_snapshot"):
        states = [article.live_snapshot.data] if article.live_snapshot else []
        newest = state_or_none(article, article.revisions.latest())
        states += [newest.as_data()] if newest else []
        if any(row in snapshots.rows_of(state) for state in states):
            found.append(article)
    return found


@lru_cache(maxsize=4)
def titles_by_row(version: str | None) -> dict[tuple[LedgerRevision.Kind, str], tuple[str, ...]]:
    """Return the titles of the pages and drafts that show each row, cached by content version."""
    profile, rows = ClinicProfile.objects.first(), snapshots.current_rows()
    newest_keys = Revision.objects.values("article").annotate(newest=Max("pk")).values("newest")
    newest = Revision.objects.filter(pk__in=newest_keys)
    drafts = {revision.article_id: revision for revision in newest}
    titles: dict[tuple[LedgerRevision.Kind, str], tuple[str, ...]] = {}
    for article in Article.objects.select_related("author", "live_snapshot"):
        states = [article.live_snapshot.data] if article.live_snapshot else []
        if profile and article.pk in drafts:
            with suppress(MarkupError):
                words = drafts[article.pk].words
                state = snapshots.current_state(words, author=article.author, rows=rows, profile=profile)
                states.append(state.as_data())
        for row in {row for state in states for row in snapshots.rows_of(state)}:
            titles[row] = (*titles.get(row, ()), article.title)
    return titles


def changes_to_sign(article: Article, newest: Revision) -> list[state_changes.StateChange]:
    """Return how the rows behind `newest` differ from those of the page that readers see, or that was last signed."""
    before, state = _base(article), state_or_none(article, newest)
    return state_changes.find_changes(before.data, state) if before and state else []


def _base(article: Article) -> PageSnapshot | None:
    last = article.sign_offs.select_related("snapshot").first()
    return article.live_snapshot or (last.snapshot if last else None)


@dataclass(frozen=True)
class EvidencePair:
    """A sentence of a page with the claims that it carries, each with its sources."""

    sentence: str
    claims: tuple[tuple[str, str, tuple[Source, ...]], ...]


def evidence_pairs(article: Article, newest: Revision) -> list[EvidencePair]:
    """Return each marked sentence beside the words of its claims and their sources, in the order of the text."""
    state = state_or_none(article, newest)
    if state is None:
        return []
    document = markup.parse(newest.body, ledger=state.rows.ledger, values=state.profile.placeholders)
    sentences = (sentence for passage in document.passages for sentence in passage.sentences if sentence.claims)
    rows = {key: (key, claim.text, tuple(claim.sources.all())) for key, claim in state.rows.claims.items()}
    return [EvidencePair(each.text, tuple(rows[key] for key in each.claims)) for each in sentences]


def reviewer_of(user: User) -> Person | None:
    """Return the person as whom `user` signs off, or None."""
    return Person.objects.filter(user=user).first() if user.has_perm("content.sign_off_article") else None


def sign_off_denied_reason(user: User, article: Article, newest: Revision) -> str:
    """Return why `user` may not sign off `newest`, as a sentence; empty if allowed."""
    person = reviewer_of(user)
    if person is None:
        return (
            "Your account isn’t linked to a reviewer profile. Ask an administrator to link it (Authors and reviewers)."
        )
    if not person.is_confirmed:
        return "Your name and role aren’t confirmed yet. Someone else must confirm them (Authors and reviewers)."
    if article.author_id == person.pk:
        return "You are the author of this page, so someone else must approve it."
    signed = article.sign_offs.exclude(reviewer=person).first()
    since = max(signed.revision_id if signed else 0, article.live_revision_id or 0)
    if article.revisions.filter(pk__gt=since, author=user).exists():
        return "You wrote part of this text, so someone else must approve it."
    if rows := _rows_written_by(user, article, newest):
        return f"You changed {', '.join(rows)}, so someone else must approve this page."
    return ""


def _rows_written_by(user: User, article: Article, newest: Revision) -> list[str]:
    """Return the rows behind `newest` that `user` changed since readers got, or somebody else signed, other ones."""
    base, state = _base(article), state_or_none(article, newest)
    before = snapshots.rows_of(base.data) if base else {}
    now = snapshots.rows_of(state.as_data() if state else {})
    changed = [row for row, values in now.items() if canonical_json(before.get(row, {})) != canonical_json(values)]
    written = LedgerRevision.objects.filter(author=user)
    return [f"{kind.label} {key}".strip() for kind, key in changed if written.filter(kind=kind, key=key).exists()]


@transaction.atomic
def sign_off_article(
    article: Article, *, revision_id: int, state_hash: str, review_by: dt.date, by: User, now: dt.datetime
) -> SignOff:
    """Record that `by` approves the state `state_hash` of revision `revision_id` until `review_by`.

    Signing off the live text publishes what it rests on today. Raises EditorialError when the text or a row behind it
    has changed since, `by` may not sign off, or `review_by` is not in the future.
    """
    article = Article.objects.select_for_update().get(pk=article.pk)
    newest = article.revisions.latest()
    state = state_or_none(article, newest)
    if newest.pk != revision_id:
        raise EditorialError(["The text was changed while you read it. Please read the newest revision."])
    if state is None:
        raise EditorialError([str(finding) for finding in findings(newest, now=now)])
    if state.hash != state_hash:
        raise EditorialError(["Its evidence was changed while you read it. Please read it again."])
    if reason := sign_off_denied_reason(by, article, newest):
        raise EditorialError([reason])
    if review_by <= timezone.localdate(now):
        raise EditorialError(["The day of the next review must come after today."])
    sign_off = SignOff.objects.create(
        article=article,
        reviewer=by.person,
        reviewer_name=by.person.name,
        reviewer_role=by.person.role,
        revision=newest,
        content_hash=newest.content_hash,
        snapshot=state.store(),
        signed_at=now,
        review_by=review_by,
    )
    if newest.pk == article.live_revision_id:
        _apply_to_live_text(article, newest, sign_off, now=now)
    history.record_change(article, f"Signed off; next review by {review_by}.", by=by, now=now)
    return sign_off


def _apply_to_live_text(article: Article, newest: Revision, sign_off: SignOff, *, now: dt.datetime) -> None:
    """Show readers the signed rows behind the live text. Raises EditorialError if a rule forbids it."""
    if article.live_snapshot_id != sign_off.snapshot_id:
        reasons = [str(finding) for finding in findings(newest, now=now)]
        if reasons := [*reasons, *unverified_sources(state_or_none(article, newest))]:
            raise EditorialError(reasons)
        article.live_snapshot = sign_off.snapshot
        article.changed_at = now
    apply_review(article, sign_off)
    article.save()


def apply_review(article: Article, sign_off: SignOff) -> None:
    """Set the review that the page names."""
    article.reviewer, article.reviewer_key = sign_off.reviewer, sign_off.reviewer.key
    article.reviewer_name, article.reviewer_role = sign_off.reviewer_name, sign_off.reviewer_role
    article.last_reviewed = sign_off.signed_at
    article.review_by = sign_off.review_by
