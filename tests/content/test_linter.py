"""Linter: each rule broken in turn yields exactly its finding."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.evidence import linter
from content.evidence.findings import Rule
from content.evidence.ledger import Ledger, LedgerClaim, LedgerQuotation, LedgerSource, overstated, review_by
from content.evidence.markup import parse

PIECES = [
    *"[]()!#`*_<>{}\\&\"'~-;:.? \n“”‘’…",
    "[^works]",
    "[^rats; @rats, p. 7]",
    "[@trial]",
    "[^advice]",
    "\n## ",
    "\n::: quotation Q1\n:::\n",
    "\n> ",
    "\n- ",
    "ketamine",
    "a miracle",
    "Duman said “the biggest step in half a century.”",
]
TODAY = dt.date(2026, 11, 25)
CHECKED = dt.date(2026, 11, 1)
LEDGER = Ledger(
    sources={
        source.key: source
        for source in [
            LedgerSource("trial", "trial", 73, "A trial of ketamine"),
            LedgerSource("rats", "rats"),
            LedgerSource("mice", "mice"),
            LedgerSource("news", "news"),
            LedgerSource("fda", "regulatory"),
            LedgerSource("review", "review"),
        ]
    },
    quotations={
        "Q1": LedgerQuotation(
            "Q1", "the biggest step in half a century.", "Ronald Duman", "news", wording_checked=True
        ),
        "Q2": LedgerQuotation(
            "Q2", "the relief was a true breakthrough", "Yale news text", "news", wording_checked=True
        ),
        "Q9": LedgerQuotation("Q9", "words that nobody has seen", "Ada Moss", "news", wording_checked=False),
    },
    claims={
        claim.key: claim
        for claim in [
            LedgerClaim("works", "64% responded.", ("trial",), CHECKED, ("efficacy",)),
            LedgerClaim("fades", "It usually fades.", ("trial",), CHECKED, ("duration",)),
            LedgerClaim("not-all", "28% did not respond.", ("trial",), CHECKED, ("non-response",)),
            LedgerClaim(
                "risk", "The FDA names misuse, blood pressure, breathing, bladder.", ("fda",), CHECKED, ("risk",)
            ),
            LedgerClaim("label", "It is off-label.", ("fda",), CHECKED, ("off-label",)),
            LedgerClaim("sure", "The certainty is low.", ("review",), CHECKED, ("certainty",)),
            LedgerClaim("blind", "People guessed what they were given.", ("trial",), CHECKED, ("blinding",)),
            LedgerClaim("form", "It was an infusion into a vein.", ("trial",), CHECKED, ("form",)),
            LedgerClaim("rats", "Rats had more synapses.", ("rats",), CHECKED),
            LedgerClaim("mice", "Mice moved more.", ("mice",), CHECKED),
            LedgerClaim("idea", "It may act there.", ("review",), CHECKED),
        ]
    },
)
WHOLE = """The drug usually fades. [^fades] Some did not respond. [^not-all]

The FDA names misuse, blood pressure, breathing, bladder. [^risk] The use is off-label. [^label]

The certainty is low. [^sure] People guessed what they were given. [^blind] It was an infusion into a vein. [^form]"""


def check(body, ledger=LEDGER, today=TODAY, **fields):
    fields = {"title": "A title", "summary": "A summary.", **fields}
    return linter.lint(**fields, body=body, ledger=ledger, values={}, today=today)


def found(body, ledger=LEDGER, **fields):
    return [(finding.rule, finding.field, finding.line) for finding in check(body, ledger, **fields)]


def changed(key, **fields):
    return replace(LEDGER, claims={**LEDGER.claims, key: replace(LEDGER.claims[key], **fields)})


def with_kind(source, evidence_type):
    sources = {**LEDGER.sources, source: replace(LEDGER.sources[source], evidence_type=evidence_type)}
    return replace(LEDGER, sources=sources)


def test_text_that_keeps_every_rule_has_no_finding():
    body = f"""## A heading

In a trial, 64% responded to ketamine. [^works] In rats, synapses grew. [^rats] It may act there too. [^idea]
You could ask a clinician about ketamine. [^advice] Will ketamine help?

According to Ronald Duman, it is “the biggest step … century.” He said so in 2012.

Yale wrote:

::: quotation Q2
:::

