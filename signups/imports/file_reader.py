"""Read the table in an uploaded file: CSV in any usual encoding, XLSX or vCard.

Raises ValueError with a user-facing message. Sizes are bounded before anything is unpacked.
"""

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from clinic.lib import spreadsheets

from . import headings, vcards

MAX_UPLOAD_BYTES = 10_000_000
MAX_ROWS = 50_000
MAX_COLUMNS = 1_000
MAX_CELLS = 5_000_000
MAX_XLSX_BYTES = 150_000_000  # unpacked
MAX_XLSX_CELLS = 1_500_000
HEADER_WITHIN = 20  # rows above the headings are titles
SEPARATORS = ",;\t|"
csv.field_size_limit(MAX_UPLOAD_BYTES)

NO_TABLE = "This file is not a table. Upload a CSV, XLSX or vCard file."
TOO_MANY_CELLS = "This table has more cells than can be read. Delete the columns you do not need, or split the file."
TOO_MANY_ROWS = f"This file has more than {MAX_ROWS:,} rows. Split it into several files."
Row = list[str]


@dataclass(frozen=True)
class Table:
    """Headings, and rows with their numbers in the file, without the columns that are empty in every row.

    `encoding` is set when it was guessed, for somebody to confirm. `empty` counts the columns left out.
    """

    header: Row
    rows: list[tuple[int, Row]]
    encoding: str = ""
    empty: int = 0


