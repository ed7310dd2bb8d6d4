"""Tables for spreadsheets, row by row in constant memory, in which no cell is a formula.

A cell that begins like a formula is preceded by an apostrophe in CSV (OWASP, “CSV Injection”); XLSX says itself that a
cell is text. Every cell is quoted in CSV, so that no other separator can begin one.
"""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from . import normalise

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
MOST_ROWS = 1_048_575  # of one XLSX sheet, below its header
Row = Sequence[str]


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
    import xlsxwriter  # only where a sheet is made

    spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
    told = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(spool, told) as book:
        sheet = book.add_worksheet("Leads")
        for number, row in enumerate(_with(header, rows)):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, normalise.line(cell))
    spool.seek(0)
    return spool


def _with(header: Row, rows: Iterable[Row]) -> Iterator[Row]:
    yield header
    yield from rows


class _Echo:
    """A file that gives back what is written to it, one row at a time."""

    def write(self, line: str) -> Any:
        return line
