"""Render a data export (subject access request) as a zip of JSON and HTML."""

import io
import json
import zipfile
from collections.abc import Iterable
from itertools import groupby
from typing import Any, NamedTuple

from django.template.loader import render_to_string


class Chunk(NamedTuple):
    """Rendered rows of one table."""

    table: str
    json: str
    html: str


def render_chunk(table: str, rows: list[dict[str, Any]]) -> Chunk:
    as_json = ",\n".join(json.dumps(row, ensure_ascii=False, indent=2) for row in rows)
    return Chunk(table, as_json, render_to_string("portal/_export_rows.html", {"rows": rows}))


def build_zip(pieces: Iterable[Chunk]) -> bytes:
    """Return a zip with `my-data.json` and `my-data.html`.

    The JSON maps table → rows; `lead` is one row. Chunks of the same table must be adjacent.
    """
    json_tables, html_tables = [], []
    for table, group in groupby(pieces, key=lambda piece: piece.table):
        parts = list(group)
        rows = ",\n".join(part.json for part in parts if part.json)
        json_tables.append(f"{json.dumps(table)}: {rows if table == 'lead' else f'[{rows}]'}")
        html_tables.append((table, "".join(part.html for part in parts)))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("my-data.json", "{" + ",\n".join(json_tables) + "}\n")
        archive.writestr("my-data.html", render_to_string("portal/export.html", {"tables": html_tables}))
    return file.getvalue()


def build_zip_at_once(export: dict[str, Any]) -> bytes:
    """Return the zip of what `personal_data.export_lead_data` returns."""
    return build_zip(render_chunk(table, rows if isinstance(rows, list) else [rows]) for table, rows in export.items())
