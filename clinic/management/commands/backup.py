"""`manage.py backup`: back up or restore the whole database."""

import fcntl
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from signups.audit import chain
from signups.ops import restore_marker
from signups.privacy import restoration

DATED_NAME = "????-??-??T??????Z.backup"
PART = ".part"  # ends the name of a backup that is not whole yet


class Command(BaseCommand):
    help = "Write the whole database into a file while the site runs (pg_dump -Fc, SQLite's .backup), or restore one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a new file, or a folder, in which it is named by its time (UTC)")
        parser.add_argument("--keep", type=int, metavar="N", help="in a folder: delete all so named but the newest N")
        parser.add_argument("--restore", action="store_true", help="read it into an empty database, migrate and verify")
        parser.add_argument(
            "--journal",
            type=Path,
            action="append",
            default=[],
            dest="journals",
            help="with --restore: a restore journal, one of each worker's machine. Default: RESTORE_JOURNAL_FILE",
        )

    def handle(
        self, *args: Any, path: Path, keep: int | None, restore: bool, journals: list[Path], **options: Any
    ) -> None:
        if keep is not None and (restore or keep < 1 or not path.is_dir()):
            raise CommandError("--keep is a number from 1, and goes with a folder to back up into.")
        if missing := [journal for journal in journals if not journal.is_file()]:
            raise CommandError(f"There is no file {missing[0]}.")
        if restore:
            self.restore(path, journals)
            return
        try:
            self.back_up(path / f"{timezone.now():%Y-%m-%dT%H%M%SZ}.backup" if path.is_dir() else path)
        except (OSError, sqlite3.Error) as error:
            raise CommandError(f"There is no new backup: {error}") from error
        if keep:
            self.delete_older(path, keep)

    def back_up(self, file: Path) -> None:
        """Write a new backup, readable by its owner only, and read it back. Raises CommandError.

        It has another name until it is whole and on the disk, so that a killed run leaves nothing that looks like one.
        """
        if file.exists():
            raise CommandError(f"{file} is there already: a backup is never overwritten.")
        with unfinished(file.with_name(f"{file.name}{PART}")) as part:
            dump(part)
            verify(part)
            synchronize(part)
            part.rename(file)
            synchronize(file.parent)
        self.stdout.write(
            f"The database is in {file}, read back and whole. ENCRYPTION_KEYS, AUDIT_KEYS and PRIVACY_KEYS are not in "
            f"it: keep them apart. Keep {settings.RESTORE_JOURNAL_FILE} beside it."
        )

    def delete_older(self, folder: Path, keep: int) -> None:
        """Delete all backups of a folder but the newest `keep`, and what killed runs left."""
        good = [old for old in sorted(folder.glob(DATED_NAME)) if is_backup(old)]
        for old in good[:-keep]:
            old.unlink()
            self.stdout.write(f"Deleted {old}.")
        for left in folder.glob(f"{DATED_NAME}{PART}"):
            try:
                with unfinished(left):
                    delete_unfinished(left)
                    self.stdout.write(f"Deleted {left}, which a run that broke off had left.")
            except CommandError:
                continue  # another run is writing it

    def restore(self, file: Path, journals: list[Path]) -> None:
        """Load a backup into an empty database, migrate, apply the journal, verify. Raises CommandError.

        A run that broke off may be repeated with the same file. The journal does again what was erased and withdrawn
        since the backup, and keeps what was sent from being sent twice.
        """
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        verify(file)
        try:
            with restore_marker.exclusive():
                self.restore_alone(file, journals)
        except restore_marker.RestoreIncompleteError as error:
            raise CommandError(str(error)) from None

    def restore_alone(self, file: Path, journals: list[Path]) -> None:
        begun = restore_marker.begun_with() == str(file.absolute())
        if others := other_connections():
            raise CommandError(f"{others} other connections are open to this database: stop every service first.")
        loaded = bool(connection.introspection.table_names())
        if loaded and not begun:
            restore_marker.require_complete()
            raise CommandError("This database is not empty: a backup is never read over what is there.")
        restore_marker.begin(file)
        if not (loaded and connection.vendor == "postgresql"):
            load(file)  # in one transaction: all of it or nothing
        call_command("migrate", verbosity=0)
        apply_journal(self, *journals)
        restore_marker.end()


