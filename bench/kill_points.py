"""`kill -9` of a process at any moment in which it changes something: worlds, children, and the points in between.

A *world* is a database and a folder with the files beside it. A *child* is a fork of this process at work in one. Its
*points* are every statement that writes, every commit, every change of a file's name, and the first bytes of a file
that grows. The same work reaches the same points every time, so that a child can be told at which one to die.
"""

import datetime as dt
import json
import os
import random
import shutil
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP")
FILE_ACTS = ("rename", "replace", "unlink", "fsync")
WHOLE = "the first bytes of a file"  # the point that another program reaches, not this process
turn = 0  # the number of the child
genuine_now = timezone.now


def now() -> dt.datetime:
    """Return an hour later for each child, so that the one before holds no lease and no name any more."""
    return genuine_now() + dt.timedelta(hours=turn)


@dataclass(frozen=True)
class World:
    """A folder; the database is in it (SQLite) or bears its name (PostgreSQL)."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name.replace("-", "_")

    def copy(self, name: str) -> "World":
        """Return a world of that name, the same as this one; one that was there before is gone."""
        other = World(self.folder.with_name(name))
        other.remove()
        shutil.copytree(self.folder, other.folder)
        server(f"CREATE DATABASE {other.name} TEMPLATE {self.name}")
        return other

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        server(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def empty_database(self) -> None:
        """Take all tables away, and keep the files."""
        for file in self.folder.glob("clinic.sqlite3*"):
            file.unlink()
        server(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)", f"CREATE DATABASE {self.name}")

    def enter(self) -> None:
        """Point this process's settings at this world."""
        sqlite = connection.vendor == "sqlite"
        connection.settings_dict["NAME"] = str(self.folder / "clinic.sqlite3") if sqlite else self.name
        settings.AUDIT_CHAIN_HEAD_FILE = self.folder / "audit-head"
        settings.RESTORE_JOURNAL_FILE = self.folder / "restore-journal"


def server(*statements: str) -> None:
    """Run statements outside of any world's database; on SQLite there is nothing to do."""
    if connection.vendor == "postgresql":
        given = connection.settings_dict
        host, user = given["HOST"], given["USER"]
        with closing(psycopg.connect(dbname="postgres", host=host, user=user, autocommit=True)) as maintenance:
            for statement in statements:
                maintenance.execute(statement)  # type: ignore[call-overload]


@dataclass
class Child:
    """A fork at work. `result` waits for its end and says what it returned; None when it was killed."""

    pid: int
    pipe: int

    def result(self) -> Any:
        with os.fdopen(self.pipe) as pipe:
            said = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status):
            return None
        if status:
            raise ChildError(said)
        return json.loads(said)


class ChildError(Exception):
    """A child failed; the message is its traceback."""


def start(world: World, work: Callable[[], Any], gate: tuple[int, int] | None = None) -> Child:
    """Begin `work` in a fork, in a process group of its own; with `gate`, once nobody holds that pipe open."""
    global turn
    turn += 1
    reader, writer = os.pipe()
    if pid := os.fork():
        os.close(writer)
        return Child(pid, reader)
    status = 1
    try:
        os.setpgid(0, 0)
        os.dup2(2, 1)  # the verdicts alone are printed
        world.enter()
        if gate:
            os.close(gate[1])
            os.read(gate[0], 1)
        said, status = json.dumps(work()), 0
        connection.close()
    except BaseException:
        said = traceback.format_exc()
    with os.fdopen(writer, "w") as pipe:
        pipe.write(said)
    os._exit(status)


def together(world: World, *works: Callable[[], Any]) -> list[Any]:
    """Run all of `works` at one moment, each in a process of its own; return what they returned."""
    gate = os.pipe()
    children = [start(world, work, gate) for work in works]
    os.close(gate[1])
    try:
        return [child.result() for child in children]
    finally:
        os.close(gate[0])


class Points:
    """Counts the points that are reached, and dies at one of them, with all that this process started."""

    def __init__(self, at: int | str | None) -> None:
        self.at = at
        self.seen: list[str] = []

    def reach(self, name: str) -> None:
        self.seen.append(name)
        if self.at == len(self.seen):
            os.killpg(0, signal.SIGKILL)

    @contextmanager
    def watched(self, growing: Callable[[], bool]) -> Iterator[None]:
        """Reach the points of what is done inside. `growing` says whether another program has begun to write."""
        with ExitStack() as stack:
            commit = BaseDatabaseWrapper._commit  # type: ignore[attr-defined]

            def commit_between(wrapper: Any) -> None:
                self.reach("before a commit")
                commit(wrapper)
                self.reach("after a commit")

            stack.enter_context(mock.patch.object(BaseDatabaseWrapper, "_commit", commit_between))
            for name in FILE_ACTS:
                stack.enter_context(mock.patch.object(os, name, self.after(getattr(os, name), name)))
            stack.enter_context(connection.execute_wrapper(self.after_write))
            if self.at == WHOLE:
                threading.Thread(target=self.kill_when, args=(growing,), daemon=True).start()
            yield

    def after_write(self, execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        result = execute(sql, *args)
        if sql.lstrip().upper().startswith(WRITES):
            self.reach(" ".join(sql.split()[:3]))
        return result

    def after(self, act: Callable[..., Any], name: str) -> Callable[..., Any]:
        def reaching(*args: Any, **kwargs: Any) -> Any:
            result = act(*args, **kwargs)
            self.reach(f"{name} of a file")
            return result

        return reaching

    def kill_when(self, growing: Callable[[], bool]) -> None:
        while not growing():
            pass
        os.killpg(0, signal.SIGKILL)


def spread(points: list[str], limit: int) -> list[int]:
    """Return at most `limit` of the numbers of these points, half of them commits and files; the same each time."""
    numbers = range(1, len(points) + 1)
    first = [number for number in numbers if "commit" in points[number - 1] or "file" in points[number - 1]]
    rest = [number for number in numbers if number not in set(first)]
    half = min(len(first), max(limit - len(rest), limit // 2))
    pick = random.Random(limit).sample
    return sorted([*pick(first, half), *pick(rest, min(len(rest), limit - half))])


def restoring(world: World) -> bool:
    """Return whether pg_restore has begun to write into this world."""
    return others(world, "AND application_name = 'pg_restore' AND backend_xid IS NOT NULL") > 0


def wait_until_left(world: World) -> None:
    """Wait until the server has noticed that the clients of a world are gone."""
    while others(world):
        pass


def others(world: World, condition: str = "") -> int:
    if connection.vendor == "sqlite":
        return 0
    query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend' {condition}"
    given = connection.settings_dict
    with closing(psycopg.connect(dbname="postgres", host=given["HOST"], user=given["USER"])) as maintenance:
        return int(maintenance.execute(query, [world.name]).fetchone()[0])  # type: ignore[call-overload,index]
