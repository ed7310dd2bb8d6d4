"""Quotation check: exact match, smart quotes, leading case and ellipses."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from content.evidence.quotation_check import matches, quoted_spans

WORDS = st.lists(
    st.text("abcABCé’'“”.,-", min_size=1, max_size=6).filter(lambda word: any(map(str.isalpha, word))),
    min_size=4,
    max_size=12,
)


@given(WORDS)
def test_exact_words_match(words):
    assert matches(" ".join(words), " ".join(words))


@given(WORDS)
def test_straight_quotes_and_leading_case_match(words):
    original = " ".join(words)
    straight = original.translate(str.maketrans("‘’“”", "''\"\""))
    assert matches(straight, original)
    assert matches(original, straight)
    assert matches(original[0].swapcase() + original[1:], original)
    assert matches("\n".join(words), original)


@given(WORDS, st.data(), st.sampled_from([" … ", "... ", " […] ", "…"]))
def test_ellipsis_stands_for_what_is_left_out(words, data, ellipsis):
    start = data.draw(st.integers(1, len(words) - 1))
    end = data.draw(st.integers(start, len(words) - 1))
    words = ["whole", *(f"w{word}w" for word in words[1:])]  # dots of the words are no ellipsis
    assert matches(" ".join(words[:start]) + ellipsis + " ".join(words[end:]), " ".join(words))


@given(WORDS, st.data())
def test_any_other_letter_differs(words, data):
    original = " ".join(words)
    at = data.draw(st.integers(1, len(original) - 1))
    assume(original[at].isalpha())
    assert not matches(original[:at] + "z" + original[at + 1 :], original)


@pytest.mark.parametrize(
    "words",
    ["a true", "rue breakthroug", "breakthrough true", "a true Breakthrough", "a true breakthrough!", "", "…", "a … a"],
)
def test_other_words_differ(words):
    assert matches(words, "a true breakthrough") == (words == "a true")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("He said “one two three four” and “off-label.”", ["one two three four"]),
        ('He said "one two three four".', ["one two three four"]),
        ("He said ‘one two’s three four’ and didn’t.", ["one two’s three four"]),
        ("The dogs’ bowls and the cats’ own four beds.", []),
        ("“Keep it down,” he said.", []),
    ],
)
def test_only_longer_quoted_words_are_somebodys(text, words):
    assert [quoted_spans.words for quoted_spans in quoted_spans(text)] == words
