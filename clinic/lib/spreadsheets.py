"""CSV and XLSX export in constant memory, safe against CSV injection.

In CSV an apostrophe precedes a cell that begins like a formula (OWASP, “CSV Injection”), and every cell is quoted, so
that no other separator can begin a cell. In XLSX every cell has the type text.
"""

import csv
import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

import xlsxwriter

from . import normalization

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
MAX_XLSX_ROWS = 1_048_575  # the limit of one sheet, less the header
Row = Sequence[str]


def escape_cell(cell: str) -> str:
    """Return the cell on one line, escaped if it begins like a formula."""
    text = normalization.single_line(cell)
    return f"'{text}" if text.startswith(FORMULA) else text


def unescape_cell(cell: str) -> str:
    """Undo `escape_cell`, or an apostrophe typed before a formula character."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


def stream_csv(header: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Yield CSV lines, beginning with a byte order mark (U+FEFF).

    Spreadsheets recognize UTF-8 by it.
    """
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield "\ufeff" + writer.writerow([escape_cell(cell) for cell in header])
    for row in rows:
        yield writer.writerow([escape_cell(cell) for cell in row])


def write_xlsx(header: Row, rows: Iterable[Row]) -> IO[bytes]:
    """Return an XLSX workbook as an open temporary file, deleted on close.

    Positioned at its start.

    `write_string` interprets nothing, so no cell becomes a formula, a number or a link. Memory holds one row.
    """
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
    with xlsxwriter.Workbook(spool, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Leads")
        for number, row in enumerate(itertools.chain([header], rows)):
            for column, cell in enumerate(row):
                if text := normalization.single_line(cell):  # an empty cell costs as much as a full one
                    # XlsxWriter 3.3 copies a text that begins and ends as `<r>…</r>` into the sheet as XML.
                    sheet.write_string(number, column, f" {text}" if text.startswith("<r>") else text)
    spool.seek(0)
    return spool


class _Echo:
    """File-like object whose `write` returns the line."""

    def write(self, line: str) -> Any:
        return line
