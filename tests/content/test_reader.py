"""Articles for readers, reference managers and search engines."""

import datetime as dt
import json
import re

import pytest
import rispy
from django.conf import settings
from django.utils import timezone
from pybtex.database import parse_string

from content import page_rendering
from content.actions import drafts
from content.models.articles import Article
from tests.factories.content import (
    ArticleFactory,
    ClaimFactory,
    CorrectionFactory,
    PersonFactory,
    QuotationFactory,
    SourceFactory,
)

BODY = "## One\n\nFound in people. [^c1] Found in rats. [^c2; @rats, p. 7]\n\n::: quotation Q1\n:::\n"


@pytest.fixture
def article(clinic):
    trial = SourceFactory(
        key="trial", title="A <trial> & {more}", doi="10.1000/x", pmid="123", url="https://doi.org/10.1000/x"
    )
    rats = SourceFactory(
        key="rats", authors=["Rodent Institute"], evidence_type="rats", sample_size=None, status="recheck"
    )
    ClaimFactory(key="c1", sources=[trial])
    ClaimFactory(key="c2", sources=[rats])
    QuotationFactory(key="Q1", source=trial)
    return ArticleFactory(slug="a-page", title="A page of {clinic}", body=BODY)


def get(client, path):
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def page_text(client, path="/learn/a-page/"):
    """Return the page's text as a browser would flow it."""
    main = get(client, path).partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def test_each_source_says_what_was_found_in_whom_and_when_it_was_checked(client, article):
    text = page_text(client)
    assert "A &lt;trial&gt; &amp; {more}. Journal of Trials. 2020. doi:10.1000/x , PubMed 123 ." in text
    assert "a Randomized trial, 73 people. Checked against the source by Ada Moss on November 1, 2026." in text
    assert "been verified yet. a Study in rats. Not yet checked against the source by us." in text


@pytest.mark.parametrize(
    ("status", "days", "line"),
    [
        ("checked", ("2026-11-01", "2026-11-01"), "Checked against the sources by Ada Moss on November 1, 2026."),
        ("checked", ("2026-11-01", "2026-11-04"), "by Ada Moss from November 1, 2026 to November 4, 2026."),
        (
            "recheck",
            ("2026-11-01", "2026-11-01"),
            "Not yet checked against the source by us.",
        ),  # one source is doubtful
        ("checked", (None, None), "Not yet checked against the sources by us."),
    ],
)
def test_one_line_says_when_the_facts_were_checked(client, clinic, status, days, line):
    for number, day in enumerate(days):
        source = SourceFactory(key=f"s{number}", status=status if number else "checked")
        ClaimFactory(key=f"c{number}", sources=[source], checked_on=day, checked_by="Ada Moss" if day else "")
    ArticleFactory(slug="dated", body="One. [^c0] Two. [^c1]\n")
    text = page_text(client, "/learn/dated/")
    assert line in text


def test_short_answer_comes_before_the_contents(client, clinic):
    ArticleFactory(slug="long", body="Hello.\n\n## In short\n\n- Briefly.\n\n## More\n\nMuch.\n")
    page = get(client, "/learn/long/")
    places = [page.index(words) for words in ("Hello.", "Briefly.", "On this page</h2>", "Much.")]
    assert places == sorted(places)


def test_page_without_a_reviewer_says_so(client, article):
    assert "Not yet medically reviewed." in page_text(client)


def test_page_names_its_reviewer_dates_and_corrections(client, article):
    article.reviewer = PersonFactory()
    article.reviewer_name, article.reviewer_role = "Dr. Cora Reed", "Psychiatrist"
    article.last_reviewed = dt.datetime(2026, 11, 5, 14, tzinfo=dt.UTC)
    article.changed_at = dt.datetime(2026, 11, 9, 14, tzinfo=dt.UTC)
    article.save()
    CorrectionFactory(article=article, text="We wrote mice where rats was meant.")
    text = page_text(client)
    for part in (
        "By Ada Moss , Nurse. 1-minute read.",
        "Published November 1, 2026 . Last updated November 9, 2026 .",
        "Medically reviewed by Dr. Cora Reed , Psychiatrist, on November 5, 2026 .",
        "We’ll check these facts again by May 1, 2027 .",
        "Corrections November 10, 2026 : We wrote mice where rats was meant.",
        "Ada Moss. A page of Harbor Clinic. Harbor Clinic; 2026 Nov 1 [updated 2026 Nov 9].",
    ):
        assert part in text


def test_contents_lead_to_every_part(client, article):
    CorrectionFactory(article=article)
    page = get(client, "/learn/a-page/")
    links = re.findall(r'href="#([\w-]+)"', page.partition('class="contents"')[2].partition("</nav>")[0])
    assert links == ["one", "sources", "corrections", "cite"]
    assert all(f'id="{link}"' in page for link in links)


