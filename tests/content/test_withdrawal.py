"""A page is taken down at once, and comes back approved; a renamed page is found at its old address."""

import datetime as dt

import pytest

from clinic import roles
from content.actions import publication, sign_offs, withdrawal
from content.actions.exceptions import EditorialError
from content.models.articles import ArticleRedirect
from tests.factories import content, users

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)
REASON = "It gave a wrong dose."
FILES = ["", "sources.bib", "sources.ris", "sources.json", "claims.json"]


@pytest.fixture
def editor(client, clinic):
    user = users.UserFactory(role=roles.EDITOR)
    client.force_login(user)
    return user


@pytest.fixture
def reviewer(clinic):
    user = users.UserFactory(role=roles.REVIEWER)
    content.PersonFactory(user=user, name="Dr. Reed")
    return user


@pytest.fixture
def article(clinic):
    return content.ArticleFactory(slug="a-page", title="A page")


def sign(article, reviewer, now):
    newest = article.revisions.latest()
    read = {"revision_id": newest.pk, "state_hash": sign_offs.state_hash(article, newest)}
    return sign_offs.sign_off_article(article, **read, review_by=dt.date(2027, 11, 20), by=reviewer, now=now)


def refusal(action, *args, **kwargs):
    with pytest.raises(EditorialError) as refused:
        action(*args, **kwargs)
    return refused.value.reasons


def test_any_editor_takes_a_page_down_in_one_request(client, editor, article):
    answer = client.post(f"/admin/content/article/{article.pk}/withdraw/", {"reason": f" {REASON}\n"})
    assert answer.status_code == 302
    answers = [client.get(f"/learn/a-page/{name}") for name in FILES]
    assert [answer.status_code for answer in answers] == [410] * len(FILES)
    page = answers[0].content.decode()
    assert REASON in page
    assert 'href="tel:988"' in page
    assert "Some prose." not in page
    assert "A page" not in client.get("/learn/").content.decode()
    assert "/learn/a-page/" not in client.get("/sitemap.xml").content.decode()
    feed = client.get("/learn/feed.xml").content.decode()
    assert "<title>Withdrawn: A page</title>" in feed
    assert REASON in feed
    listed = client.get("/admin/content/article/?progress=withdrawn").context["cl"].result_list
    assert [each.pk for each in listed] == [article.pk]


def test_landing_page_is_taken_down_too(client, editor):
    landing = content.ArticleFactory(kind="landing", slug="landing")
    withdrawal.withdraw_article(landing, reason=REASON, by=editor, now=NOW)
    answer = client.get("/")
    assert (answer.status_code, REASON in answer.content.decode()) == (410, True)


def test_withdrawn_page_returns_with_a_new_approval_only(client, editor, reviewer, article):
    sign(article, reviewer, NOW - dt.timedelta(hours=1))
    withdrawal.withdraw_article(article, reason=REASON, by=editor, now=NOW)
    assert refusal(publication.publish_article, article, by=editor, now=LATER) == [
        "It was withdrawn on 2026-11-20. It needs a new approval."
    ]
    sign(article, reviewer, LATER)
    assert client.get("/learn/a-page/").status_code == 410
    publication.publish_article(article, by=editor, now=LATER)
    assert client.get("/learn/a-page/").status_code == 200


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (" ", "Say why: readers see the reason at the page’s address."),
        ("A breakthrough is coming.", "“breakthrough” advertises"),
    ],
)
def test_reason_says_something_and_advertises_nothing(editor, article, reason, said):
    assert refusal(withdrawal.withdraw_article, article, reason=reason, by=editor, now=NOW) == [said]


def test_only_what_readers_see_is_withdrawn(editor, article):
    draft = content.ArticleFactory(published_at=None)
    withdrawal.withdraw_article(article, reason=REASON, by=editor, now=NOW)
    for each in (draft, article):
        assert refusal(withdrawal.withdraw_article, each, reason=REASON, by=editor, now=NOW) == [
            "Only a page that readers can see can be withdrawn."
        ]


def test_withdrawal_calls_off_a_planned_publication(editor, reviewer, article):
    article.scheduled_for, article.scheduled_by = LATER, editor
    article.save()
    withdrawal.withdraw_article(article, reason=REASON, by=editor, now=NOW)
    article.refresh_from_db()
    assert (article.scheduled_for, article.scheduled_by) == (None, None)


def test_old_address_of_a_page_and_of_its_files_redirects_for_good(client, editor, article):
    client.post(f"/admin/content/article/{article.pk}/rename/", {"slug": "better"})
    client.post(f"/admin/content/article/{article.pk}/rename/", {"slug": "best"})
    for old in ("a-page", "better"):
        for name in FILES:
            answer = client.get(f"/learn/{old}/{name}")
            assert (answer.status_code, answer["Location"]) == (301, f"/learn/best/{name}")
    assert client.get("/learn/best/").status_code == 200
    assert client.get("/learn/never/").status_code == 404


def test_page_takes_back_its_own_old_address_and_nobody_elses(client, editor, article):
    other = content.ArticleFactory(slug="other")
    withdrawal.rename_article(article, slug="better", by=editor, now=NOW)
    for slug in ("a-page", "better"):
        reasons = refusal(withdrawal.rename_article, other, slug=slug, by=editor, now=NOW)
        assert reasons == [f"Another page has, or had, the address “{slug}”."]
    withdrawal.rename_article(article, slug="a-page", by=editor, now=NOW)
    assert client.get("/learn/a-page/").status_code == 200
    assert client.get("/learn/better/")["Location"] == "/learn/a-page/"
    assert list(ArticleRedirect.objects.values_list("slug", flat=True)) == ["better"]


def test_new_article_does_not_take_an_address_that_redirects(client, editor, article):
    withdrawal.rename_article(article, slug="better", by=editor, now=NOW)
    form = {
        "slug": "a-page",
        "author": article.author_id,
        "title": "T",
        "summary": "S",
        "description": "D",
        "body": "B",
    }
    page = client.post("/admin/content/article/add/", form)
    assert "Another page had this address." in page.content.decode()


def test_notice_against_a_source_shows_on_its_pages_the_day_it_is_found(client, clinic):
    source = content.SourceFactory(key="trial")
    content.ArticleFactory(slug="a-page", body="So it was. [@trial]")
    content.ArticleFactory(kind="landing", slug="landing", body="So it was. [@trial]")
    assert "Notice against" not in client.get("/learn/a-page/").content.decode()
    content.LinkCheckFactory(source=source, retraction_notice="retraction, 2026-11-01", notice_known=True)
    for path in ("/learn/a-page/", "/"):
        assert "Notice against this work: retraction, 2026-11-01." in client.get(path).content.decode()
