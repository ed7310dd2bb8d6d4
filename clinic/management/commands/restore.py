import sqlite3
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from .backup import run


class Command(BaseCommand):
    help = "Reads a backup into an empty database, brings it up to date, and verifies its audit trail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if not file.exists():
            raise CommandError(f"There is no {file}.")
        if connection.introspection.table_names():
            raise CommandError("This database is not empty: a backup is never read over what is there.")
        if connection.vendor == "sqlite":
            source = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
            connection.ensure_connection()
            source.backup(connection.connection)
            source.close()
        else:
            name = str(connection.settings_dict["NAME"])
            connection.close()
            run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={name}", str(file))
        call_command("migrate", verbosity=0)
        call_command("verify_audit", stdout=self.stdout)