def test_reference_managers_are_told_of_the_page(client, article):
    page = get(client, "/learn/a-page/")
    assert dict(re.findall(r'<meta name="citation_(\w+)" content="([^"]*)">', page)) == {
        "title": "A page of Harbor Clinic",
        "author": "Ada Moss",
        "publication_date": "2026/11/01",
        "publisher": "Harbor Clinic",
        "language": "en",
        "public_url": f"{settings.SITE_URL}/learn/a-page/",
    }


@pytest.mark.parametrize("path", ["/", "/learn/", "/learn/a-page/", "/terms/", "/privacy/"])
def test_every_public_page_names_its_own_address_and_itself(client, article, path):
    ArticleFactory(kind=Article.Kind.LANDING, slug="landing")
    page = get(client, path)
    assert page.count(f'<link rel="canonical" href="{settings.SITE_URL}{path}">') == 1
    shared = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]+)">', page))
    assert {"type", "title", "description", "url", "image", "site_name"} <= set(shared)
    assert shared["url"] == settings.SITE_URL + path
    assert page.count('<meta name="description"') == 1


def test_sources_as_files(client, article):
    for name, content_type, keys in (
        ("sources.bib", "application/x-bibtex", lambda text: list(parse_string(text, "bibtex").entries)),
        ("sources.ris", "application/x-research-info-systems", lambda text: [each["id"] for each in rispy.loads(text)]),
        (
            "sources.json",
            "application/vnd.citationstyles.csl+json",
            lambda text: [each["id"] for each in json.loads(text)],
        ),
    ):
        response = client.get(f"/learn/a-page/{name}")
        assert response["Content-Type"].partition(";")[0] == content_type
        assert keys(response.content.decode()) == ["trial", "rats"]


def test_claims_as_a_file(client, article):
    url = f"{settings.SITE_URL}/learn/a-page/"
    data = json.loads(get(client, "/learn/a-page/claims.json"))
    assert data["article"] == url
    assert (data["version"], data["reviewedBy"]) == (article.live_snapshot_id, None)
    assert [(claim["id"], claim["evidence"], claim["people"], claim["places"]) for claim in data["claims"]] == [
        ("c1", "randomized trial", 73, [f"{url}#cite-1-1"]),
        ("c2", "study in rats", None, [f"{url}#cite-2-1"]),
    ]
    assert data["claims"][0]["sources"][0]["DOI"] == "10.1000/x"
    assert (data["claims"][0]["checked"], data["claims"][0]["reviewBy"]) == ("2026-11-01", "2027-11-01")


@pytest.mark.parametrize("name", ["", "sources.bib", "sources.ris", "sources.json", "claims.json"])
def test_draft_has_no_files(client, article, name):
    ArticleFactory(slug="draft", published_at=None)
    assert client.get(f"/learn/draft/{name}").status_code == 404


@pytest.mark.parametrize("name", ["", "sources.bib", "sources.ris", "sources.json", "claims.json"])
def test_files_are_the_same_for_everyone(client, admin_client, article, name):
    """Responses have neither nonce nor cookie, so shared caches may store them."""
    responses = [each.get(f"/learn/a-page/{name}") for each in (client, client, admin_client)]
    assert len({(response.content, str(sorted(response.headers.items()))) for response in responses}) == 1
    assert "nonce-" not in responses[0]["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "cold", "warm"),
    [("/learn/a-page/", 5, 4), ("/learn/", 3, 2), ("/learn/a-page/sources.bib", 3, 2), ("/terms/", 3, 2)],
)
def test_queries_are_few_and_do_not_grow(client, article, django_assert_num_queries, path, cold, warm):
    """With warm caches: text, corrections, notices and profile. A page that was built nowhere yet costs one more."""
    with django_assert_num_queries(cold):
        client.get(path)
    with django_assert_num_queries(warm):
        client.get(path)
    for number in range(20):
        ClaimFactory(key=f"more-{number}", sources=[SourceFactory(key=f"more-{number}")])
    article.body += "\n".join(f"More. [^more-{number}]" for number in range(20))
    drafts.create_shipped_revision(article, now=timezone.now())
    page_rendering._cached_page.cache_clear()
    with django_assert_num_queries(cold):
        client.get(path)
    with django_assert_num_queries(warm):
        client.get(path)


def test_list_of_articles_costs_the_same_for_many(client, article, django_assert_num_queries):
    for _ in range(20):
        ArticleFactory()
    client.get("/learn/")
    with django_assert_num_queries(2):
        client.get("/learn/")
