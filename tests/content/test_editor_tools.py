"""What helps an editor: look-up of sources, claims found by words, comments, merges, and nothing typed is lost."""

import datetime as dt
import json

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from clinic import roles
from clinic.lib.outgoing_requests import RequestRefused, Response
from content import evidence_search, merge, snapshots, source_lookup
from content.fixtures import checks, loader
from content.models.articles import Article
from content.models.claims import Claim
from content.models.review_comments import OpenEditor, ReviewComment
from content.models.sources import Source
from tests.factories import content, users

TODAY = dt.date(2026, 11, 30)
CROSSREF = {
    "message": {
        "type": "journal-article",
        "DOI": "10.1001/x.63",
        "title": ["A randomized <i>trial</i>"],
        "container-title": ["Archives"],
        "volume": "63",
        "issue": "8",
        "page": "856-864",
        "issued": {"date-parts": [[2006, 8]]},
        "author": [
            {"family": "Zarate", "given": "Carlos A.", "suffix": "Jr."},
            {"family": "van der Berg", "given": "Jean-Paul"},
            {"name": "National Institute"},
        ],
    }
}
PUBMED = {
    "result": {
        "16894061": {
            "title": "A randomized trial.",
            "authors": [{"name": "Zarate CA Jr"}, {"name": "Singh JB"}],
            "fulljournalname": "Archives",
            "pubdate": "2006 Aug",
            "articleids": [{"idtype": "doi", "value": "10.1001/x.63"}, {"idtype": "pmc", "value": "PMC3424167"}],
        }
    }
}
PAGE = (
    b"<html><head><title>How it works &amp; why</title><meta property='og:site_name' content='News'>"
    b"<meta property='article:published_time' content='2012-10-04T10:00:00Z'></head>"
)


@pytest.fixture
def web(monkeypatch):
    """Answer look-ups from `pages` by the beginning of the address; anything else is refused."""
    pages = {
        "https://api.crossref.org/works/10.1001%2Fx.63": json.dumps(CROSSREF).encode(),
        "https://eutils.ncbi.nlm.nih.gov/": json.dumps(PUBMED).encode(),
        "https://news.example/": PAGE,
        "https://api.crossref.org/works/10.1001%2Fodd": b'{"message": [1, {"author": 7}]}',
        "https://api.crossref.org/works/10.1001%2Fbroken": b"<html>",
    }

    def fetch(url, **limits):
        body = next((body for start, body in pages.items() if url.startswith(start)), None)
        if body is None:
            raise RequestRefused("not an address of the public web")
        return Response(200, url, None, body)

    monkeypatch.setattr(source_lookup, "fetch", fetch)


def test_source_is_found_by_doi_number_or_address(web):
    by_doi = source_lookup.look_up("https://doi.org/10.1001/x.63", today=TODAY)
    assert by_doi["authors"] == "Zarate CA Jr\nvan der Berg JP\nNational Institute"
    assert (by_doi["key"], by_doi["title"], by_doi["year"]) == ("zarate-2006", "A randomized trial", 2006)
    assert (by_doi["pages"], by_doi["status"]) == ("856-864", "recheck")
    for typed in ("16894061", "PMID: 16894061", "https://pubmed.ncbi.nlm.nih.gov/16894061/"):
        found = source_lookup.look_up(typed, today=TODAY)
        assert (found["authors"], found["pmcid"], found["doi"]) == (
            "Zarate CA Jr\nSingh JB",
            "PMC3424167",
            "10.1001/x.63",
        )
    page = source_lookup.look_up("https://news.example/story", today=TODAY)
    assert (page["title"], page["published_on"], page["accessed_on"]) == (
        "How it works & why",
        dt.date(2012, 10, 4),
        TODAY,
    )


@pytest.mark.parametrize(
    "typed",
    ["", "Zarate 2006", "10.1001/odd", "10.1001/broken", "http://127.0.0.1/", "https://other.example/", "12345678"],
)
def test_look_up_without_an_answer_says_so(web, typed):
    with pytest.raises(source_lookup.LookupFailed):
        source_lookup.look_up(typed, today=TODAY)


@pytest.fixture
def editor(client, clinic):
    client.force_login(users.UserFactory(username="ed", role=roles.EDITOR))
    return client


@pytest.mark.django_db
def test_form_of_a_source_is_filled_or_left_to_the_editor(editor, web):
    page = editor.get("/admin/content/source/add/", {"look_up": "10.1001/x.63"}).content.decode()
    assert "Zarate CA Jr\nvan der Berg JP" in page
    assert 'value="zarate-2006"' in page
    page = editor.get("/admin/content/source/add/", {"look_up": "https://other.example/"}).content.decode()
    assert "Fill in the form by hand." in page
    assert 'value="https://other.example/"' in page


def test_right_claim_is_among_the_first_by_words():
    rows = list(loader.fixture_rows(loader.FILES))
    ledger = checks.ledger_of(rows)
    claims = {
        key: Claim(pk=number, key=key, text=claim.text) for number, (key, claim) in enumerate(ledger.claims.items(), 1)
    }
    for claim in claims.values():
        claim._prefetched_objects_cache = {"sources": Source.objects.none()}
    found = evidence_search.find_entries("how many responded to midazolam", snapshots.LedgerRows(claims=claims))
    assert found[0].key == "c05"
    assert found[0].insert == " [^c05]"
    assert evidence_search.find_entries("xylophone", snapshots.LedgerRows(claims=claims)) == []


LINES = st.lists(st.sampled_from(["one", "two", "three", "four", ""]), max_size=6).map("\n".join)


