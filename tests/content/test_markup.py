import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.evidence.findings import MarkupError
from content.evidence.ledger import Ledger, LedgerClaim, LedgerQuotation, LedgerSource
from content.evidence.markup import Place, fill, parse

DAY = dt.date(2026, 11, 1)
LEDGER = Ledger(
    sources={key: LedgerSource(key) for key in ("trial-2006", "mice-2020")},
    quotations={
        "Q1": LedgerQuotation("Q1", "exact words", "Ada Moss", "trial-2006", wording_checked=True),
        "Q9": LedgerQuotation("Q9", "other words", "Ada Moss", "mice-2020", wording_checked=False),
    },
    claims={
        "c1": LedgerClaim("c1", "It was seen.", ("trial-2006",), DAY),
        "c2": LedgerClaim("c2", "It was seen twice.", ("trial-2006", "mice-2020"), DAY),
    },
)


def document(text, **values):
    return parse(text, ledger=LEDGER, values=values)


def html(text, **values):
    return "".join(block.html for section in document(text, **values).sections for block in section.blocks)


def findings(text, **values):
    with pytest.raises(MarkupError) as error:
        document(text, **values)
    return [str(finding) for finding in error.value.findings]


def test_sections_begin_at_second_level_headings():
    sections = document("Before.\n\n## One thing\n\nText.\n\n## One thing\n\nMore.").sections
    assert [(section.heading, section.slug) for section in sections] == [
        ("", ""),
        ("One thing", "one-thing"),
        ("One thing", "one-thing-2"),
    ]


def test_citations_are_numbered_by_first_use_and_know_their_uses():
    notes = document("A. [@mice-2020] B. [@trial-2006, p. 70; @mice-2020]").notes
    assert [(note.number, note.key, note.uses) for note in notes] == [
        (1, "mice-2020", ["cite-1-1", "cite-1-2"]),
        (2, "trial-2006", ["cite-2-1"]),
    ]


def test_citation_links_to_its_source():
    assert html("A. [@mice-2020, p. 7]") == (
        '<p>A.<sup class="cite"><a id="cite-1-1" href="#source-1" role="doc-noteref" '
        'aria-label="Source 1, p. 7">1, p. 7</a></sup></p>'
    )


def test_citation_on_the_next_line_clings_to_its_sentence():
    assert html("A.\n[@mice-2020]").startswith('<p>A.<sup class="cite">')


def test_claim_brings_its_sources():
    parsed = document("A. [^c2] B. [@mice-2020, p. 7; ^c2]")
    assert list(parsed.places.values()) == [
        Place("cite-1-1", 1, "trial-2006", 1, claims=("c2",)),
        Place("cite-2-1", 2, "mice-2020", 1, claims=("c2",)),
        Place("cite-2-2", 2, "mice-2020", 1, locator="p. 7", claims=("c2",)),
    ]
    assert parsed.claim_keys == {"c2"}


def test_place_names_only_the_claims_that_rest_on_its_source():
    places = document("A. [^c1; ^c2]").places.values()
    assert [(place.source, place.claims) for place in places] == [("trial-2006", ("c1", "c2")), ("mice-2020", ("c2",))]


def test_reason_for_no_claim_prints_nothing():
    assert html("Ask a doctor. [^advice] So do.") == "<p>Ask a doctor. So do.</p>"


def test_marks_belong_to_the_sentence_they_stand_in_or_behind():
    sentences = (
        document(
            "One went on,\nsee p. 7, at 8 a.m. now. [^c1]\n**Two** “so.” [@mice-2020] [^c2]\nThree [^c1], and [^c2] on"
        )
        .passages[0]
        .sentences
    )
    assert [(sentence.text, sentence.line, sentence.claims) for sentence in sentences] == [
        ("One went on, see p. 7, at 8 a.m. now.", 1, ("c1",)),
        ("Two “so.”", 3, ("c2",)),
        ("Three, and on", 4, ("c1", "c2")),
    ]


def test_passages_know_their_line_and_what_they_are():
    passages = document("## A heading\n\n### Another [^c1]\n\nProse.\n\n> Said.\n\n- An item.").passages
    assert [(passage.text, passage.line, passage.heading, passage.quoted) for passage in passages] == [
        ("Another", 3, True, False),
        ("Prose.", 5, False, False),
        ("Said.", 7, False, True),
        ("An item.", 9, False, False),
    ]


def test_citation_in_code_is_left_alone():
    assert html("`[@nobody]`") == "<p><code>[@nobody]</code></p>"


def test_quotation_cites_its_source():
    parsed = document("::: quotation Q1\n:::")
    block = parsed.sections[0].blocks[0]
    assert (block.kind, block.argument, block.note.key, parsed.quotation_keys) == (
        "quotation",
        "Q1",
        "trial-2006",
        {"Q1"},
    )


