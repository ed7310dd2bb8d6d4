import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

NAMED = "????-??-??T??????Z.backup"


def postgres_environment() -> dict[str, str]:
    """How libpq's tools reach the database: the password goes by the environment, where `ps` does not show it."""
    import os

    names = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD", "NAME": "PGDATABASE"}
    known = {variable: str(connection.settings_dict[name] or "") for name, variable in names.items()}
    return os.environ | {variable: value for variable, value in known.items() if value}


def run(tool: str, *args: str) -> None:
    """One of PostgreSQL's own tools; CommandError with its words when it is not there or fails."""
    path = shutil.which(tool)
    if path is None:
        raise CommandError(f"{tool} is not there: install PostgreSQL's client tools.")
    done = subprocess.run([path, *args], env=postgres_environment(), capture_output=True, text=True, check=False)  # noqa: S603 - no shell, our own arguments
    if done.returncode:
        raise CommandError(f"{tool} failed: {done.stderr.strip()}")


class Command(BaseCommand):
    help = "Writes the whole database into a file while the site runs: a copy of SQLite's, or pg_dump's custom format."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a new file, or a folder, in which it is named by its time (UTC)")
        parser.add_argument("--keep", type=int, metavar="N", help="in a folder: delete all so named but the newest N")

    def handle(self, *args: Any, file: Path, keep: int | None, **options: Any) -> None:
        folder = file if file.is_dir() else None
        if keep is not None and (folder is None or keep < 1):
            raise CommandError("--keep is a number from 1, and goes with a folder.")
        if folder:
            file = folder / f"{timezone.now():%Y-%m-%dT%H%M%SZ}.backup"
        if file.exists():
            raise CommandError(f"{file} is there already: a backup is never overwritten.")
        file.touch(mode=0o600)
        try:
            self.write(file)
        except BaseException:
            file.unlink()  # what is half written must not stand among backups
            raise
        self.stdout.write(
            f"The database is in {file}. The keys (ENCRYPTION_KEYS, AUDIT_KEYS) are not: keep those apart."
        )
        for old in sorted(folder.glob(NAMED))[:-keep] if folder and keep else ():
            old.unlink()
            self.stdout.write(f"Deleted {old}.")

    def write(self, file: Path) -> None:
        if connection.vendor == "sqlite":
            connection.ensure_connection()
            with sqlite3.connect(file) as copy:
                connection.connection.backup(copy)  # SQLite's online backup: readers and writers go on
            copy.close()
        else:
            run("pg_dump", "--format=custom", "--no-owner", f"--file={file}")
