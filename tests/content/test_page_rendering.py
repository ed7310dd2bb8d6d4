"""Page rendering: pages from snapshots, their cache, and evidence notes."""

import pytest

from content import page_rendering, snapshots, state_changes
from content.evidence.findings import MarkupError
from content.models.claims import Claim
from content.models.content_version import ContentVersion
from content.models.people import Person
from content.models.profile import ClinicProfile
from content.models.sources import Quotation, Source
from tests.factories.content import ArticleFactory, ClaimFactory, LegalTextFactory, QuotationFactory, SourceFactory


def page_of(body, **fields):
    return shown(ArticleFactory(body=body, **fields))


def shown(article):
    """Return the page as readers get it."""
    [page] = page_rendering.get_pages(article, clinic=ClinicProfile.current())
    return page


@pytest.fixture
def built(monkeypatch):
    """Count how often a page is built."""
    build, calls = page_rendering.build_from_state, []

    def counted(state):
        calls.append(state.words["body"])
        return build(state)

    monkeypatch.setattr(page_rendering, "build_from_state", counted)
    return calls


def test_uses_with_the_same_evidence_stand_together(clinic):
    trial = SourceFactory(key="trial")
    ClaimFactory(key="c1", sources=[trial])
    ClaimFactory(key="c2", sources=[trial], detail="In half of them.")
    ClaimFactory(key="c3", sources=[trial])
    QuotationFactory(key="Q1", source=trial)
    [cited] = page_of("One. [^c1] Two. [^c2] Three. [^c3] Four. [@trial]\n\n::: quotation Q1\n:::\n").sources
    assert [(use.places, [(each.line, each.detail) for each in use.evidence]) for use in cited.uses] == [
        ([("a", "cite-1-1"), ("c", "cite-1-3")], [("randomized trial, 73 people", "")]),
        ([("b", "cite-1-2")], [("randomized trial, 73 people", "In half of them.")]),
        ([("d", "cite-1-4")], []),
        ([("e", "cite-1-5")], [("quoted word for word", "")]),
    ]


def test_note_prints_the_kind_of_its_own_source(clinic):
    trial = SourceFactory(key="trial")
    rats = SourceFactory(key="rats", evidence_type="rats", sample_size=None)
    ClaimFactory(key="c1", sources=[trial, rats])
    page = page_of("In rats and people. [^c1]")
    lines = {cited.source.key: cited.uses[0].evidence[0].line for cited in page.sources}
    assert lines == {"trial": "randomized trial, 73 people", "rats": "study in rats"}
    [statement] = page.statements("https://x.example/")
    assert (statement["evidence"], statement["people"]) == ("study in rats", None)


@pytest.mark.parametrize(("number", "letter"), [(1, "a"), (26, "z"), (27, "aa"), (52, "az"), (53, "ba"), (702, "zz")])
def test_uses_are_lettered(number, letter):
    assert page_rendering.footnote_letter(number) == letter


@pytest.mark.parametrize(("words", "minutes"), [(1, 1), (299, 1), (301, 2), (1000, 5)])
def test_reading_time(clinic, words, minutes):
    assert page_of("word " * words).minutes == minutes


def test_page_is_built_once_for_each_snapshot(clinic, built):
    article, text = ArticleFactory(), LegalTextFactory(kind="accessibility")
    for _ in range(3):
        SourceFactory()  # another version of the content, the same pages
        page_rendering.get_pages(article, text, clinic=clinic)
    assert built == [article.body, text.body]


ROWS = {
    "profile": (ClinicProfile, "name"),
    "source": (Source, "title"),
    "source's address": (Source, "url"),
    "quotation": (Quotation, "text"),
    "speaker": (Quotation, "speaker"),
    "claim": (Claim, "detail"),
    "author": (Person, "role"),
}


@pytest.mark.parametrize("row", ROWS)
def test_readers_keep_what_was_published_whatever_becomes_of_the_rows_behind_it(clinic, client, row):
    source = SourceFactory(key="trial")
    ClaimFactory(key="c1", sources=[source])
    QuotationFactory(key="Q1", source=source)
    article = ArticleFactory(body="A {clinic}. [^c1]\n\n::: quotation Q1\n:::\n\n::: team\n:::\n")
    paths = [
        article.get_absolute_url(),
        *(f"{article.get_absolute_url()}{name}" for name in ("sources.bib", "claims.json")),
    ]
    before = [client.get(path).content for path in paths]
    page_rendering._cached_page.cache_clear()
    model, field = ROWS[row]
    model.objects.update(**{field: "https://after.example/"})
    Claim.objects.get().sources.add(SourceFactory(key="another"))
    ContentVersion.invalidate()
    assert [client.get(path).content for path in paths] == before
    assert state_changes.changed_pages().published == {article.pk}


def test_what_to_do_in_a_crisis_is_that_of_today(clinic, client):
    article = ArticleFactory(body="Call {crisis_phone}.\n\n::: crisis\n:::\n")
    clinic.crisis_phone = "112"
    clinic.save()
    page = client.get(article.get_absolute_url()).content.decode()
    assert "Call 112." in page
    assert "988" not in page.replace("In a crisis, call or text 988.", "")


def test_memory_is_bounded(clinic):
    for number in range(page_rendering.MAX_CACHED_PAGES + 5):
        page_of(f"Body {number}.")
    assert page_rendering._cached_page.cache_info().currsize == page_rendering.MAX_CACHED_PAGES


def test_article_that_cannot_be_built_is_not_shipped(clinic):
    with pytest.raises(MarkupError, match="there is no source"):
        ArticleFactory(body="One. [@late]")


def test_every_kind_of_row_comes_back_from_a_snapshot_as_it_was(clinic):
    source = SourceFactory(key="trial", authors=["Moss A"], year=None, doi="10.1000/x", status="recheck")
    claim = ClaimFactory(key="c1", sources=[source, SourceFactory(key="other", sample_size=12)], topics=["risk"])
    quotation = QuotationFactory(key="Q1", source=source)
    page = page_of("A {clinic}. [^c1]\n\n::: quotation Q1\n:::\n")
    assert page.claims["c1"].entry == claim.entry
    assert page.quotations["Q1"].entry == quotation.entry
    assert snapshots.row_values(page.sources[0].source) == snapshots.row_values(Source.objects.get(key="other"))
    assert snapshots.row_values(page.clinic) == snapshots.row_values(clinic)
    assert page.clinic.placeholders == clinic.placeholders
    assert page.author.role == "Nurse"
