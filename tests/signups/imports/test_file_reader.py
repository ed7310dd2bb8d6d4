"""Other people's tables: what is in which column, and what a row says."""

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.lib import spreadsheets
from signups.imports.file_reader import MAX_COLUMNS, MAX_ROWS, read_table


def rows_of(content):
    table = read_table(content)
    return [table.header, *(row for _, row in table.rows)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_reads_what_spreadsheets_save(separator):
    text = f'\ufeffName{separator}Phone\r\n"Miller, Jo; junior"{separator}"\'+12125550123"\r\n'
    assert rows_of(text.encode()) == [["Name", "Phone"], ["Miller, Jo; junior", "+12125550123"]]


def workbook(*rows):
    file = io.BytesIO()
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def bomb():
    """Half a gigabyte of spaces in a workbook of half a megabyte."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 500_000_000)
    return file.getvalue()


NONE_OF_OURS = {
    "zip": b"PK\x03\x04\x00\x00",
    "bomb": bomb(),
    "old Excel": b"\xd0\xcf\x11\xe0" + b"\0" * 100,
    "PDF": b"%PDF-1.7 x",
    "picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
    "bytes": bytes(range(256)) * 4,
    "page": b"<!doctype html><p>Hello",
    "JSON": b'{"name": "Jo"}',
    "no rows": b"Name\n",
    "open quotation": b'Name\n"Jo',
    "many rows": b"Name\n" + b"a\n" * (MAX_ROWS + 1),
    "many columns": b"a," * (MAX_COLUMNS + 1) + b"b\nJo",
    "ten million cells": b"," * 9_990_000 + b"\nJo",
    "cells": (b"," * 900 + b"\n") * 6_000,
    "many contacts": b"BEGIN:VCARD\nFN:Jo\nEND:VCARD\n" * 50_001,
    "broken contact": b"BEGIN:VCARD\nVERSION:3.0\nN:Jo",
    "nothing": b"",
}


@pytest.mark.parametrize("content", NONE_OF_OURS.values(), ids=NONE_OF_OURS)
def test_anything_else_is_refused_in_words(content):
    with pytest.raises(ValueError, match=r"\.$"):
        read_table(content)


CELLS = st.text(alphabet="=+-@'\"a;,\t0 ＝", max_size=6)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=3))
def test_our_own_tables_read_back_as_they_were_written(rows):
    """The apostrophe that keeps a cell from being a formula is taken off again."""
    written = "".join(spreadsheets.stream_csv(["Name", "E-mail"], rows))
    back = [[spreadsheets.unescape_cell(spreadsheets.escape_cell(cell)).strip() for cell in row] for row in rows]
    if any(map(any, back)):
        table = read_table(written.encode())
        read = {number: dict(zip(table.header, row, strict=True)) for number, row in table.rows}
        assert [
            [read.get(number, {}).get(name, "") for name in ("Name", "E-mail")] for number in range(2, len(back) + 2)
        ] == back
    assert spreadsheets.unescape_cell(spreadsheets.escape_cell("=1+1")) == "=1+1"


ROWS = [["Name", "Email"], ["José", "jose@x.example"]]
TEXT = "Name,Email\r\nJosé,jose@x.example\r\n"
READ = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with a mark": TEXT.encode("utf-8-sig"),
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16, tabs": TEXT.replace(",", "\t").encode("utf-16"),
    "UTF-16 without a mark": TEXT.encode("utf-16-le"),
    "Windows-1252": TEXT.encode("cp1252"),
    "CR": TEXT.replace("\r\n", "\r").encode(),
    "sep line": ("sep=;\r\n" + TEXT.replace(",", ";")).encode("utf-8-sig"),
    "titles above": ("Contacts of 2026\r\n\r\nExported by Ann\r\n" + TEXT).encode(),
    "empty columns": TEXT.replace("\r\n", ",,\r\n").encode(),
    "XLSX": workbook(*ROWS),
    "XLSX with a title": workbook(["Contacts"], [], *ROWS),
}


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_same_table_is_read_from_any_usual_file(content):
    assert rows_of(content) == ROWS


@pytest.mark.parametrize(("content", "guess"), [(TEXT.encode("cp1252"), "Windows-1252"), (TEXT.encode(), "")])
def test_encoding_that_was_guessed_is_said(content, guess):
    assert read_table(content).encoding == guess


def test_rows_are_numbered_as_in_the_spreadsheet():
    table = read_table(b"Contacts\n\nName,Email\n\nJo,jo@x.example\nAl,al@x.example\n")
    assert [number for number, _ in table.rows] == [5, 6]


def test_columns_without_any_entry_are_left_out_and_counted():
    table = read_table(b"Name,Fax,Email,Pager\nJo,,jo@x.example,\n")
    assert (table.header, table.empty) == (["Name", "Email"], 2)


def test_first_row_that_is_data_is_no_heading():
    assert rows_of(b"Jo,jo@x.example\nAl,al@x.example\n") == [["", ""], ["Jo", "jo@x.example"], ["Al", "al@x.example"]]


def test_comma_in_a_heading_of_a_table_with_semicolons():
    assert rows_of(b"Last, first name;Email\nLee, Ann;a@x.example\n")[1] == ["Lee, Ann", "a@x.example"]


def test_quotation_mark_inside_a_cell_loses_nothing():
    content = b'Name,Email\n"Cy" Lee,cy@x.example\nAl,al@x.example\n'
    assert [row[1] for row in rows_of(content)] == ["Email", "cy@x.example", "al@x.example"]


def test_quotation_mark_that_is_not_closed_is_told_with_its_row():
    with pytest.raises(ValueError, match="row 3"):
        read_table(b'Name,Email\nAl,al@x.example\n"Cy,cy@x.example\nDi,di@x.example\n')


def test_long_cell_in_a_column_nobody_needs_is_no_obstacle():
    assert rows_of(b"Name,Notes\nJo," + b"x" * 140_000)[1][0] == "Jo"


def test_cells_of_a_workbook_are_read_as_people_see_them():
    when = dt.date(2026, 1, 12)
    rows = rows_of(workbook(["Name", "Phone", "Signed up", "Opt out"], ["Jo", 2125550123.0, when, True]))
    assert rows[1] == ["Jo", "2125550123", "2026-01-12", "yes"]


CARDS = """BEGIN:VCARD
VERSION:3.0
N:Lee;Ann;Marie;;
FN:Ann Lee
EMAIL;type=HOME:ann@x.example
TEL;type=FAX:+1 512 555 0001
TEL;type=HOME:+1 512 555 0002
TEL;type=CELL:+1 512 555 0530
ADR;type=HOME:;;1 Elm;Austin;TX;78701;USA
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Müller
EMAIL:m@x.example
END:VCARD
"""


def test_contacts_of_a_vcard_are_rows():
    table = read_table(CARDS.encode())
    assert [dict(zip(table.header, row, strict=True)) for _, row in table.rows] == [
        {"First name": "Ann", "Middle name": "Marie", "Last name": "Lee", "Name": "", "Email": "ann@x.example",
         "Phone": "+1 512 555 0530", "Phone 2": "+1 512 555 0002", "State": "TX"},
        {"First name": "", "Middle name": "", "Last name": "", "Name": "Müller", "Email": "m@x.example",
         "Phone": "", "Phone 2": "", "State": ""},
    ]  # fmt: skip


def test_contact_that_is_cut_short_is_told_by_its_place():
    cards = [f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:P{n}\r\nTEL:+1 512 555 01{n:02}\r\nEND:VCARD\r\n" for n in range(7)]
    cards[3] = cards[3].replace("END", "PHOTO;ENCODING=b:aGVs\r\n bG8=\r\nX-NOTE:x\r\nEND")
    table = read_table("".join(cards).encode())
    assert [row[0] for _, row in table.rows] == [f"P{n}" for n in range(7)]
    cards[4] = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:P4\r\n"
    with pytest.raises(ValueError, match="Contact number 5 "):
        read_table("".join(cards).encode())