{WHOLE}
"""
    assert check(body) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Ketamine blocks a receptor.",
        "64 % of them felt better.",
        "The FDA\nhas approved it.",
        "In mice, it did more.",
        "He gave 0.5 milligrams.",
        "**It wears off** after a week.",
        "A scientist cited [@trial] the brain.",
    ],
)
def test_fact_without_a_claim_is_found(sentence):
    assert found(f"Hello.\n\n{sentence}") == [(Rule.UNSOURCED, "body", 3)]


def test_sentence_that_goes_on_about_a_fact_needs_a_claim_too():
    assert (
        found("In rats, synapses grew. [^rats]\nThis lasted a week. It went on.") == [(Rule.UNSOURCED, "body", 2)] * 2
    )
    assert found("In rats, synapses grew. [^rats] This is for you to judge.") == []
    assert found("The day was long. This lasted a week.") == []


@pytest.mark.parametrize("reason", ["advice", "offer", "page", "word"])
def test_reason_stands_for_a_claim(reason):
    assert found(f"Ask about ketamine. [^{reason}]") == []


def test_claim_without_a_source_is_found_where_it_is_first_used():
    ledger = changed("rats", sources=())
    assert found("Hello.\n\nIn rats, it grew. [^rats]\nIn rats, it stayed. [^rats]", ledger) == [
        (Rule.CLAIM_SOURCE, "body", 3)
    ]


def test_claim_without_a_kind_is_found():
    assert found("In rats, it grew. [^rats]", with_kind("rats", "")) == [(Rule.CLAIM_KIND, "body", 1)]


@pytest.mark.parametrize(
    ("sentence", "rules"),
    [
        ("Synapses grew. [^rats]", [Rule.ANIMALS]),
        ("In mice, synapses grew. [^rats]", [Rule.ANIMALS]),
        ("In rats, it grew, and they moved. [^rats; ^mice]", [Rule.ANIMALS]),
        ("In rats and mice, it grew. [^rats; ^mice]", []),
        ("In animals, it grew. [^rats; ^mice]", []),
        ("It grew, in people too. [^rats; ^not-all]", [Rule.ANIMALS]),  # a claim about people hides no animals
        ("It grew in rats, and in people too. [^rats; ^not-all]", []),
        ("In mice and rats, it grew. [^rats]", [Rule.ANIMALS]),
        ("In rats, 28% did not respond. [^not-all]", [Rule.ANIMALS]),
    ],
)
def test_what_was_seen_only_in_animals_says_so(sentence, rules):
    assert [finding.rule for finding in check(sentence)] == rules


@pytest.mark.parametrize(
    ("sentence", "rules"),
    [
        ("It acts there. [^idea]", [Rule.HEDGE]),
        ("It acts there, in 28%. [^idea; ^not-all]", [Rule.HEDGE]),
        ("It is less likely to act there. [^idea]", [Rule.HEDGE]),
        ("It might act there. [^idea]", []),
        ("Where it acts is an open question. [^idea]", []),
        ("Since May, it acts there. [^idea]", [Rule.HEDGE]),  # a month is no doubt
    ],
)
def test_where_the_claim_doubts_the_sentence_does(sentence, rules):
    assert [finding.rule for finding in check(sentence)] == rules


@pytest.mark.parametrize(
    ("without", "wording"),
    [
        (" Some did not respond. [^not-all]", "that it does not help everyone"),
        ("The drug usually fades. [^fades] ", "how long it lasts"),
        ("The FDA names misuse, blood pressure, breathing, bladder. [^risk] ", "what can go wrong"),
        (" The use is off-label. [^label]", "that the use is off-label"),
        ("The certainty is low. [^sure] ", "how sure the research is"),
        (" People guessed what they were given. [^blind]", "that people can tell what they were given"),
        (" It was an infusion into a vein. [^form]", "in which form it was given"),
    ],
)
@pytest.mark.parametrize("praise", ["In a trial, 64% responded. [^works]", "::: quotation Q2\n:::"])
def test_page_that_says_it_helps_says_the_rest(praise, without, wording):
    assert without in WHOLE
    assert [str(finding) for finding in check(f"{praise}\n\n{WHOLE.replace(without, '')}")] == [
        f"line 1: the page says that it helps, and nowhere {wording}"
    ]
    assert check(f"{praise}\n\n{WHOLE}") == []


def test_page_that_never_says_it_helps_owes_no_rest():
    assert check("In rats, synapses grew. [^rats]\n\n::: quotation Q1\n:::") == []


@pytest.mark.parametrize(
    "words", ["a breakthrough", "a miracle", "it cures", "guaranteed results", "life-changing days"]
)
def test_advertising_is_found_outside_quotations(words):
    assert found(f"Hello.\nThis is {words}.") == [(Rule.PROMOTION, "body", 2)]
    assert found(f"## This is {words}\n\nHello.") == [(Rule.PROMOTION, "body", 1)]
    assert found(f"Hello.\n\n::: notice This is {words}\nHello.\n:::") == [(Rule.PROMOTION, "body", 3)]
    for field in ("title", "summary", "description"):
        assert found("Hello.", **{field: f"This is {words}."}) == [(Rule.PROMOTION, field, 0)]


def test_words_the_clinic_offers_are_no_advertising():
    assert check("A 30-day money-back guarantee, and a secure page.") == []


def test_advertising_in_an_exact_quotation_is_the_speakers():
    assert check(f"The Yale text says “the relief was a true breakthrough” of it.\n\n{WHOLE}") == []


@pytest.mark.parametrize("quoted", ["“a breakthrough”", "“a miracle cure”"])
def test_quotation_marks_around_a_term_excuse_nothing(quoted):
    assert Rule.PROMOTION in [finding.rule for finding in check(f"The news text of Yale called it {quoted}.")]


def test_quotation_that_differs_is_found_with_the_one_it_resembles():
    assert [str(finding) for finding in check("Hello.\nDuman said “the biggest stop in half a century.” of it.")] == [
        "line 2: “the biggest stop in half a century.” is not in the ledger to the character; closest is “Q1”"
    ]
    assert found("Hello.\n\n> the biggest stop in half a century.") == [(Rule.QUOTATION, "body", 3)]
    assert found("Hello.", title="Duman: “the biggest stop in half a century.”") == [(Rule.QUOTATION, "title", 0)]
    assert found("> the biggest step in half a century.") == [(Rule.SPEAKER, "body", 1)]
    assert found("Duman said:\n\n> the biggest step in half a century.") == []


def test_quotation_mark_without_partner_is_found():
    assert (Rule.QUOTATION, "body", 1) in found("Duman said “the big step in half a century.")


def test_wording_nobody_checked_is_no_quotation():
    assert found("Moss said “words that nobody has seen” today.") == [(Rule.UNCHECKED, "body", 1)]
    assert found("Hello.\n\n::: quotation Q9\n:::") == [(Rule.UNCHECKED, "body", 3)]


@pytest.mark.parametrize(
    ("sentence", "rules"),
    [
        ("According to Yale, “the biggest step in half a century.”", [Rule.SPEAKER]),
        ("“the biggest step in half a century.” was said.", [Rule.SPEAKER]),
        ("Duman was there, and Ada Moss said “the biggest step in half a century.”", [Rule.SPEAKER]),
        ("Ronald Duman said “the biggest step in half a century.”", []),
        ("In Duman’s words, it is “the biggest step”.", []),
    ],
)
def test_quotation_names_its_speaker_and_nobody_else(sentence, rules):
    assert [finding.rule for finding in check(sentence)] == rules


@pytest.mark.parametrize(
    ("before", "rules"),
    [("According to Yale:", [Rule.SPEAKER]), ("Yale wrote:", [Rule.SPEAKER]), ("He said:", []), ("Duman said:", [])],
)
def test_block_is_led_in_by_its_speaker_or_nobody(before, rules):
    assert [finding.rule for finding in check(f"{before}\n\n::: quotation Q1\n:::")] == rules


@pytest.mark.parametrize(
    ("kind", "due"), [("regulatory", dt.date(2027, 2, 28)), ("public-health", dt.date(2027, 2, 28))]
)
def test_what_an_authority_says_is_checked_every_half_year(kind, due):
    assert review_by(["trial", kind], dt.date(2026, 8, 31)) == due


@pytest.mark.parametrize(
    ("stated", "sources", "result"),
    [
        ("trial", ["trial"], False),
        ("opinion", ["news"], False),
        ("human", ["rats", "trial"], True),
        ("trial", ["review"], True),
        ("mice", ["rats"], True),
        ("rats", ["rats", "review"], False),
        ("rodents", ["rats", "mice"], False),
    ],
)
def test_claim_states_no_stronger_evidence_than_its_sources_have(stated, sources, result):
    assert overstated(stated, [LedgerSource("s", kind) for kind in sources]) is result


def test_the_rest_is_checked_every_year():
    assert review_by(["trial"], dt.date(2024, 2, 29)) == dt.date(2025, 2, 28)


def test_claim_is_overdue_on_the_day_after_its_last():
    body = "Hello.\n\nIn rats, it grew. [^rats]"
    assert found(body, today=dt.date(2027, 11, 1)) == []
    assert found(body, today=dt.date(2027, 11, 2)) == [(Rule.OVERDUE, "body", 3)]


def test_text_is_overdue_on_the_day_after_its_last():
    assert found("Hello.", review_by=TODAY) == []
    assert found("Hello.", review_by=TODAY - dt.timedelta(days=1)) == [(Rule.OVERDUE, "review_by", 0)]


def test_what_the_markup_cannot_read_is_found_in_every_field():
    assert found("Hello.\n[^nothing]", title="From {x}") == [(Rule.MARKUP, "title", 1), (Rule.MARKUP, "body", 2)]


def test_headings_within_a_section_advertise_as_little():
    assert found("### A breakthrough in ketamine\n\nHello.") == [(Rule.PROMOTION, "body", 1)]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=25).map("".join))
def test_any_text_has_findings_or_none(text):
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    for finding in check(text, title=text, summary=text):
        assert finding.message
        assert 0 <= finding.line <= lines


def test_unused_claims_and_sources_are_found():
    documents = [parse("In rats, it grew. [^rats] He said so. [@fda]", ledger=LEDGER, values={})]
    used = replace(
        LEDGER,
        sources={key: LEDGER.sources[key] for key in ("trial", "rats", "news", "fda")},
        claims={"rats": LEDGER.claims["rats"], "idea": LEDGER.claims["idea"]},
    )
    assert sorted((finding.rule, finding.field) for finding in linter.unused_entries(documents, used)) == [
        (Rule.UNUSED, "claims.idea"),
        (Rule.UNUSED, "sources.trial"),
    ]


@pytest.mark.parametrize("field", ["title", "summary", "description"])
@pytest.mark.parametrize(
    "text",
    ["Ketamine rebuilds the brain", "It eased depression in 94% of them", "How fast will ketamine lift your mood?"],
)
def test_what_carries_no_claim_states_no_fact(field, text):
    assert (Rule.TITLE, field, 0) in found("Hello.", **{field: text})


@pytest.mark.parametrize("text", ["How ketamine may work", "What trials found", "Will ketamine help?", "It is 50% off"])
def test_title_that_states_no_effect_is_let_through(text):
    assert found("Hello.", title=text) == []


@pytest.mark.parametrize(
    ("sentence", "rules"),
    [
        ("In a trial, 46% responded. [^works]", [Rule.NUMBER]),
        ("In a trial of 73 people, 64% responded. [^works]", [Rule.NUMBER]),
        ("The FDA looked at schedules. [^works]", [Rule.UNFIT]),
        ("In a trial, 64% did not respond. [^works]", [Rule.POLARITY]),
        ("In a trial, all responded. [^works]", [Rule.QUANTIFIER]),
        ("Ketamine lifts depression. [^page]", [Rule.EXEMPT]),
    ],
)
def test_sentence_says_what_its_claims_say(sentence, rules):
    assert [finding.rule for finding in check(f"{sentence}\n\n{WHOLE}")] == rules


@pytest.mark.parametrize(
    "marks",
    [
        "“{}”",
        '"{}"',
        "«{}»",
        "„{}“",
        "‹{}›",
        "「{}」",
        "❝{}❞",
        "``{}''",
        "‘{}’",
        "'{}'",
        "<q>{}</q>",
        '“{}"',
        "*{}*",
        "{}",
    ],
)
def test_altered_quotation_is_found_in_any_marks(marks):
    words = marks.format("the biggest stride in half a century")
    assert Rule.QUOTATION in [finding.rule for finding in check(f"Duman said {words} of it.")] or marks == "{}"
    exact = marks.format("the biggest step in half a century")
    assert (Rule.QUOTATION in [finding.rule for finding in check(f"Duman said {exact} of it.")]) is (marks == "{}")


@pytest.mark.parametrize(
    "sentence",
    [
        "It is no miracle, and no cure.",
        "No one here calls it a breakthrough.",
        "Leave your cell number.",
        "Tell us how we can improve this page.",
        "Our patients are adults.",
        "The page answers instantly.",
        "Ask whether ketamine fits with your other medicines.",
        "You can say, “Please tell me that in plain words.”",
        "They wrote “A trial of ketamine,” in a review. [@trial]",
    ],
)
def test_denials_everyday_words_and_titles_are_let_through(sentence):
    assert check(f"Hello.\n\n{sentence}") == []


def test_text_is_read_in_linear_time_and_has_a_limit():
    assert found("word " * 30_000) == [(Rule.TOO_LONG, "body", 0)]
    body = "In a trial, 64% responded. [^works]\n" * 800
    assert {finding.rule for finding in check(body)} == {Rule.ONE_SIDED}


@pytest.mark.parametrize("words", ["a mіracle", "a mira\u200bcle", "a mira\u00adcle"])
def test_letters_that_hide_words_are_found(words):
    assert (Rule.MARKUP, "body", 1) in found(f"It is {words}.")
