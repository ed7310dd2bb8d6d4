"""Atom feed and sitemap, validated against their schemas."""

import datetime as dt
from pathlib import Path

import pytest
from django.conf import settings
from lxml import etree

from content.models.articles import Article
from content.models.texts import LegalText
from tests.factories.content import ArticleFactory, CorrectionFactory

HERE = Path(__file__).parent
ATOM = etree.RelaxNG(etree.parse(HERE / "atom.rng"))
SITEMAP = etree.XMLSchema(etree.parse(HERE / "sitemap.xsd"))
A = "{http://www.w3.org/2005/Atom}"
S = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
ODD = """A <b>title</b> & "quotes" {clinic} é 李 \\ %"""
pytestmark = pytest.mark.django_db


@pytest.fixture
def article(clinic):
    return ArticleFactory(slug="a-page", title=ODD, summary=ODD)


def feed(client):
    response = client.get("/learn/feed.xml")
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    tree = etree.fromstring(response.content)
    ATOM.assertValid(tree)
    return tree


def entries(tree):
    return [(entry.findtext(A + "title"), entry.findtext(A + "updated")) for entry in tree.iter(A + "entry")]


def test_schemas_can_fail():
    assert not ATOM.validate(etree.fromstring(f'<feed xmlns="{A[1:-1]}"><title>x</title></feed>'))
    assert not SITEMAP.validate(etree.fromstring(f'<urlset xmlns="{S[1:-1]}"><url><loc>/a</loc></url></urlset>'))


def test_feed_tells_of_articles_and_corrections_newest_first(client, article):
    CorrectionFactory(article=article, text="We wrote mice where rats was meant & <so> on.")
    ArticleFactory(slug="newer", title="Newer", published_at=dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC))
    ArticleFactory(slug="draft", published_at=None)
    ArticleFactory(slug="landing", kind=Article.Kind.LANDING)
    title = ODD.replace("{clinic}", "Harbor Clinic")
    tree = feed(client)
    assert entries(tree) == [
        ("Newer", "2026-11-20T09:00:00+00:00"),
        (f"Correction: {title}", "2026-11-10T14:00:00+00:00"),
        (title, "2026-11-01T14:00:00+00:00"),
    ]
    assert tree.findtext(A + "updated") == "2026-11-20T09:00:00+00:00"
    assert "We wrote mice where rats was meant" in tree.findall(A + "entry")[1].findtext(A + "summary")


def test_identities_are_each_their_own_and_stay(client, article):
    for day in (10, 11):
        CorrectionFactory(article=article, corrected_at=dt.datetime(2026, 11, day, tzinfo=dt.UTC))
    before = [entry.findtext(A + "id") for entry in feed(client).iter(A + "entry")]
    article.changed_at = dt.datetime(2026, 11, 12, tzinfo=dt.UTC)
    article.save()
    after = [entry.findtext(A + "id") for entry in feed(client).iter(A + "entry")]
    assert (len(set(before)), sorted(before)) == (3, sorted(after))


def test_changed_article_moves_up(client, article):
    article.changed_at = dt.datetime(2026, 11, 12, tzinfo=dt.UTC)
    article.save()
    assert [updated for _, updated in entries(feed(client))] == ["2026-11-12T00:00:00+00:00"]


def test_feed_without_articles_is_valid(client, clinic):
    assert entries(feed(client)) == []


def test_control_character_breaks_no_feed(client, clinic):
    ArticleFactory(title="A\x08B", summary="C\x0bD")
    assert entries(feed(client)) == [("A B", "2026-11-01T14:00:00+00:00")]


def sitemap(client):
    tree = etree.fromstring(client.get("/sitemap.xml").content)
    SITEMAP.assertValid(tree)
    site = settings.SITE_URL
    return {url.findtext(S + "loc").removeprefix(site): url.findtext(S + "lastmod") for url in tree}


def test_sitemap_has_every_public_page_with_its_last_change(client, article):
    ArticleFactory(slug="landing", kind=Article.Kind.LANDING)
    ArticleFactory(slug="draft", published_at=None)
    ArticleFactory(slug="changed", changed_at=dt.datetime(2026, 11, 12, 8, tzinfo=dt.UTC))
    assert sitemap(client) == {
        "/": "2026-11-01T14:00:00+00:00",
        "/learn/": "2026-11-12T08:00:00+00:00",
        "/learn/a-page/": "2026-11-01T14:00:00+00:00",
        "/learn/changed/": "2026-11-12T08:00:00+00:00",
        **{f"/{text.kind}/": "2026-11-01" for text in LegalText.objects.all()},
    }


def test_sitemap_leads_only_to_pages_that_are_there(client, article):
    ArticleFactory(slug="landing", kind=Article.Kind.LANDING)
    assert {client.get(path).status_code for path in sitemap(client)} == {200}


def test_robots_are_shown_the_sitemap_and_kept_from_the_desk(client, clinic):
    response = client.get("/robots.txt")
    assert response["Content-Type"].startswith("text/plain")
    assert response.content.decode() == (
        f"User-agent: *\nDisallow: /admin/\n\nSitemap: {settings.SITE_URL}/sitemap.xml\n"
    )
