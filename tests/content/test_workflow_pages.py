"""Editorial workflow pages: content, actions and permissions."""

import datetime as dt
import re

import pytest
from django.test import Client

from clinic import roles
from content import previews as content_previews
from content.actions import sign_offs
from content.models.articles import Article
from content.models.revisions import Revision
from content.models.sources import Quotation
from content.models.texts import LegalText
from tests.factories import content, leads, users

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
ADD = "/admin/content/article/add/"
ATTENTION = "/admin/content/article/attention/"
WORDS = {"title": "New title", "summary": "S", "description": "D", "body": "New words."}


@pytest.fixture
def article(clinic):
    return content.ArticleFactory()


@pytest.fixture
def editor(client, clinic):
    client.force_login(users.UserFactory(username="ed", role=roles.EDITOR))
    return client


@pytest.fixture
def reviewer(clinic):
    client = Client()
    user = users.UserFactory(role=roles.REVIEWER)
    content.PersonFactory(name="Dr. Reed", user=user)
    client.force_login(user)
    return client


def at(article, place="change/"):
    return place if place.startswith("/") else f"/admin/content/article/{article.pk}/{place}"


def save(client, article, **changed):
    form = {**WORDS, "based_on": article.revisions.latest().pk, **changed}
    return client.post(at(article), form, follow=True)


def sign(client, article, **changed):
    newest = article.revisions.latest()
    state_hash = sign_offs.state_hash(article, newest)
    form = {"read": newest.pk, "state_hash": state_hash, "review_by": "2099-01-01", **changed}
    return client.post(at(article, "sign-off/"), form, follow=True)


def text_of(response):
    return response.content.decode()


def test_article_is_started_reviewed_and_published(editor, reviewer):
    form = {**WORDS, "slug": "new", "author": content.PersonFactory().pk}
    page = text_of(editor.post(ADD, form, follow=True))
    article = Article.objects.get()
    assert "Not published" in page
    assert "Not yet approved by a medical reviewer." in page
    assert "Publish now" not in page
    assert editor.get("/learn/new/").status_code == 404
    assert "Approved." in text_of(sign(reviewer, article))
    assert "Publish now" in text_of(editor.get(at(article)))
    assert "Published." in text_of(editor.post(at(article, "publish/"), follow=True))
    assert "New words." in text_of(editor.get("/learn/new/"))


def test_taken_address_is_refused(editor, article):
    form = {**WORDS, "slug": article.slug, "author": article.author.pk}
    assert "Article with this Slug already exists." in text_of(editor.post(ADD, form))


def test_saving_what_nobody_changed_writes_nothing(editor, article):
    page = text_of(editor.get(at(article)))
    based_on = re.search(r'name="based_on" value="(\d+)"', page)[1]
    form = {**article.words, "body": article.body.replace("\n", "\r\n"), "based_on": based_on}
    Revision.objects.create(article=article, created_at=NOW, **{**article.words, "body": article.body + "\n"})
    form["based_on"] = article.revisions.latest().pk
    assert "Nothing was changed." in text_of(editor.post(at(article), form, follow=True))
    assert article.revisions.count() == 2


def test_preview_shows_typed_words_and_saves_nothing(editor, article):
    form = {**WORDS, "based_on": article.revisions.latest().pk}
    page = text_of(editor.post(at(article, "preview/"), form))
    shadow = page.split('<template shadowrootmode="open">')[1].split("</template>")[0]
    assert "<p>New words.</p>" in shadow
    assert "clinic/site.css" in shadow
    assert "site-header" not in shadow
    assert article.revisions.count() == 1


def test_preview_of_a_landing_page_is_that_page(editor, clinic):
    landing = content.ArticleFactory(kind="landing", slug="landing")
    assert 'class="hero"' in text_of(editor.get(at(landing)))


@pytest.mark.parametrize(
    ("body", "finding", "line"),
    [
        ("One.\r\n\r\nText. [@nobody]", "line 3: there is no source “nobody”", "Text. [@nobody]"),
        ("{x}", "line 1: {x} stands for nothing", "{x}"),
    ],
)
def test_findings_stand_beside_the_text_with_their_lines(editor, article, body, finding, line):
    form = {**WORDS, "body": body, "based_on": article.revisions.latest().pk}
    page = text_of(editor.post(at(article, "preview/"), form))
    assert f"<strong>{finding}</strong> <q>{line}</q>" in page
    assert "Fix the issues above" in page


def test_publication_is_refused_in_words(editor, article):
    save(editor, article, body="Text. [@nobody]")
    page = text_of(editor.post(at(article, "publish/"), follow=True))
    assert "line 1: there is no source “nobody”" in page
    assert "Not yet approved by a medical reviewer." in page
    assert Article.objects.get().body == "## A heading\n\nSome prose."


def test_text_that_somebody_else_saved_meanwhile_is_not_lost(editor, article):
    opened = article.revisions.latest().pk
    save(editor, article, body="First.")
    page = text_of(save(editor, article, body="Second.", based_on=opened))
    assert "While you wrote, ed saved this text." in page
    assert "Second." in page
    assert article.revisions.latest().body == "First.\n"


