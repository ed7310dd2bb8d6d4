"""Render a data export (subject access request) as a zip of JSON and HTML."""

import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby
from typing import Any, NamedTuple

from django.template.loader import render_to_string

from clinic.lib import time_zones


class Chunk(NamedTuple):
    """Rendered rows of one table."""

    table: str
    json: str
    html: str


# Columns that serve programs only: the JSON has them, the page to read does not.
TECHNICAL = frozenset(
    {
        *(
            "public id",
            "name folded",
            "name key",
            "email key",
            "phone, E.164",
            "import job",
            "idempotency key",
            "target",
        ),
        *("portal token version", "confirmation token version", "signature", "sequence", "chain hash", "detail", "uid"),
        *("organizer", "blocked from", "blocked to", "lead offset", "host offset", "host zone", "request fingerprint"),
        *("is current", "reminders", "dedupe key", "html", "calendar", "calendar method", "call sequence", "snapshot"),
        *("crash count", "attempts", "last error", "external id", "form", "in reply to"),
    }
)


def readable(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a person wants to read of a row: no technical column, nothing empty, times in words."""
    shown = {label: value for label, value in row.items() if label not in TECHNICAL and value not in (None, "", {}, [])}
    return {label: _in_words(value) for label, value in shown.items()}


def _in_words(value: Any) -> Any:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, str) and "T" in value[10:11]:
        with suppress(ValueError):
            return time_zones.format_moment(dt.datetime.fromisoformat(value), "UTC")
    return value


def render_chunk(table: str, rows: list[dict[str, Any]]) -> Chunk:
    as_json = ",\n".join(json.dumps(row, ensure_ascii=False, indent=2) for row in rows)
    return Chunk(
        table, as_json, render_to_string("portal/_export_rows.html", {"rows": [readable(row) for row in rows]})
    )


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
