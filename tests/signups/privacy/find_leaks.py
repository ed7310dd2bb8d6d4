"""Where a text still stands: every column of every table, and every file."""

from collections.abc import Iterable
from pathlib import Path

from django.db import connection


def in_tables(texts: Iterable[str], *, but: Iterable[tuple[str, str]] = ()) -> list[tuple[str, str, str]]:
    """(table, column, text) of each hit, in whatever case; without the (table, column) pairs of `but`."""
    wanted, found = [text.lower() for text in texts], []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    said = str(value).lower()
                    found += [(table, column, text) for text in wanted if text in said and (table, column) not in but]
    return found


def in_files(texts: Iterable[str], folder: Path) -> list[tuple[str, str]]:
    """(file, text) of each hit in the bytes of every file below `folder`."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [(path.name, text) for path in files for text in texts if text.encode() in path.read_bytes()]
