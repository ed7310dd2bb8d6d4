"""Page rendering: caching by content version, and evidence notes."""

import pytest

from content import page_rendering
from content.models.profile import ClinicProfile
from tests.factories.content import ArticleFactory, ClaimFactory, LegalTextFactory, QuotationFactory, SourceFactory


def page_of(body, **fields):
    [page] = page_rendering.get_pages(ArticleFactory(body=body, **fields))
    return page


@pytest.fixture
def built(monkeypatch):
    """Count how often a page is built."""
    build, calls = page_rendering.build_page, []

    def counted(**words):
        calls.append(words["body"])
        return build(**words)

    monkeypatch.setattr(page_rendering, "build_page", counted)
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
        ([("e", "cite-1-5")], [("quoted word for word and checked against the source", "")]),
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


def test_page_is_built_once_for_each_edition(clinic, built):
    article, text = ArticleFactory(), LegalTextFactory(kind="accessibility")
    for _ in range(3):
        page_rendering.get_pages(article, text)
    assert built == [article.body, text.body]


@pytest.mark.parametrize("change", ["profile", "source", "quotation", "claim", "claim's sources", "words"])
def test_change_of_what_a_page_rests_on_is_seen_at_once(clinic, built, change):
    source = SourceFactory(key="trial", title="Before")
    claim = ClaimFactory(key="c1", sources=[source])
    quotation = QuotationFactory(key="Q1", source=source)
    article = ArticleFactory(body="A {clinic}. [^c1]\n\n::: quotation Q1\n:::\n")
    page_rendering.get_pages(article)
    match change:
        case "profile":
            clinic.name = "After"
            clinic.save()
        case "source":
            source.title = "After"
            source.save()
        case "quotation":
            quotation.text = "After"
            quotation.save()
        case "claim":
            claim.detail = "After"
            claim.save()
        case "claim's sources":
            claim.sources.add(SourceFactory(title="After"))
        case "words":
            article.body += "\nAfter.\n"
    [page] = page_rendering.get_pages(article)
    assert len(built) == 2
    evidence_texts = [
        *(block.html for section in page.sections for block in section.blocks),
        *(cited.source.title for cited in page.sources),
        *(evidence.detail for cited in page.sources for use in cited.uses for evidence in use.evidence),
        *(quotation.text for quotation in page.quotations.values()),
    ]
    assert "After" in " ".join(evidence_texts)


def test_memory_is_bounded(clinic):
    article = ArticleFactory()
    for number in range(page_rendering.MAX_CACHED_PAGES + 5):
        article.body = f"Body {number}."
        page_rendering.get_pages(article)
    assert page_rendering._cached_page.cache_info().currsize == page_rendering.MAX_CACHED_PAGES


def test_nothing_is_remembered_of_a_page_that_could_not_be_built(clinic):
    article = ArticleFactory(body="One. [@late]")
    with pytest.raises(Exception, match="there is no source"):
        page_rendering.get_pages(article)
    SourceFactory(key="late")
    assert len(page_rendering.get_pages(article)[0].sources) == 1


def test_current_reads_the_profile_of_today(clinic):
    assert page_of("Text.", title="At {clinic}").title == f"At {ClinicProfile.current().name}"
