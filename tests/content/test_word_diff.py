from hypothesis import given
from hypothesis import strategies as st

from content import word_diff
from content.word_diff import DiffLine, DiffPiece

TEXT = st.text(st.sampled_from("ab \n"), max_size=30)


def test_only_the_words_that_changed_are_marked():
    assert word_diff.diff_words("It lasts one week.", "It lasts two weeks.") == (
        DiffPiece("same", "It lasts "),
        DiffPiece("removed", "one"),
        DiffPiece("added", "two"),
        DiffPiece("same", " "),
        DiffPiece("removed", "week"),
        DiffPiece("added", "weeks"),
        DiffPiece("same", "."),
    )


def test_unchanged_lines_are_counted_but_for_the_neighbours():
    old = "\n".join("abcdefghij")
    assert word_diff.diff_lines(old, old.replace("e", "E").replace("j", "J")) == [
        DiffLine(skipped=3),
        DiffLine((DiffPiece("same", "d"),)),
        DiffLine((DiffPiece("removed", "e"), DiffPiece("added", "E"))),
        DiffLine((DiffPiece("same", "f"),)),
        DiffLine(skipped=2),
        DiffLine((DiffPiece("same", "i"),)),
        DiffLine((DiffPiece("removed", "j"), DiffPiece("added", "J"))),
    ]


def test_nothing_is_said_of_equal_texts():
    assert word_diff.diff_lines("a\nb", "a\nb") == []


@given(TEXT, TEXT)
def test_each_line_keeps_both_texts(old, new):
    pieces = word_diff.diff_words(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == new


@given(TEXT, TEXT)
def test_no_line_is_lost(old, new):
    diff = word_diff.diff_lines(old, new)
    count = sum(line.skipped or 1 for line in diff)
    assert count == 0 if old.splitlines() == new.splitlines() else count >= len(new.splitlines())
