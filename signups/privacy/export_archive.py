"""What we hold about somebody, as files they can keep."""

import io
import json
import zipfile
from collections.abc import Iterable
from itertools import groupby
from typing import Any, NamedTuple

from django.template.loader import render_to_string


class Chunk(NamedTuple):
    """Some rows of one table, ready to stand before and after others of it."""

    table: str
    json: str
    html: str


def render_chunk(table: str, rows: list[dict[str, Any]]) -> Chunk:
    told = ",\n".join(json.dumps(row, ensure_ascii=False, indent=2) for row in rows)
    return Chunk(table, told, render_to_string("portal/_export_rows.html", {"rows": rows}))


def build_zip(pieces: Iterable[Chunk]) -> bytes:
    """A zip with `my-data.json` (table → its rows; `lead` is one row) and `my-data.html`, the same to read.

    The pieces of one table follow each other.
    """
    told, shown = [], []
    for table, of_it in groupby(pieces, key=lambda piece: piece.table):
        parts = list(of_it)
        rows = ",\n".join(part.json for part in parts if part.json)
        told.append(f"{json.dumps(table)}: {rows if table == 'lead' else f'[{rows}]'}")
        shown.append((table, "".join(part.html for part in parts)))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("my-data.json", "{" + ",\n".join(told) + "}\n")
        archive.writestr("my-data.html", render_to_string("portal/export.html", {"tables": shown}))
    return file.getvalue()


def build_zip_at_once(held: dict[str, Any]) -> bytes:
    """The zip of what `privacy.export` returns."""
    return build_zip(render_chunk(table, rows if isinstance(rows, list) else [rows]) for table, rows in held.items())
