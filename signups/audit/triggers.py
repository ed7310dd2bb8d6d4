"""Database triggers that reject any change or deletion of an audit event.

A user with the right to drop a trigger can still change rows; the hash chain then shows where (`chain.py`). The
triggers are re-created after every `migrate`, because SQLite loses them when Django remakes a table.
"""

import re
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .models import AuditEvent

TABLE = AuditEvent._meta.db_table
WRITE_ONCE_COLUMNS = {"sequence", "chain_hash"}
REJECTION_MESSAGE = "The audit trail is added to, never changed."
FUNCTION = f"{TABLE}_refuse"  # PostgreSQL only
BODY = f" BEGIN RAISE EXCEPTION '{REJECTION_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END "


def install_triggers(using: str = "default", **kwargs: Any) -> None:
    """Re-create the audit triggers after every migrate (a receiver of `post_migrate`).

    Skipped until the chain columns exist. Idempotent.
    """
    connection = connections[using]
    columns = _columns(connection)
    if columns >= WRITE_ONCE_COLUMNS:
        drop_triggers(connection)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${BODY}$$"
                )
            for statement in _triggers(connection.vendor, columns).values():
                cursor.execute(statement)


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    """Drop the audit triggers: before re-creating them, or to flush a test database."""
    table = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for name in _triggers(connection.vendor, set()):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{table}")


def missing_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of audit triggers that are absent or differ from our SQL.

    A trigger of the right name alone proves nothing: its body could reject nothing.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname, pg_get_triggerdef(pg_trigger.oid, true) FROM pg_trigger "
                "JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_language ON pg_language.oid = prolang "
                "WHERE tgrelid = to_regclass(%s) AND tgenabled IN ('O', 'A') AND lanname = 'plpgsql' AND prosrc = %s",
                [TABLE, BODY],
            )
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        installed = {name: _normalized_sql(statement) for name, statement in cursor.fetchall()}
    expected = _triggers(connection.vendor, _columns(connection))
    return [name for name, statement in expected.items() if installed.get(name) != _normalized_sql(statement)]


def _normalized_sql(statement: str) -> str:
    """Return `statement` in a form comparable with PostgreSQL's rendering of it.

    PostgreSQL adds casts and changes parentheses and quotes.
    """
    return re.sub(r'::text|[\s()"]', "", statement.lower())


def _columns(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the column names of the audit table; empty while it does not exist."""
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return set()
        return {column.name for column in connection.introspection.get_table_description(cursor, TABLE)}


def _triggers(vendor: str, columns: set[str]) -> dict[str, str]:
    """Return the CREATE TRIGGER statements by trigger name.

    They reject DELETE and TRUNCATE, and any UPDATE except the one that only sets the sequence and chain hash of an
    unchained event.
    """
    differs = "IS DISTINCT FROM" if vendor == "postgresql" else "IS NOT"
    changed = [f'NEW."{column}" {differs} OLD."{column}"' for column in sorted(columns - WRITE_ONCE_COLUMNS)]
    not_chaining = " OR ".join(["OLD.sequence IS NOT NULL", "NEW.sequence IS NULL", *changed])
    if vendor == "postgresql":
        refuse = f"EXECUTE FUNCTION {FUNCTION}()"
        operations = {
            "delete": f"FOR EACH ROW {refuse}",
            "update": f"FOR EACH ROW WHEN ({not_chaining}) {refuse}",
            "truncate": f"FOR EACH STATEMENT {refuse}",
        }
    else:
        refuse = f"BEGIN SELECT RAISE(ABORT, '{REJECTION_MESSAGE}'); END"
        operations = {"delete": refuse, "update": f"WHEN {not_chaining} {refuse}"}
    return {
        f"{TABLE}_no_{operation}": f"CREATE TRIGGER {TABLE}_no_{operation} BEFORE {operation.upper()} ON {TABLE} {rest}"
        for operation, rest in operations.items()
    }
