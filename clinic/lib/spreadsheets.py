"""Tables for spreadsheets, row by row in constant memory, in which no cell is a formula.

A cell that begins like a formula is preceded by an apostrophe in CSV (OWASP, “CSV Injection”); XLSX says itself that a
cell is text. Every cell is quoted in CSV, so that no other separator can begin one.
"""

import csv
import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

import xlsxwriter

from . import normalization

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
MAX_XLSX_ROWS = 1_048_575  # of one XLSX sheet, below its header
Row = Sequence[str]


def escape_cell(cell: str) -> str:
    """On one line, without control characters, and never a formula."""
    text = normalization.single_line(cell)
    return f"'{text}" if text.startswith(FORMULA) else text


def unescape_cell(cell: str) -> str:
    """What a cell said before `plain`, or a spreadsheet's user, put an apostrophe in front of it."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


def stream_csv(header: Row, rows: Iterable[Row]) -> Iterator[str]:
    """UTF-8 for spreadsheets: begins with the mark by which they know it (U+FEFF)."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield "\ufeff" + writer.writerow([escape_cell(cell) for cell in header])
    for row in rows:
        yield writer.writerow([escape_cell(cell) for cell in row])


def write_xlsx(header: Row, rows: Iterable[Row]) -> IO[bytes]:
    """Write an XLSX workbook and return it as a temporary file, at its beginning; closed, it is gone.

    `write_string` interprets nothing: no cell becomes a formula, a number or a link. One row at a time is in memory.
    """
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
    with xlsxwriter.Workbook(spool, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Leads")
        for number, row in enumerate(itertools.chain([header], rows)):
            for column, cell in enumerate(row):
                if text := normalization.single_line(cell):  # (an empty cell costs as much as a full one)
                    # XlsxWriter 3.3 copies a text that begins and ends as `<r>…</r>` into the sheet as XML.
                    sheet.write_string(number, column, f" {text}" if text.startswith("<r>") else text)
    spool.seek(0)
    return spool


class _Echo:
    """A file that gives back what is written to it, one row at a time."""

    def write(self, line: str) -> Any:
        return line
