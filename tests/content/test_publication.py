"""Publication workflow: rejections, visibility and schedule."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from clinic import roles
from content.actions import drafts, publication, sign_offs
from content.actions.exceptions import EditorialError
from content.models.articles import Article
from content.models.revisions import Correction, Revision
from tests.factories import content, users

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)
NEXT_YEAR = dt.date(2027, 11, 20)
WORDS = {"title": "T", "summary": "S", "description": "D", "body": "Prose."}


@pytest.fixture
def editor(clinic):
    return users.UserFactory(role=roles.EDITOR)


@pytest.fixture
def reviewer(clinic):
    user = users.UserFactory(role=roles.REVIEWER)
    content.PersonFactory(name="Dr. Reed", user=user)
    return user


@pytest.fixture
def article(clinic):
    return content.ArticleFactory()


def edit(article, by, **changed):
    about = {name: changed.pop(name) for name in ("correction_note", "is_minor_edit") if name in changed}
    based_on = article.revisions.latest().pk
    return drafts.save_draft(article, words=article.words | changed, based_on=based_on, by=by, now=NOW, **about)


def sign(article, by, review_by=NEXT_YEAR, now=NOW):
    newest = article.revisions.latest()
    state_hash = sign_offs.state_hash(article, newest)
    return sign_offs.sign_off_article(
        article, revision_id=newest.pk, state_hash=state_hash, review_by=review_by, by=by, now=now
    )


def refusal(action, *args, **kwargs):
    with pytest.raises(EditorialError) as refused:
        action(*args, **kwargs)
    return refused.value.reasons


def test_draft_is_seen_by_nobody_until_it_is_published(article, editor, reviewer, client):
    edit(article, editor, title="Another title")
    assert b"Another title" not in client.get(article.get_absolute_url()).content
    sign(article, reviewer)
    assert b"Another title" not in client.get(article.get_absolute_url()).content
    publication.publish_article(article, by=editor, now=NOW)
    page = client.get(article.get_absolute_url()).content
    assert b"Another title" in page
    assert b"Dr. Reed" in page


def test_new_article_is_published_with_its_review(editor, reviewer):
    article = drafts.create_article(slug="new", author=content.PersonFactory(), words=WORDS, by=editor, now=NOW)
    assert not Article.objects.published().exists()
    sign(article, reviewer)
    publication.publish_article(article, by=editor, now=LATER)
    article.refresh_from_db()
    assert (article.published_at, article.updated_at) == (LATER, LATER)
    assert (article.reviewer, article.last_reviewed, article.review_by) == (reviewer.person, NOW, NEXT_YEAR)
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Started.",
        "Signed off; next review by 2027-11-20.",
        "Published.",
    ]


def test_words_of_an_unpublished_article_follow_its_draft(editor):
    article = drafts.create_article(slug="new", author=content.PersonFactory(), words=WORDS, by=editor, now=NOW)
    edit(article, editor, title="A better title")
    article.refresh_from_db()
    assert article.title == "A better title"


def test_nothing_is_published_without_a_sign_off(article, editor):
    edit(article, editor, body="New words.")
    assert refusal(publication.publish_article, article, by=editor, now=NOW) == [
        "Not yet approved by a medical reviewer."
    ]
    article.refresh_from_db()
    assert article.body == "## A heading\n\nSome prose."


@pytest.mark.parametrize("change", [{"body": "Newer words."}, {"title": "Newer"}, {"summary": "Newer"}])
@pytest.mark.parametrize("minor", [True, False])
def test_any_edit_after_a_sign_off_reopens_the_review(article, editor, reviewer, change, minor):
    edit(article, editor, body="New words.")
    sign(article, reviewer)
    edit(article, editor, is_minor_edit=minor, **change)
    assert refusal(publication.publish_article, article, by=editor, now=NOW) == [
        "Edited since Dr. Reed approved it. It needs a new approval."
    ]


def test_old_sign_off_publishes_nothing(article, editor, reviewer):
    edit(article, editor, body="New words.")
    sign(article, reviewer)
    assert refusal(publication.publish_article, article, by=editor, now=NOW + dt.timedelta(days=366)) == [
        "Dr. Reed’s approval expired on 2027-11-20."
    ]


def test_going_back_to_signed_words_needs_no_second_reading(article, editor, reviewer):
    signed = edit(article, editor, body="New words.")
    sign(article, reviewer)
    newest = edit(article, editor, body="Worse words.")
    drafts.revert_to(article, to=signed, based_on=newest.pk, by=editor, now=NOW)
    publication.publish_article(article, by=editor, now=NOW)
    article.refresh_from_db()
    assert article.body == "New words."


def test_every_finding_and_the_missing_sign_off_are_said_at_once(article, editor):
    edit(article, editor, body="One.\n\nTwo. [@nobody]\n\n::: quotation Q9\n:::")
    assert refusal(publication.publish_article, article, by=editor, now=NOW) == [
        "line 3: there is no source “nobody”",
        "line 5: there is no quotation “Q9” in the ledger",
        "Not yet approved by a medical reviewer.",
    ]


def test_signed_text_whose_source_went_is_not_published(article, editor, reviewer):
    source = content.SourceFactory(key="trial")
    edit(article, editor, body="Two. [@trial]")
    sign(article, reviewer)
    source.delete()
    assert refusal(publication.publish_article, article, by=editor, now=NOW) == ["line 1: there is no source “trial”"]


def test_same_text_is_not_published_twice(article, editor):
    assert refusal(publication.publish_article, article, by=editor, now=NOW) == ["This version is already live."]


def test_only_a_linked_medical_reviewer_signs_off(article, editor):
    edit(article, editor, body="New words.")
    content.PersonFactory(user=editor)  # an author, no reviewer
    stranger = users.UserFactory(role=roles.REVIEWER)  # a reviewer who is nobody on the site
    reasons = [
        "Your account isn’t linked to a reviewer profile. Ask an administrator to link it (Authors and reviewers)."
    ]
    assert [refusal(sign, article, user) for user in (users.UserFactory(role=roles.EDITOR), editor, stranger)] == [
        reasons
    ] * 3


def test_nobody_signs_off_their_own_edit(article, reviewer):
    edit(article, reviewer, body="A reviewer's words.")
    assert refusal(sign, article, reviewer) == ["You wrote part of this text, so someone else must approve it."]


def test_reviewer_signs_what_they_read_and_nothing_newer(article, editor, reviewer):
    read = edit(article, editor, body="Read.")
    edit(article, editor, body="Not read.")
    state_hash = sign_offs.state_hash(article, read)
    reasons = refusal(
        sign_offs.sign_off_article,
        article,
        revision_id=read.pk,
        state_hash=state_hash,
        review_by=NEXT_YEAR,
        by=reviewer,
        now=NOW,
    )
    assert reasons == ["The text was changed while you read it. Please read the newest revision."]
    assert not article.sign_offs.exists()


def test_next_review_lies_ahead(article, reviewer):
    assert refusal(sign, article, reviewer, review_by=NOW.date()) == [
        "The day of the next review must come after today."
    ]


def test_new_review_of_the_text_readers_see_shows_at_once(article, reviewer):
    sign(article, reviewer)
    article.refresh_from_db()
    assert (article.reviewer, article.last_reviewed, article.review_by) == (reviewer.person, NOW, NEXT_YEAR)
    assert article.updated_at == article.published_at


def test_minor_edit_never_moves_the_last_review(article, editor, reviewer):
    sign(article, reviewer, now=NOW)
    edit(article, editor, body="Spelled right.", is_minor_edit=True)
    sign(article, reviewer, now=LATER, review_by=dt.date(2028, 1, 1))
    publication.publish_article(article, by=editor, now=LATER)
    article.refresh_from_db()
    assert (article.body, article.last_reviewed, article.review_by) == ("Spelled right.", NOW, NEXT_YEAR)
    assert article.changed_at == LATER


def test_minor_edit_after_a_great_one_does_not_hide_it(article, editor, reviewer):
    edit(article, editor, body="Rewritten.")
    edit(article, editor, body="Rewritten, spelled right.", is_minor_edit=True)
    sign(article, reviewer, now=LATER)
    publication.publish_article(article, by=editor, now=LATER)
    article.refresh_from_db()
    assert article.last_reviewed == LATER


def test_correction_is_published_with_its_text(article, editor, reviewer):
    edit(article, editor, body="In 2012.", correction_note="We wrote 2010.")
    assert not Correction.objects.exists()
    sign(article, reviewer)
    publication.publish_article(article, by=editor, now=LATER)
    assert list(article.corrections.values_list("text", "corrected_at")) == [("We wrote 2010.", LATER)]
    edit(article, editor, body="In 2012, spelled right.", is_minor_edit=True)
    sign(article, reviewer)
    publication.publish_article(article, by=editor, now=LATER)
    assert article.corrections.count() == 1


def test_correction_cannot_be_minor(article):
    with pytest.raises(IntegrityError), transaction.atomic():
        content.RevisionFactory(article=article, correction_note="We wrote 2010.", is_minor_edit=True)


def test_two_editors_do_not_overwrite_each_other(article, editor):
    opened = article.revisions.latest().pk
    edit(article, users.UserFactory(username="ann"), body="Ann's words.")
    reasons = refusal(drafts.save_draft, article, words=WORDS, based_on=opened, by=editor, now=NOW)
    assert reasons == ["ann saved this text while you wrote. Compare with the newest revision."]
    assert article.revisions.latest().body == "Ann's words."


def test_saving_without_a_change_writes_nothing(article, editor):
    edit(article, editor)
    assert article.revisions.count() == 1


def test_scheduled_text_goes_out_at_its_time_and_not_before(article, editor, reviewer, client):
    edit(article, editor, body="From tomorrow.")
    sign(article, reviewer)
    publication.schedule_article(article, at=LATER, by=editor, now=NOW)
    assert publication.publish_due_articles(lambda: LATER - dt.timedelta(seconds=1)) == 0
    assert publication.publish_due_articles(lambda: LATER) == 1
    assert publication.publish_due_articles(lambda: LATER) == 0
    article.refresh_from_db()
    assert (article.body, article.scheduled_for, article.scheduled_by) == ("From tomorrow.", None, None)
    assert LogEntry.objects.latest("pk").user == editor


def test_only_what_could_be_published_now_is_scheduled(article, editor):
    edit(article, editor, body="Unread.")
    assert refusal(publication.schedule_article, article, at=NOW, by=editor, now=NOW) == [
        "Not yet approved by a medical reviewer.",
        "Choose a future time.",
    ]


def test_edit_calls_off_the_planned_publication(article, editor, reviewer):
    edit(article, editor, body="Planned.")
    sign(article, reviewer)
    publication.schedule_article(article, at=LATER, by=editor, now=NOW)
    edit(article, editor, body="Changed.")
    article.refresh_from_db()
    assert (article.scheduled_for, article.scheduled_by) == (None, None)


def test_planned_publication_is_called_off_by_hand(article, editor, reviewer):
    edit(article, editor, body="Planned.")
    sign(article, reviewer)
    publication.schedule_article(article, at=LATER, by=editor, now=NOW)
    publication.unschedule_article(article, by=editor, now=NOW)
    assert publication.publish_due_articles(lambda: LATER) == 0


def test_refused_publication_waits_and_keeps_back_no_other(article, editor, reviewer):
    other = content.ArticleFactory()
    source = content.SourceFactory(key="trial")
    for each, body in ((article, "Planned. [@trial]"), (other, "Planned.")):
        edit(each, editor, body=body)
        sign(each, reviewer)
        publication.schedule_article(each, at=LATER, by=editor, now=NOW)
    source.delete()
    assert publication.publish_due_articles(lambda: LATER) == 1
    assert list(Article.objects.due(LATER)) == [article]


def test_progress_is_asked_in_one_query(article, editor, reviewer):
    draft = content.ArticleFactory(published_at=None)
    edit(article, editor, body="New words.")
    sign(article, reviewer)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = {each.pk: each.is_signed_off for each in Article.objects.with_draft()}
    assert (found, len(queries)) == ({article.pk: True, draft.pk: False}, 1)
    publication.publish_article(article, by=editor, now=NOW)
    assert list(Article.objects.with_draft()) == [draft]


@pytest.mark.parametrize("factory", [content.RevisionFactory, content.SignOffFactory, content.CorrectionFactory])
def test_what_was_written_down_stays(clinic, factory):
    row = factory()
    with pytest.raises(TypeError, match="is a record"):
        row.save()
    with pytest.raises(TypeError, match="is a record"):
        row.delete()
    with pytest.raises(TypeError, match="are a record"):
        type(row).objects.update(at=NOW)
    with pytest.raises(TypeError, match="are a record"):
        type(row).objects.all().delete()


def test_shipped_text_that_changed_is_the_newest_revision_and_keeps_the_draft(article, editor):
    edit(article, editor, body="An editor's draft.")
    article.body = "From the file."
    article.save()
    drafts.create_shipped_revision(article, now=NOW)
    assert [revision.body for revision in Revision.objects.all()] == [
        "From the file.",
        "An editor's draft.",
        "## A heading\n\nSome prose.",
    ]
    assert article.live_revision.body == "From the file."
    assert article.changed_at == NOW
