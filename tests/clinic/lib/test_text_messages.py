"""How texts are counted (3GPP TS 23.038, 23.040)."""

import pytest

from clinic.lib import text_messages


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("[" * 80, 1),  # two septets each
        ("[" * 81, 2),
        ("a" * 152 + "[" + "a" * 153, 3),  # a character is not split: 152, then 2 + 151, then 2
        ("ñ" * 160, 1),
        ("í" * 70, 1),  # not in the alphabet: two bytes each
        ("í" * 71, 2),
        ("í" * 134, 2),
        ("í" * 135, 3),
        ("🎉" * 35, 1),
        ("🎉" * 36, 2),
        ("🎉" * 66 + "a", 2),
        ("🎉" * 67, 3),  # 33 fit into a part of 67
    ],
)
def test_segments(text, segments):
    assert text_messages.count_segments(text) == segments


def test_text_in_the_alphabet_of_phones_says_the_same():
    assert (
        text_messages.to_gsm("“We’ll call” – José, Dvořák, 2:00\u202fPM")
        == '"We\'ll call" - Jos\u00e9, Dvorak, 2:00 PM'
    )
