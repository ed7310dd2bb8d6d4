"""Tables for spreadsheets, row by row in constant memory, in which no cell is a formula.

A cell that begins like a formula is preceded by an apostrophe in CSV (OWASP, “CSV Injection”); XLSX says itself that a
cell is text. Every cell is quoted in CSV, so that no other separator can begin one.

XLSX is written here, and not by a library: of ECMA-376 (Office Open XML) a table of texts needs five small files in a
zip, and the library we had took three times as long for them.
"""

import csv
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import IO, Any

from . import normalise

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
MOST_ROWS = 1_048_575  # of one XLSX sheet, below its header
Row = Sequence[str]

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SCHEMAS = "http://schemas.openxmlformats.org"
_SHEET = f'{_HEAD}<worksheet xmlns="{_SCHEMAS}/spreadsheetml/2006/main"><sheetData>'
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Name in the zip → contents, of all but the sheet itself (ECMA-376 part 2, §9; part 1, §12.3).
_AROUND = {
    "[Content_Types].xml": f'<Types xmlns="{_SCHEMAS}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_SCHEMAS}/package/2006/relationships"><Relationship Id="rId1" '
    f'Type="{_SCHEMAS}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_SCHEMAS}/spreadsheetml/2006/main" '
    f'xmlns:r="{_SCHEMAS}/officeDocument/2006/relationships">'
    '<sheets><sheet name="Leads" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_SCHEMAS}/package/2006/relationships"><Relationship '
    f'Id="rId1" Type="{_SCHEMAS}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
    "</Relationships>",
}
_CELL = '</t></is></c><c t="inlineStr"><is><t>'
_NOT_XML = re.compile("[\ufffe\uffff]")  # XML 1.0 §2.2; control characters and surrogates are gone already
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # spreadsheets read _x0041_ as A (ECMA-376 part 1, §22.9.2.19)


def plain(cell: str) -> str:
    """On one line, without control characters, and never a formula."""
    text = normalise.line(cell)
    return f"'{text}" if text.startswith(FORMULA) else text


def unguarded(cell: str) -> str:
    """What a cell said before `plain`, or a spreadsheet's user, put an apostrophe in front of it."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


def csv_lines(header: Row, rows: Iterable[Row]) -> Iterator[str]:
    """UTF-8 for spreadsheets: begins with the mark by which they know it (U+FEFF)."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield "\ufeff" + writer.writerow([plain(cell) for cell in header])
    for row in rows:
        yield writer.writerow([plain(cell) for cell in row])


def xlsx_file(header: Row, rows: Iterable[Row]) -> IO[bytes]:
    """A temporary file, at its beginning; it is gone when it is closed."""
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
    with zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, contents in _AROUND.items():
            package.writestr(name, _HEAD + contents)
        with package.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(_SHEET.encode())
            sheet.write(_xml_row(header))
            for row in rows:
                sheet.write(_xml_row(row))
            sheet.write(b"</sheetData></worksheet>")
    spool.seek(0)
    return spool


def _xml_row(row: Row) -> bytes:
    """One row, each cell a text: nothing in it is looked at for a formula or a number."""
    text = escape("\n".join(normalise.line(cell) for cell in row), quote=False)
    if "_x" in text:
        text = _ESCAPE.sub("_x005F_", text)
    if not text.isascii():
        text = _NOT_XML.sub("", text)
    return f'<row><c t="inlineStr"><is><t>{text.replace(chr(10), _CELL)}</t></is></c></row>'.encode()


class _Echo:
    """A file that gives back what is written to it, one row at a time."""

    def write(self, line: str) -> Any:
        return line
