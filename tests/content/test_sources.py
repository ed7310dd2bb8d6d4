"""How a source is printed."""

import pytest

from tests.factories import SourceFactory


@pytest.mark.parametrize(
    ("authors", "line"),
    [
        (["Moss A"], "Moss A."),
        (["Moss A", "et al."], "Moss A, et al."),
        ([f"A{n} B" for n in range(7)], "A0 B, A1 B, A2 B, A3 B, A4 B, A5 B, et al."),
    ],
)
def test_authors_are_listed_up_to_six(authors, line):
    assert SourceFactory.build(authors=authors).authors_line == line


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"volume": "338", "issue": "6103", "pages": "68-72", "year": 2012}, "2012;338(6103):68-72"),
        ({"year": 2025}, "2025"),
        ({"year": None, "pages": "7"}, ":7"),
        ({"year": None}, ""),
    ],
)
def test_place_says_what_is_known(fields, line):
    assert SourceFactory.build(**fields).place_line == line