def test_blocks_carry_their_argument_and_body():
    block = document("::: notice Take care\nIt is **new**.\n:::").sections[0].blocks[0]
    assert (block.argument, block.html) == ("Take care", "<p>It is <strong>new</strong>.</p>")


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("One.\n\nTwo. [@nobody]", "line 3: there is no source “nobody”"),
        ("One\ntwo. [@nobody]", "line 2: there is no source “nobody”"),
        ("One\n[^c9]", "line 2: there is no claim “c9”"),
        ("One [^advice; ^c1]", "line 1: “advice” stands alone"),
        ("One [^c1, p. 7]", "line 1: there is no claim “c1”"),
        ("One [^c1; @trial-2006; @mice-2020]", "line 1: the claim beside “mice-2020” does not rest on it"),
        ("One [^c1; ^c2; @mice-2020]", "line 1: claim “c1” rests on none of the sources beside it"),
        ("::: quotation Q7\n:::", "line 1: there is no quotation “Q7” in the ledger"),
        ("::: quotation Q9\n:::", "line 1: the wording of quotation “Q9” was not checked against its source"),
        ("\n::: advert now\n:::", "line 2: there is no block “advert”"),
        ("::: figure parade\nText\n:::", "line 1: there is no figure “parade”"),
        ("::: figure party\n:::", "line 1: the block “figure” has a body"),
        ("## Title [^c1]", "line 1: a mark belongs to a sentence, not to a title"),
        ("::: notice Title [@trial-2006]\nText\n:::", "line 1: a mark belongs to a sentence, not to a title"),
        ("::: notice A\nText", "line 1: the block “::: notice A” is never closed with :::"),
        ("::: notice\nText\n:::", "line 1: the block “notice” takes an argument"),
        ("::: start\nText\n:::", "line 1: the block “start” has no body"),
        ("One\rtwo [^c9]", "line 2: there is no claim “c9”"),
        ("One\n![a](https://x.example/a.png)", "line 2: a picture is a block: ::: figure and its name"),
        ("One\n{nothing}", "line 2: {nothing} stands for nothing"),
    ],
)
def test_what_is_not_understood_is_named_with_its_line(text, finding):
    assert findings(text) == [finding]


def test_every_finding_is_told_at_once():
    assert len(findings("A. [@nobody]\n\n::: advert\n:::\n\nB. [@noone]")) == 3


def test_findings_in_a_block_have_the_line_of_the_text():
    assert findings("## A\n\n::: notice B\nOne.\n\nTwo. [@nobody]\n:::") == ["line 6: there is no source “nobody”"]


def test_placeholders_are_text_and_never_markup():
    assert html("From {clinic}.", clinic="*A* [x](https://x.example) <b>") == (
        "<p>From *A* [x](https://x.example) &lt;b&gt;.</p>"
    )
    assert document("## {clinic}’s way", clinic="A*B").sections[0].heading == "A*B’s way"
    assert fill("{clinic}", {"clinic": "A*B"}) == "A*B"


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "[a](javascript:alert(1))", "<img src=x onerror=alert(1)>", "[a](data:text/html,x)"],
)
def test_no_script_survives(text):
    assert not any(bad in html(text).lower() for bad in ("<script", "<img", 'href="javascript', 'href="data'))


FRAGMENTS = st.sampled_from(
    [
        *"[]()!#`*_<>{}\\&\"'~|-;=. \n\t\r\0",
        "@",
        "“",
        "”",
        "![a [@mice-2020]](https://x.example/)",
        "[@mice-2020]",
        "[@trial-2006, p. 7]",
        "[@mice-2020; @trial-2006]",
        "[^c2]",
        "[^c2; @mice-2020, p. <b>]",
        "[^advice]",
        "[^nothing]",
        "\n## A heading\n",
        "\n### Another [^c1]\n",
        "\n::: notice Note\n",
        "\n::: quotation Q1\n",
        "\n:::\n",
        "\n    code\n",
        "\n```\n",
        "\n> said\n",
        "\n1. one\n",
        "[a]: https://x.example/\n",
        "https://x.example/",
        "javascript:alert(1)",
        "<script>",
        "&#0;",
        "word",
    ]
)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=4), max_size=25).map("".join) | st.text(max_size=80)


@given(TEXTS)
def test_any_text_is_a_safe_document_or_findings(text):
    try:
        parsed = document(text)
    except MarkupError as error:
        assert error.findings  # noqa: PT017
        return
    blocks = [block for section in parsed.sections for block in section.blocks]
    out = "".join(block.html for block in blocks)
    assert not re.search(r"<(script|img|iframe|style)|href=\"(?!https:|mailto:|tel:|#)", out)
    # Every note leads to a place in the text, and every place to its note.
    anchors = {*re.findall(r'id="(cite-[\d-]+)"', out), *(block.anchor for block in blocks if block.note)}
    assert {use for note in parsed.notes for use in note.uses} == anchors == set(parsed.places)
    # No mark is lost on its way to a sentence.
    claimed = {key for place in parsed.places.values() for key in place.claims}
    assert claimed == parsed.claim_keys


@pytest.mark.parametrize(
    "text",
    [
        "Yes.\n\n```\na cure\n```",
        "Yes.\n\n    a cure",
        "Yes.\n\n# A cure",
        "Yes.\n\nA cure\n---",
        "Yes.\n\nA cure\n===",
    ],
)
def test_nothing_is_written_where_nobody_checks_it(text):
    with pytest.raises(MarkupError) as error:
        document(text)
    assert [finding.line for finding in error.value.findings] == [3]


def test_title_of_a_link_is_not_shown():
    assert "cure" not in html('See [this](https://example.com "A cure").')


def test_sections_leave_the_anchors_of_the_page_alone():
    sections = document("## Sources\n\nYes.\n\n## Source 1\n\nYes.\n\n## Cite\n\nYes.").sections
    assert [section.slug for section in sections] == ["about-sources", "about-source-1", "about-cite"]
