"""CSV and XLSX export in constant memory, safe against CSV injection.

In CSV an apostrophe precedes a cell that begins like a formula (OWASP, “CSV Injection”), and every cell is quoted, so
that no other separator can begin a cell. In XLSX every cell has the type text, but for dates. A phone number needs no
apostrophe: in CSV it is written with spaces, which no program takes for a formula or a number.
"""

import csv
import datetime as dt
import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import xlsxwriter

from . import normalization, phone_numbers

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
MAX_XLSX_ROWS = 1_048_575  # the limit of one sheet, less the header
DATE_FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class PhoneCell:
    """A number: as somebody gave it (`given`) or, where that is "", in E.164 with its extension (RFC 3966)."""

    given: str
    e164: str
    extension: str = ""

    def for_csv(self) -> str:
        """Return the number without a leading formula character but the + of a spaced international number."""
        if self.given and not self.given.startswith(FORMULA):
            return self.given
        spaced = phone_numbers.spaced_phone(self.e164)
        return f"{spaced} ext. {self.extension}" if spaced and self.extension else spaced

    def for_xlsx(self) -> str:
        return self.given or (f"{self.e164};ext={self.extension}" if self.extension else self.e164)


Cell = str | PhoneCell | dt.datetime | None
Row = Sequence[Cell]


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
    yield "\ufeff" + writer.writerow([_csv_text(cell) for cell in header])
    for row in rows:
        yield writer.writerow([_csv_text(cell) for cell in row])


def _csv_text(cell: Cell) -> str:
    if isinstance(cell, PhoneCell):
        return cell.for_csv()
    if isinstance(cell, dt.datetime):
        return cell.strftime(DATE_FORMAT)
    return escape_cell(cell or "")


def write_xlsx(header: Row, rows: Iterable[Row]) -> IO[bytes]:
    """Return an XLSX workbook as an open temporary file, deleted on close.

    Positioned at its start.

    `write_string` interprets nothing, so no cell becomes a formula, a number or a link. Memory holds one row.
    """
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
    with xlsxwriter.Workbook(spool, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Leads")
        date = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for number, row in enumerate(itertools.chain([header], rows)):
            for column, cell in enumerate(row):
                if isinstance(cell, dt.datetime):
                    sheet.write_datetime(number, column, cell, date)
                    continue
                text = cell.for_xlsx() if isinstance(cell, PhoneCell) else cell or ""
                if text := normalization.single_line(text):  # an empty cell costs as much as a full one
                    # XlsxWriter 3.3 copies a text that begins and ends as `<r>…</r>` into the sheet as XML.
                    sheet.write_string(number, column, f" {text}" if text.startswith("<r>") else text)
    spool.seek(0)
    return spool


class _Echo:
    """File-like object whose `write` returns the line."""

    def write(self, line: str) -> Any:
        return line
