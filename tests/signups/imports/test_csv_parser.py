"""Other people's tables: what is in which column, and what a row says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.lib import spreadsheets
from signups.imports import csv_parser
from tests.signups.conftest import NOW


def person(**said):
    told = {**dict.fromkeys(csv_parser.IMPORT_FIELDS, ""), "name": "Jo Miller", "email": "jo@example.com", **said}
    return csv_parser.lead_fields(told, region="US", time_zone="America/New_York", now=NOW)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_reads_what_spreadsheets_save(separator):
    text = f'\ufeffName{separator}Phone\r\n"Miller, Jo; junior"{separator}"\'+12125550123"\r\n'
    header, rows = csv_parser.parse_csv(text.encode())
    assert (header, rows) == (["Name", "Phone"], [["Miller, Jo; junior", "+12125550123"]])


NONE_OF_OURS = {
    "latin-1": "Name,E-mail\nJosé,j@x.example".encode("latin-1"),
    "utf-16": "Name\nJo".encode("utf-16"),
    "zip": b"PK\x03\x04\x00\x00",
    "no rows": b"Name\n",
    "open quotation": b'Name\n"Jo',
    "many rows": b"Name\n" + b"a\n" * (csv_parser.MAX_ROWS + 1),
    "many columns": b"a," * 100 + b"\nJo",
    "nothing": b"",
}


@pytest.mark.parametrize("content", NONE_OF_OURS.values(), ids=NONE_OF_OURS)
def test_anything_else_is_refused_in_words(content):
    with pytest.raises(ValueError, match=r"\.$"):
        csv_parser.parse_csv(content)


CELLS = st.text(alphabet="=+-@'\"a;,\t0 ＝", max_size=6)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=3))
def test_our_own_tables_read_back_as_they_were_written(rows):
    """The apostrophe that keeps a cell from being a formula is taken off again."""
    written = "".join(spreadsheets.stream_csv(["Name", "E-mail"], rows))
    _, read = csv_parser.parse_csv(written.encode())
    assert read == [[spreadsheets.unescape_cell(spreadsheets.escape_cell(cell)) for cell in row] for row in rows]
    assert spreadsheets.unescape_cell(spreadsheets.escape_cell("=1+1")) == "=1+1"


def test_columns_are_known_by_their_headings_each_once():
    header = ["Full Name", "E-MAIL", "phone_number", "E-mail address", "Shoe size", ""]
    assert csv_parser.guess_columns(header) == ["name", "email", "phone", "", "", ""]


def test_what_a_row_says():
    told = person(phone="(212) 555-0123", state="texas", preferred_channel="phone call", source="Spring fair!")
    assert told | {"unsubscribed_at": None} == told
    assert (told["email_key"], told["phone_e164"], told["state"]) == ("jo@example.com", "+12125550123", "TX")
    assert (told["preferred_channel"], told["first_touch_source"], told["status"]) == ("call", "Springfair", "new")
    assert person(stopped="yes")["unsubscribed_at"] == person(stopped="2026-01-01")["unsubscribed_at"] == NOW
    assert person(name="", first="Ann", last="Lee")["name"] == "Ann Lee"
    assert person(email="", phone="212 555 0123")["preferred_channel"] == "call"


@pytest.mark.parametrize(
    "said",
    [
        {"name": ""},
        {"name": "123"},
        {"email": "jo@"},
        {"email": "", "phone": ""},
        {"phone": "12"},
        {"phone": "1" * 41},
        {"state": "Bavaria"},
        {"time_zone": "Mars"},
        {"status": "hot"},
        {"preferred_channel": "fax"},
        {"preferred_channel": "text"},
        {"email": "", "phone": "2125550123", "preferred_channel": "email"},
    ],
)
def test_what_it_cannot_say_is_told_without_repeating_it(said):
    with pytest.raises(ValueError, match=r"\.$") as refusal:
        person(**said)
    assert not any(word and word in str(refusal.value) for word in said.values() if word not in ("text", "email"))


def test_whom_a_row_is_about():
    cells = ["Jo", "Jo Miller <J.O+x@Gmail.com>", "x 212-555-0123"]
    assert csv_parser.row_mentions(cells, "jo@gmail.com")
    assert csv_parser.row_mentions(cells, "+12125550123")
    assert not csv_parser.row_mentions(cells, "joe@gmail.com")
    assert not csv_parser.row_mentions(cells, "+12125550124")
    assert not csv_parser.row_mentions(["", "55"], "+12125550155")