@given(LINES, LINES)
def test_merge_with_an_unchanged_side_is_the_other_side(base, changed):
    for merged in (
        merge.merge(base, changed, base),
        merge.merge(base, base, changed),
        merge.merge(base, changed, changed),
    ):
        assert (merged.text.splitlines(), merged.conflicts) == (changed.splitlines(), 0)


def test_merge_takes_both_changes_and_loses_no_word_of_a_conflict():
    base = "one\ntwo\nthree\nfour\n"
    assert merge.merge(base, "ONE\ntwo\nthree\nfour\n", "one\ntwo\nthree\nFOUR\nfive\n") == merge.Merge(
        "ONE\ntwo\nthree\nFOUR\nfive\n", 0
    )
    assert merge.merge(base, "one\nmine\nthree\nfour\n", "one\ntheirs\nthree\nfour\n") == merge.Merge(
        "one\nmine\ntheirs\nthree\nfour\n", 1
    )


WORDS = {"title": "T", "summary": "S", "description": "D"}


def other_editor(name):
    client = Client()
    client.force_login(users.UserFactory(username=name, first_name=name.title(), last_name="Reed", role=roles.EDITOR))
    return client


@pytest.mark.django_db
def test_conflict_is_shown_as_one_text_that_can_be_saved(editor):
    article = content.ArticleFactory(**WORDS, body="Read it.\n\nTake time.\n")
    place, first = f"/admin/content/article/{article.pk}/change/", article.revisions.latest().pk
    other_editor("ann").post(place, {**WORDS, "body": "Read it all.\n\nTake time.\n", "based_on": first})
    page = editor.post(place, {**WORDS, "body": "Read it.\n\nTake your time.\n", "based_on": first})
    form = page.context["form"]
    assert form["body"].value() == "Read it all.\n\nTake your time.\n"
    assert "While you wrote, Ann Reed saved this text." in page.content.decode()
    assert "What was saved while you wrote" in page.content.decode()
    assert article.revisions.count() == 2
    editor.post(place, {name: form[name].value() for name in ("title", "summary", "description", "body", "based_on")})
    assert article.revisions.latest().body == "Read it all.\n\nTake your time.\n"


@pytest.mark.django_db
def test_what_was_typed_and_not_saved_is_offered_again_and_others_see_who_writes(editor):
    article = content.ArticleFactory(**WORDS, body="Read it.\n")
    place = f"/admin/content/article/{article.pk}/"
    form = {**WORDS, "body": "Half a sen", "based_on": article.revisions.latest().pk}
    page = editor.post(f"{place}preview/", form)
    assert article.revisions.count() == 1
    assert "Restore it" in editor.get(f"{place}change/").content.decode()
    assert editor.get(f"{place}change/?restore=1").context["form"]["body"].value() == "Half a sen\n"
    ann = other_editor("ann")
    page = ann.get(f"{place}change/").content.decode()
    assert "ed is editing this text too" in page
    assert "Restore it" not in page
    editor.post(f"{place}change/", {**form, "body": "A sentence."})
    assert not OpenEditor.objects.exists()
    assert "Restore it" not in editor.get(f"{place}change/").content.decode()


@pytest.mark.django_db
def test_reviewer_comments_on_a_passage_and_the_editor_answers(editor):
    article = content.ArticleFactory()
    place = f"/admin/content/article/{article.pk}/"
    reviewer = Client()
    reviewer.force_login(users.UserFactory(username="rita", role=roles.REVIEWER))
    reviewer.post(f"{place}comment/", {"passage": "Some prose.", "comment": "In whom? <b>"})
    comment = ReviewComment.objects.get()
    page = editor.get(f"{place}change/").content.decode()
    assert "<q>Some prose.</q>: In whom? &lt;b&gt;" in page
    answer = f"{place}comments/{comment.pk}/answer/"
    assert reviewer.post(answer, {"answer": "Mine"}).status_code == 403
    editor.post(answer, {"answer": " "})
    editor.post(answer, {"answer": "In adults."})
    editor.post(answer, {"answer": "Again."})
    comment.refresh_from_db()
    assert (comment.answer, comment.answered_by.username) == ("In adults.", "ed")
    assert "In adults." in reviewer.get(f"{place}sign-off/").content.decode()
    head = Client()
    head.force_login(users.UserFactory(role=roles.HEAD))
    assert head.post(f"{place}comment/", {"comment": "Hello"}).status_code == 403


@pytest.mark.django_db
def test_finder_offers_what_goes_into_the_text_and_lists_say_where_a_row_is_used(editor):
    source = content.SourceFactory(key="moss-2020")
    content.ClaimFactory(key="c1", text="Ketamine was given to 73 people.", sources=[source])
    content.QuotationFactory(key="Q1", source=source)
    article = content.ArticleFactory(title="Who got it", body="Ketamine was given to 73 people. [^c1]\n")
    form = {**WORDS, "body": "x", "based_on": article.revisions.latest().pk, "find": "given ketamine"}
    page = editor.post(f"/admin/content/article/{article.pk}/preview/", form).content.decode()
    assert 'data-insert=" [^c1]"' in page
    assert "moss-2020: randomized trial, 73 people" in page
    for model, used in (("claim", True), ("source", True), ("quotation", False)):
        listed = editor.get(f"/admin/content/{model}/").content.decode()
        assert ("Who got it" in listed) == used, model
    reviewer = Client()
    reviewer.force_login(users.UserFactory(role=roles.REVIEWER))
    pairs = reviewer.get(f"/admin/content/article/{article.pk}/sign-off/").context["pairs"]
    assert [(pair.sentence, pair.claims[0][:2]) for pair in pairs] == [
        ("Ketamine was given to 73 people.", ("c1", "Ketamine was given to 73 people."))
    ]
    assert Article.objects.count() == 1
