"""Triggers by which the database itself refuses to change or delete an event.

They stop a slip and a careless hand. Who may drop a trigger can still change rows; the sealed chain then shows where
(`signups/audit.py`). They are put up after every `migrate`, because SQLite loses them when Django remakes a table.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .models import Event

TABLE = Event._meta.db_table
FILLED_ONCE = {"position", "seal"}
NAMES = (f"{TABLE}_no_delete", f"{TABLE}_no_update")
NO_TRUNCATE = f"{TABLE}_no_truncate"  # PostgreSQL alone can empty a table at one stroke


def put_up(using: str = "default", **kwargs: Any) -> None:
    """Makes the triggers anew (a receiver of `post_migrate`); nothing while the table is older than its chain."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return
        columns = {column.name for column in connection.introspection.get_table_description(cursor, TABLE)}
        if columns >= FILLED_ONCE:
            take_down(connection)
            for statement in _statements(connection.vendor, sorted(columns - FILLED_ONCE)):
                cursor.execute(statement)


def take_down(connection: BaseDatabaseWrapper) -> None:
    """For whoever empties a test database, and before they are made anew."""
    table = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for name in _names(connection.vendor):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{table}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The guards that are not there."""
    catalogue = {
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'",
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    }
    with connection.cursor() as cursor:
        cursor.execute(catalogue[connection.vendor])
        there = {name for (name,) in cursor.fetchall()}
    return [name for name in _names(connection.vendor) if name not in there]


def _names(vendor: str) -> tuple[str, ...]:
    return (*NAMES, NO_TRUNCATE) if vendor == "postgresql" else NAMES


def _statements(vendor: str, columns: list[str]) -> list[str]:
    """Refusals of DELETE and TRUNCATE, and of UPDATE unless it gives an unsealed event its place and nothing else."""
    differs = "IS DISTINCT FROM" if vendor == "postgresql" else "IS NOT"
    changed = " OR ".join(f'NEW."{column}" {differs} OLD."{column}"' for column in columns)
    not_sealing = f"OLD.position IS NOT NULL OR NEW.position IS NULL OR {changed}"
    refusal = "The audit trail is added to, never changed."
    if vendor == "postgresql":
        function = f"{TABLE}_refuse"
        body = f"RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'"
        refuse = f"FOR EACH ROW EXECUTE FUNCTION {function}()"
        return [
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$",
            f"CREATE TRIGGER {NAMES[0]} BEFORE DELETE ON {TABLE} {refuse}",
            f"CREATE TRIGGER {NAMES[1]} BEFORE UPDATE ON {TABLE} {refuse.replace('ROW', f'ROW WHEN ({not_sealing})')}",
            f"CREATE TRIGGER {NO_TRUNCATE} BEFORE TRUNCATE ON {TABLE} {refuse.replace('ROW', 'STATEMENT')}",
        ]
    refuse = f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
    return [
        f"CREATE TRIGGER {NAMES[0]} BEFORE DELETE ON {TABLE} {refuse}",
        f"CREATE TRIGGER {NAMES[1]} BEFORE UPDATE ON {TABLE} WHEN {not_sealing} {refuse}",
    ]
