"""`manage.py backup`: back up or restore the whole database."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

DATED_NAME = "????-??-??T??????Z.backup"


class Command(BaseCommand):
    help = "Write the whole database into a file while the site runs (pg_dump -Fc, SQLite's .backup), or restore one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a new file, or a folder, in which it is named by its time (UTC)")
        parser.add_argument("--keep", type=int, metavar="N", help="in a folder: delete all so named but the newest N")
        parser.add_argument("--restore", action="store_true", help="read it into an empty database, migrate and verify")

    def handle(self, *args: Any, path: Path, keep: int | None, restore: bool, **options: Any) -> None:
        if keep is not None and (restore or keep < 1 or not path.is_dir()):
            raise CommandError("--keep is a number from 1, and goes with a folder to back up into.")
        if restore:
            self.restore(path)
            return
        self.back_up(path / f"{timezone.now():%Y-%m-%dT%H%M%SZ}.backup" if path.is_dir() else path)
        for old in sorted(path.glob(DATED_NAME))[:-keep] if keep else ():
            old.unlink()
            self.stdout.write(f"Deleted {old}.")

    def back_up(self, file: Path) -> None:
        """Write a new backup, readable by its owner only. Raises CommandError."""
        try:
            file.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            raise CommandError(f"{file} is there already: a backup is never overwritten.") from None
        try:
            dump(file)
        except BaseException:
            file.unlink()  # a partial file must not look like a backup
            raise
        self.stdout.write(
            f"It is in {file}. The keys (ENCRYPTION_KEYS, AUDIT_KEYS, PRIVACY_KEYS) are not: keep them apart."
        )

    def restore(self, file: Path) -> None:
        """Load a backup into an empty database, migrate, verify. Raises CommandError.

        Verifies the audit log.
        """
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        if connection.introspection.table_names():
            raise CommandError("This database is not empty: a backup is never read over what is there.")
        load(file)
        call_command("migrate", verbosity=0)
        call_command("verify_audit", stdout=self.stdout)


def dump(file: Path) -> None:
    """Write the database into an existing empty file. Raises CommandError."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(file)) as copy:
            connection.connection.backup(copy)  # SQLite's online backup blocks no reader or writer
    else:
        postgres_tool("pg_dump", "--format=custom", "--no-owner", f"--file={file}")


def load(file: Path) -> None:
    """Read a backup into the empty database. Raises CommandError."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source:
            source.backup(connection.connection)
    else:
        connection.close()
        postgres_tool("pg_restore", "--no-owner", "--exit-on-error", str(file))


def postgres_tool(name: str, *options: str) -> None:
    """Run a PostgreSQL client tool on this database. Raises CommandError."""
    if (tool := shutil.which(name)) is None:
        raise CommandError(f"{name} is not there: install PostgreSQL's client tools.")
    # Django's arguments for psql: the password is passed in the environment, hidden from `ps`.
    (_, *server, database), secrets = connection.client.settings_to_cmd_args_env(connection.settings_dict, [])
    argv, env = [tool, *server, f"--dbname={database}", *options], os.environ | (secrets or {})
    result = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if result.returncode:
        raise CommandError(f"{name} failed: {result.stderr.strip()}")