def test_correction_is_no_minor_edit(editor, article):
    page = text_of(save(editor, article, correction_note="We wrote 2010.", is_minor_edit="on"))
    assert "A correction is never a minor edit." in page
    assert article.revisions.count() == 1


def test_publication_is_planned_in_the_clinics_time_and_called_off(editor, reviewer, article, time_machine):
    time_machine.move_to(NOW)
    save(editor, article)
    sign(reviewer, article)
    editor.post(at(article, "schedule/"), {"at": "2026-11-21T09:30"})
    article.refresh_from_db()
    assert article.scheduled_for == dt.datetime(2026, 11, 21, 14, 30, tzinfo=dt.UTC)
    editor.post(at(article, "unschedule/"))
    article.refresh_from_db()
    assert article.scheduled_for is None
    assert "Choose a date and time" in text_of(editor.post(at(article, "schedule/"), {"at": "soon"}, follow=True))


def test_reviewer_sees_what_changed_and_reads_it_whole(editor, reviewer, article):
    save(editor, article, body="## A heading\n\nSome verse.")
    page = text_of(reviewer.get(at(article, "sign-off/")))
    assert "Some <del>prose</del><ins>verse</ins>." in page
    assert "<p>Some verse.</p>" in page


def test_author_of_the_last_edit_finds_no_button(reviewer, editor, article):
    save(editor, article)
    person = article.revisions.latest().author
    person.groups.add(*users.UserFactory(role=roles.REVIEWER).groups.all())
    content.PersonFactory(user=person)
    page = text_of(editor.get(at(article, "sign-off/")))
    assert "You wrote part of this text" in page
    assert "Sign off this text" not in page
    assert "You wrote part of this text" in text_of(sign(editor, article))
    assert not article.sign_offs.exists()


def test_older_revision_comes_back_as_a_draft(editor, article):
    first = article.revisions.latest()
    save(editor, article)
    page = text_of(editor.post(at(article, f"revisions/{first.pk}/revert/"), follow=True))
    assert f"The draft has the words of revision {first.pk} again." in page
    assert article.revisions.latest().words == first.words
    assert article.revisions.count() == 3


def test_revision_of_another_article_is_not_found(editor, article):
    other = content.ArticleFactory().revisions.latest()
    assert editor.get(at(article, f"revisions/{other.pk}/")).status_code == 404
    assert editor.post(at(article, f"revisions/{other.pk}/revert/")).status_code == 404


def test_revisions_say_who_did_what(editor, reviewer, article):
    save(editor, article, correction_note="We wrote 2010.")
    sign(reviewer, article)
    editor.post(at(article, "publish/"))
    page = text_of(editor.get(at(article, "revisions/")))
    for words in (
        "Live",
        "Dr. Reed, Nurse, next review due Jan 1, 2099",
        "We wrote 2010.",
        "ed: Published.",
    ):
        assert words in page


PAGES = ["change/", "sign-off/", "revisions/", ATTENTION, ADD]
ACTIONS = ["change/", "preview/", "sign-off/", "publish/", "schedule/", "unschedule/", "links/", "links/call-back/"]


@pytest.mark.parametrize(
    ("role", "seen", "done"),
    [
        (roles.EDITOR, ["change/", "revisions/", ATTENTION, ADD], [d for d in ACTIONS if d != "sign-off/"]),
        (roles.REVIEWER, ["change/", "sign-off/", "revisions/", ATTENTION], ["sign-off/"]),
        (roles.AUDITOR, ["change/", "revisions/", ATTENTION], []),
        (roles.HEAD, ["change/", "revisions/", ATTENTION], []),
        (roles.COORDINATOR, [], []),
    ],
)
def test_each_role_sees_and_does_its_own(client, article, role, seen, done):
    client.force_login(users.UserFactory(role=role))
    assert [page for page in PAGES if client.get(at(article, page)).status_code == 200] == seen
    assert [action for action in ACTIONS if client.post(at(article, action)).status_code != 403] == done


@pytest.mark.parametrize("action", [action for action in ACTIONS if action not in ("change/", "sign-off/")])
def test_nothing_is_done_by_a_get(editor, article, action):
    before = Article.objects.values().get(), article.revisions.count()
    response = editor.get(at(article, action))
    assert (response.status_code, response["Location"].startswith("/admin/content/article/")) == (302, True)
    assert (Article.objects.values().get(), article.revisions.count()) == before


def test_auditor_reads_without_a_form(client, article):
    client.force_login(users.UserFactory(role=roles.AUDITOR))
    page = text_of(client.get(at(article)))
    assert "Some prose." in page
    assert "<textarea" not in page
    assert "Preview link" not in page


def test_only_a_superuser_links_an_account_to_a_person(client, editor):
    person, user = content.PersonFactory(), users.UserFactory()
    form = {"key": person.key, "name": "Dr. Ed", "role": "Doctor", "bio": "", "user": user.pk}
    path = f"/admin/content/person/{person.pk}/change/"
    editor.post(path, form)
    person.refresh_from_db()
    assert (person.name, person.user) == ("Dr. Ed", None)
    editor.force_login(users.UserFactory(is_superuser=True))
    editor.post(path, form)
    person.refresh_from_db()
    assert person.user == user


