"""During an upgrade the old code runs on the new tables: `python -m tests.migrations`, a part of `make check`.

django-migration-linter reads what each migration says to PostgreSQL, and refuses what old code would not survive: a
column that goes or is renamed, one that must be given and has no `db_default`, a table that goes.
"""

import os
import sys

from . import services

# Each with the reason why it may.
EXEMPT: dict[str, dict[str, str]] = {"content": {}, "signups": {}}


def main() -> int:
    programs = services.find_postgres()
    if not programs and services.install("postgresql"):
        programs = services.find_postgres()
    if not programs:
        sys.stdout.write("SKIPPED: migrations were not checked; install PostgreSQL (Debian: apt install postgresql)\n")
        return os.environ.get("CI") == "true"
    with services.throwaway_postgres(programs) as url:
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "clinic.settings", "LOG_LEVEL": "ERROR"}
        return sum(mistakes(app, exempt) for app, exempt in EXEMPT.items())


def mistakes(app: str, exempt: dict[str, str]) -> int:
    """How many migrations of `app` old code would not survive; each is printed with the reason."""
    import django

    django.setup()
    from django.db import connection
    from django_migration_linter import MigrationLinter

    linter = MigrationLinter(include_apps=[app], ignore_name=list(exempt), quiet=["ok", "ignore", "warning"])
    try:
        linter.lint_all_migrations()
    finally:
        connection.close()
        connection.close_pool()
    if gone := {name for name in exempt if (app, name) not in linter.migration_loader.disk_migrations}:
        sys.stdout.write(f"EXEMPT names migrations that are not there: {gone}\n")
        return 1
    return linter.nb_erroneous


if __name__ == "__main__":
    sys.exit(min(main(), 1))