def read_table(content: bytes) -> Table:
    """Return the table in `content`. Raises ValueError."""
    encoding = ""
    if content.startswith(b"PK\x03\x04"):
        rows: Iterable[Row] = _xlsx_rows(content)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise ValueError("This is an older Excel file (XLS). Save it as XLSX or CSV.")
    elif content.startswith((b"%PDF", b"{\\rtf", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff")):
        raise ValueError(NO_TABLE)
    else:
        text, encoding = _decode(content)
        if text.lstrip("\ufeff \r\n\t")[:15].upper().startswith("BEGIN:VCARD"):
            rows = vcards.read_vcards(text)
        elif text.lstrip()[:1] in ("<", "{"):
            raise ValueError(NO_TABLE)
        else:
            rows = _csv_rows(text)
    return _with_header(_bounded(rows), encoding)


def _with_header(numbered: list[tuple[int, Row]], encoding: str) -> Table:
    if not numbered:
        raise ValueError("This file has no rows.")
    at = _header_index([row for _, row in numbered[:HEADER_WITHIN]])
    header, rows = (numbered[at][1], numbered[at + 1 :]) if at is not None else ([], numbered)
    if not rows:
        raise ValueError("This file has no rows below the headings.")
    width = max(len(header), max(len(row) for _, row in rows))
    filled = [column for column in range(width) if any(column < len(row) and row[column] for _, row in rows)]
    names = header or [""] * width
    return Table(
        header=[names[column] if column < len(names) else "" for column in filled],
        rows=[(number, [row[column] if column < len(row) else "" for column in filled]) for number, row in rows],
        encoding=encoding,
        empty=sum(1 for column, name in enumerate(header) if name and column not in set(filled)),
    )


def _bounded(rows: Iterable[Row]) -> list[tuple[int, Row]]:
    """Return the rows that are not empty, numbered from 1 as in the file. Raises ValueError."""
    kept, cells = [], 0
    for number, row in enumerate(rows, start=1):
        cells += len(row)
        while row and not row[-1].strip():
            row.pop()
        if len(row) > MAX_COLUMNS:
            raise ValueError(f"This table has more than {MAX_COLUMNS:,} columns. Delete the ones you do not need.")
        if cells > MAX_CELLS:
            raise ValueError(TOO_MANY_CELLS)
        if row:
            kept.append((number, [spreadsheets.unescape_cell(cell.strip()) for cell in row]))
        if len(kept) > MAX_ROWS + HEADER_WITHIN or number > 20 * MAX_ROWS:
            raise ValueError(TOO_MANY_ROWS)
    if len(kept) > MAX_ROWS + 1:
        raise ValueError(TOO_MANY_ROWS)
    return kept


def _header_index(rows: list[Row]) -> int | None:
    """Return which row holds the headings; None when already the first row is data."""
    known = [sum(bool(headings.guess_field(cell)) for cell in row) for row in rows]
    for at, row in enumerate(rows):
        if known[at] >= 2 and not headings.has_contact_details(row):
            return at
    widest = max(len(row) for row in rows)
    for at, row in enumerate(rows):
        if headings.has_contact_details(row):
            return None
        if known[at] or sum(map(bool, row)) >= max(1, widest / 2):
            return at
    return None


def _decode(content: bytes) -> tuple[str, str]:
    """Return (text, encoding if it is a guess). Raises ValueError."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            try:
                return content.decode(encoding).removeprefix("\ufeff"), ""
            except UnicodeDecodeError:
                raise ValueError("This file is damaged: its text cannot be read.") from None
    if b"\0" in content[:4000]:
        zeros = Counter(at % 2 for at, byte in enumerate(content[:4000]) if not byte)
        encoding = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            raise ValueError(NO_TABLE) from None
        if "\0" in text or min(zeros[0], zeros[1]) > max(zeros[0], zeros[1]) / 4:
            raise ValueError(NO_TABLE)
        return text, "UTF-16"
    try:
        text, encoding = content.decode("utf-8"), ""
    except UnicodeDecodeError:
        try:
            text, encoding = content.decode("cp1252"), "Windows-1252"
        except UnicodeDecodeError:
            raise ValueError("The text of this file cannot be read. In Excel, save it as “CSV UTF-8”.") from None
    if "\0" in text or sum(char < " " and char not in "\t\r\n\f\v" for char in text[:10_000]) > 10:
        raise ValueError(NO_TABLE)
    return text, encoding


def _csv_rows(text: str) -> Iterator[Row]:
    """Yield the rows of CSV text. Raises ValueError that names the row of a quotation mark that is not closed."""
    first, _, rest = text.partition("\n")
    separator = ""
    if found := re.fullmatch(r'"?sep=(.)"?\s*', first.strip(), re.IGNORECASE):
        separator, text = found[1], "\n" + rest
    separator = separator or _likely_separator(text)
    number = 0
    try:
        for row in _reader(text, separator, strict=True):
            number += 1
            yield row
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise ValueError(
                f"A quotation mark that opens in row {number + 1} is never closed. Fix that row."
            ) from None
        # A quotation mark inside a cell: `"Cy" Lee`. The lenient reader takes it as a letter.
        for row in list(_reader(text, separator, strict=False))[number:]:
            if any(cell.count("\n") > 200 for cell in row):
                raise ValueError(
                    f"A quotation mark in or below row {number + 1} is never closed. Fix that row."
                ) from None
            yield row


def _reader(text: str, separator: str, *, strict: bool) -> Iterator[Row]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=strict)


def _likely_separator(text: str) -> str:
    """Return the separator that gives the most even table in the first lines, rather one without a space after it."""
    sample = text[:60_000]

    def evenness(separator: str) -> tuple[float, float, int]:
        widths = Counter(len(row) for row in list(_reader(sample, separator, strict=False))[:200] if row)
        width, rows = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]), default=(0, 0))
        if width < 2:
            return (0, 0, 0)
        return (rows / sum(widths.values()), -sample.count(separator + " ") / sample.count(separator), width)

    return max(SEPARATORS, key=evenness)


def _xlsx_rows(content: bytes) -> Iterator[Row]:
    """Yield the rows of the first sheet that has any. Raises ValueError.

    The unpacked size is bounded by the directory of the archive, beyond which zipfile does not read.
    """
    import openpyxl  # takes half a second, so only this function imports it; reads XML through defusedxml

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes = [entry.file_size for entry in archive.infolist()]
        if sum(sizes) > MAX_XLSX_BYTES or len(sizes) > 5_000:
            raise ValueError(TOO_MANY_CELLS)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            rows = _sheet_rows(sheet.iter_rows(values_only=True))
            if first := next(rows, None):
                yield first
                yield from rows
                return
    except ValueError as error:
        raise ValueError(str(error) if str(error).endswith(".") else NO_TABLE) from None
    except Exception:
        raise ValueError("This is not a table that Excel saved, or it is damaged. Save it as CSV UTF-8.") from None


def _sheet_rows(rows: Iterable[tuple[object, ...]]) -> Iterator[Row]:
    cells = 0
    for row in rows:
        cells += len(row)
        if cells > MAX_XLSX_CELLS:
            raise ValueError(TOO_MANY_CELLS)
        yield [_cell_text(value) for value in row]


def _cell_text(value: object) -> str:
    """Return a cell as a person reads it: whole numbers without decimals, days without midnight."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).removesuffix(" 00:00:00")
