"""What begins like a formula is inert text in every export, header cells too; numbers survive the way out and in."""

import csv
import io
import re
import zipfile

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clinic import roles
from clinic.lib import normalization, phone_numbers, spreadsheets
from tests.factories import leads, users

BEGINNINGS = ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"]
ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")  # as spreadsheets read it (ECMA-376 part 1, §22.9.2.19); openpyxl does not
ATTACK = '=HYPERLINK("https://thief.example","see")'


def read_csv(text):
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("before", ["", " ", "\x00", "\u200b", "\n", '"'])
def test_no_cell_of_csv_begins_like_a_formula(beginning, before):
    text = "".join(spreadsheets.stream_csv([before + beginning + "1"], [[before + beginning + "1"]]))
    for row in read_csv(text):
        assert not row[0].startswith(tuple(BEGINNINGS)), row


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_every_cell_is_one_inert_cell(cells):
    rows = read_csv("".join(spreadsheets.stream_csv(cells, [cells])))
    assert [len(row) for row in rows] == [len(cells)] * 2
    for cell in [cell for row in rows for cell in row]:
        assert not cell.startswith(tuple(BEGINNINGS))
        assert not any(ord(character) < 32 for character in cell)


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_every_cell_of_xlsx_is_text(beginning):
    cell = f"{beginning}1+1"
    with spreadsheets.write_xlsx([cell], [[cell], ["https://a.example"]]) as file:
        sheet = openpyxl.load_workbook(file).active
    read = [row[0] for row in sheet.iter_rows()]
    assert [(found.data_type, found.value, found.hyperlink) for found in read] == [
        ("s", normalization.single_line(cell), None),
        ("s", normalization.single_line(cell), None),
        ("s", "https://a.example", None),
    ]


@given(st.lists(st.text(), min_size=1, max_size=4))
@example(["a\ufffeb", "\x00\x0b\x1f", "_x003D_1", "\ud800"])
def test_every_cell_of_xlsx_reads_back(cells):
    with spreadsheets.write_xlsx(cells, [cells]) as file:
        sheet = openpyxl.load_workbook(file).active
        rows = sheet.iter_rows(max_row=2, max_col=len(cells), values_only=True)
        read = [[ESCAPE.sub(lambda found: chr(int(found[1], 16)), cell or "") for cell in row] for row in rows]
    assert read == [[normalization.single_line(cell) for cell in cells]] * 2


def test_markup_in_a_cell_of_xlsx_is_text():
    """XlsxWriter takes `<r>…</r>` for rich text of its own making: here it would add a cell with a formula."""
    cell = '<r><t>a</t></r></is></c><c r="B2"><f>1+1</f></c><c r="C2" t="inlineStr"><is><r><t>b</t></r>'
    with spreadsheets.write_xlsx(["A"], [[cell]]) as file:
        sheet = openpyxl.load_workbook(file).active
    assert (sheet.max_column, sheet["A2"].data_type, sheet["A2"].value.strip()) == (1, "s", cell)


def test_cell_of_xlsx_is_not_read_as_an_escape():
    """Spreadsheets read _x003D_ as an equals sign."""
    with spreadsheets.write_xlsx(["A"], [["_x003D_1+1"]]) as file, zipfile.ZipFile(file) as package:
        assert b"<t>_x005F_x003D_1+1</t>" in package.read("xl/worksheets/sheet1.xml")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_phone_number_survives_the_desks_export(client, clinic, kind):
    leads.LeadFactory(name=ATTACK, phone="(212) 555-0123", phone_e164="+12125550123")
    client.force_login(users.UserFactory(role=roles.HEAD))
    answer = client.post("/admin/signups/lead/export/", {"kind": kind, "reason": "report"})
    body = b"".join(answer.streaming_content)
    if kind == "csv":
        header, row = read_csv(body.decode())
        assert row[header.index("Name")] == f"'{ATTACK}"
    else:
        cells = openpyxl.load_workbook(io.BytesIO(body)).active.iter_rows()
        header, row = ([cell.value for cell in line] for line in cells)
        assert row[header.index("Name")] == ATTACK
    assert phone_numbers.parse_phone(row[header.index("Phone")], "US").e164 == "+12125550123"