def apply_journal(command: BaseCommand, *journals: Path, in_place: bool = False) -> None:
    """Do again what was erased, withdrawn and sent since the backup; say so, and verify the audit log."""
    done = restoration.replay(*journals, now=timezone.now(), in_place=in_place)
    command.stdout.write(f"Done again since the backup: {done}.")
    if done.damaged_journal_lines or done.gaps_in_the_journal:
        command.stderr.write(
            f"The journal is not whole: {done.damaged_journal_lines} lines cannot be read, and at "
            f"{done.gaps_in_the_journal} places lines are missing. Who was erased or opted out in them is back. "
            "Compare it with a copy, and erase them again: manage.py erase_lead"
        )
    head = settings.AUDIT_CHAIN_HEAD_FILE
    if not chain.recorded_head_is_known():  # it proves what is missing
        kept = head.rename(head.with_name(f"{head.name}.before-restore-{timezone.now():%Y-%m-%dT%H%M%SZ}"))
        command.stdout.write(f"The audit log was longer than in the backup: {kept} says how it ended.")
    call_command("verify_audit", stdout=command.stdout)


@contextmanager
def unfinished(part: Path) -> Iterator[Path]:
    """Yield an empty file that only this process may write; a failure deletes it.

    Raises CommandError when another run is writing it. The system takes the lock away from a process that is killed.
    """
    busy = CommandError(f"Another run is writing {part}.")
    with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(part.stat(), os.fstat(lock.fileno())):
                raise busy
        except (BlockingIOError, FileNotFoundError):
            raise busy from None  # or it has just got its own name, and must not be emptied
        lock.truncate()
        try:
            yield part
        except BaseException:
            delete_unfinished(part)
            raise


def delete_unfinished(part: Path) -> None:
    """Delete a file that is not whole, and what SQLite keeps beside one that it writes."""
    for file in (part, part.with_name(f"{part.name}-journal")):
        file.unlink(missing_ok=True)


def other_connections() -> int:
    """Return how many clients but this command are connected to the database (PostgreSQL; SQLite cannot tell)."""
    if connection.vendor == "sqlite":
        return 0
    connection.close_pool()  # type: ignore[attr-defined] # of PostgreSQL's wrapper
    with closing(psycopg.connect(**connection.get_connection_params())) as own:
        (others,) = own.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchall()
        return int(others[0])


def is_backup(file: Path) -> bool:
    """Return whether a file begins as a backup does: what a killed run of before left is none."""
    with file.open("rb") as opened:
        return opened.read(16).startswith((b"PGDMP", b"SQLite format 3"))


def verify(file: Path) -> None:
    """Read a whole backup. Raises CommandError."""
    if connection.vendor == "sqlite":
        try:
            with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
                result = copy.execute("PRAGMA integrity_check").fetchone()[0]
                complete = result == "ok" and copy.execute("SELECT count(*) FROM django_migrations").fetchone()[0]
        except sqlite3.DatabaseError as error:
            complete, result = False, error
        if not complete:
            raise CommandError(f"{file} cannot be read back: {result}")
    else:
        postgres_tool("pg_restore", f"--file={os.devnull}", str(file), database=False)


def synchronize(path: Path) -> None:
    """Have the disk hold a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
        postgres_tool("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(file))


def postgres_tool(name: str, *options: str, database: bool = True) -> None:
    """Run a PostgreSQL client tool, on this database or on a file only. Raises CommandError."""
    if (tool := shutil.which(name)) is None:
        raise CommandError(f"{name} is not there: install PostgreSQL's client tools.")
    # Django's arguments for psql: the password is passed in the environment, hidden from `ps`.
    (_, *server, dbname), secrets = connection.client.settings_to_cmd_args_env(connection.settings_dict, [])
    target = [*server, f"--dbname={dbname}"] if database else []
    argv, env = [tool, *target, *options], os.environ | (secrets or {})
    result = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if result.returncode:
        raise CommandError(f"{name} failed: {result.stderr.strip()}")
