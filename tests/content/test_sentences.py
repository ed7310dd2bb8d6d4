"""Sentence splitter: abbreviations, initials, ellipses."""

import pytest

from content.evidence.ledger import Ledger
from content.evidence.markup import parse


def sentences(text):
    [passage] = parse(text, ledger=Ledger(), values={}).passages
    return [sentence.text for sentence in passage.sentences]


@pytest.mark.parametrize(
    "text",
    [
        "Prof. Krystal said so.|It was good.",
        "We call from 9 a.m. Eastern time.|Please wait.",
        "See Fig. 2 for it.|Then go.",
        "Charles B. Nemeroff wrote it.|He did.",
        "On Jan. 17 it came.|Then more.",
        "At Mt. Sinai it grew.|It did.",
        "He lives in the U.S.|Ketamine is legal there.",
        "It faded…|Or did it?",
        "The U.S. Food and Drug Administration did it.|Yes.",
        "No.|We do not ask.",
        "It is No. 5 of them.|Fine.",
        "Moss et al. found it.|Good.",
        "It works at 9 a.m.|We call then.",
        "Take 0.5 mg per kg.|It is low.",
        "He said “Stop.”|Then he left.",
        "What?|Yes!|Now.",
        "Ronald S. Duman, PhD, died.|He was 65.",
        "E.g. Spravato is one.|It is.",
        "It comes from Moss Inc.|The price is high.",
        "It is vitamin B.|The next is C.",
        "J. H. Krystal and R. S. Duman wrote.|They did.",
        "She came (at noon.)|He left.",
        "At 5 p.m. Monday we close.|Then we go.",
        "It is 3.5.|Then 4.",
        "Dr. Moss and Mr. Reed came.|Both stayed.",
        "It cost $5.|That is all.",
        "She has a Ph.D. in it.|He has none.",
        "Compare mice vs. rats.|They differ.",
    ],
)
def test_sentences_end_where_a_reader_ends_them(text):
    assert sentences(text.replace("|", " ")) == text.split("|")


def test_marks_belong_to_the_sentence_before_them():
    [passage] = parse("One. [^page] Two. [^offer]\nThree.", ledger=Ledger(), values={}).passages
    assert [(each.text, each.exempt, each.line) for each in passage.sentences] == [
        ("One.", "page", 1),
        ("Two.", "offer", 1),
        ("Three.", "", 2),
    ]


def test_many_marked_lines_keep_their_numbers():
    body = "A word. [^page]\n" * 1800
    [passage] = parse(body, ledger=Ledger(), values={}).passages
    assert [sentence.line for sentence in passage.sentences] == list(range(1, 1801))