def preview_link(client, article):
    page = text_of(client.post(at(article, "links/")))
    return re.search(r"/preview/[^\"]+", page)[0]


def test_preview_link_shows_the_draft_to_anybody_and_to_no_machine(editor, article):
    save(editor, article)
    response = Client().get(preview_link(editor, article))
    assert "New words." in text_of(response)
    assert "This is a draft." in text_of(response)
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert not response.cookies


def test_preview_link_ends_after_a_week(editor, article, time_machine):
    time_machine.move_to(NOW, tick=False)
    link = preview_link(editor, article)
    time_machine.move_to(NOW + content_previews.LIFETIME, tick=False)
    assert Client().get(link).status_code == 200
    time_machine.move_to(NOW + content_previews.LIFETIME + dt.timedelta(seconds=1), tick=False)
    response = Client().get(link)
    assert response.status_code == 410
    assert "Some prose." not in text_of(response)
    assert response["Referrer-Policy"] == "no-referrer"


def test_preview_link_ends_when_the_text_changes(editor, article):
    link = preview_link(editor, article)
    save(editor, article)
    assert Client().get(link).status_code == 410


def test_preview_links_are_called_back(editor, article):
    link = preview_link(editor, article)
    editor.post(at(article, "links/call-back/"))
    assert Client().get(link).status_code == 410
    assert Client().get(preview_link(editor, article)).status_code == 200


def test_altered_or_foreign_token_is_unknown(editor, article):
    link = preview_link(editor, article)
    from signups.leads import links as lead_links

    lead = leads.LeadFactory()
    others = [link[:-2] + "x/", "/preview/x/", "/preview/" + lead_links.portal_url(lead).split("/my/")[1]]
    assert [Client().get(other).status_code for other in others] == [404] * 3


def test_every_number_that_needs_attention_leads_to_what_it_counts(editor, reviewer, article, time_machine):
    time_machine.move_to(NOW)
    content.ArticleFactory(review_by="2026-11-19")
    save(editor, article)  # waits for a reviewer
    signed = content.ArticleFactory()
    save(editor, signed)
    sign(reviewer, signed)
    late = content.ArticleFactory()
    save(editor, late)
    sign(reviewer, late)
    editor.post(at(late, "schedule/"), {"at": "2026-11-20T11:00"})
    content.QuotationFactory(wording_checked=False)
    content.SourceFactory(status="recheck")
    content.ClaimFactory(checked_on="2025-01-01")
    content.ClaimFactory(checked_on=None, checked_by="")
    content.LinkCheckFactory.create_batch(2, outcome="dead")
    content.LinkCheckFactory(outcome="silent", retraction_notice="retraction", notice_known=True)
    by = users.UserFactory()
    content.ArticleFactory(withdrawn_at=NOW, withdrawn_by=by, withdrawal_reason="It gave a wrong dose.")
    content.LegalTextFactory(version="2027-01", effective_from=None)
    content.CrisisTextFactory()
    content.LegalTextFactory(
        kind="accessibility",
    )
    LegalText.objects.filter(kind="accessibility").update(body="Write to {mailbox}.")
    content.QuotationFactory(key="Q1")
    content.ArticleFactory(body="::: quotation Q1\n:::\n")
    Quotation.objects.filter(key="Q1").update(text="other words")
    time_machine.move_to(NOW + dt.timedelta(hours=2))
    page = text_of(editor.get(ATTENTION))
    items = re.findall(r'<td><a href="([^"]+)" aria-label="(\d+): ([^"]+)"', page)
    assert [(label, int(count)) for _, count, label in items] == [
        ("Failed scheduled publications", 1),
        ("Sources with a notice against them", 1),
        ("Articles whose review is overdue", 1),
        ("Claims not yet checked against their sources", 1),
        ("Claims whose check is overdue", 1),
        ("Live pages whose evidence changed", 1),
        ("Withdrawn pages", 1),
        ("Drafts awaiting review", 1),
        ("Approved but not published", 2),
        ("Quotes not verified", 1),
        ("Sources to recheck", 1),
        ("Broken source links", 2),
        ("Sources whose link did not answer", 1),
        ("Legal documents with outdated clinic facts", 1),
        ("Legal documents awaiting publication", 1),
        ("Crisis texts that wait for the Head", 1),
    ]
    for url, count, label in items:
        listed = editor.get(url.replace("&amp;", "&")).context["cl"].result_count
        assert (label, listed) == (label, int(count))


@pytest.mark.parametrize("articles", [1, 12])
def test_lists_ask_a_fixed_number_of_questions(editor, clinic, articles, django_assert_num_queries):
    content.ArticleFactory.create_batch(articles)
    content.LinkCheckFactory.create_batch(articles)
    editor.get(ATTENTION)
    for path, questions in (("/admin/content/article/", 8), ("/admin/content/source/", 14), (ATTENTION, 19)):
        with django_assert_num_queries(questions):
            editor.get(path)
