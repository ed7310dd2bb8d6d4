from hypothesis import given
from hypothesis import strategies as st

from content import diffs
from content.diffs import Line, Piece

TEXT = st.text(st.sampled_from("ab \n"), max_size=30)


def test_only_the_words_that_changed_are_marked():
    assert diffs.words("It lasts one week.", "It lasts two weeks.") == (
        Piece("same", "It lasts "),
        Piece("removed", "one"),
        Piece("added", "two"),
        Piece("same", " "),
        Piece("removed", "week"),
        Piece("added", "weeks"),
        Piece("same", "."),
    )


def test_unchanged_lines_are_counted_but_for_the_neighbours():
    old = "\n".join("abcdefghij")
    assert diffs.lines(old, old.replace("e", "E").replace("j", "J")) == [
        Line(skipped=3),
        Line((Piece("same", "d"),)),
        Line((Piece("removed", "e"), Piece("added", "E"))),
        Line((Piece("same", "f"),)),
        Line(skipped=2),
        Line((Piece("same", "i"),)),
        Line((Piece("removed", "j"), Piece("added", "J"))),
    ]


def test_nothing_is_said_of_equal_texts():
    assert diffs.lines("a\nb", "a\nb") == []


@given(TEXT, TEXT)
def test_each_line_keeps_both_texts(old, new):
    pieces = diffs.words(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == new


@given(TEXT, TEXT)
def test_no_line_is_lost(old, new):
    shown = diffs.lines(old, new)
    count = sum(line.skipped or 1 for line in shown)
    assert count == 0 if old.splitlines() == new.splitlines() else count >= len(new.splitlines())
