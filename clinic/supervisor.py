"""Keeps a few processes alive, and takes all of them down together: what `manage.py serve` stands on."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

TICK = 0.2  # seconds between two looks at the children
READY_TRIES = 300
RAPID = 10.0  # seconds: a life shorter than this counts as a rapid death
MAX_RAPID_DEATHS = 5
PATIENCE = 10.0  # seconds from SIGTERM to SIGKILL

PR_SET_PDEATHSIG = 1  # prctl(2)
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded here: too late between fork and exec


class GaveUpError(Exception):
    """A child cannot be kept alive; the message is for the person at the terminal."""


def die_with_parent() -> None:
    """Ask Linux to end this child when the supervisor is killed outright; other systems have no such request."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One process, leading a session of its own: the terminal's Ctrl-C reaches the supervisor alone, which then
    signals the whole group, so that nothing a child started outlives it."""

    def __init__(self, name: str, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.argv = argv
        self.cwd = cwd
        self.env = env
        self.rapid_deaths = 0
        self.start()

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            self.argv, cwd=self.cwd, env=self.env, start_new_session=True, preexec_fn=die_with_parent
        )

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # the group is gone; macOS says EPERM for a zombie's
            os.killpg(self.process.pid, number)

    def died(self) -> int:
        """Note a death and clear what the group left, which may still hold the port; the rapid deaths in a row."""
        self.signal(signal.SIGKILL)
        rapid = time.monotonic() - self.started < RAPID
        self.rapid_deaths = self.rapid_deaths + 1 if rapid else 1
        return self.rapid_deaths


class Supervisor:
    """Starts commands by name, the first being the one that becomes ready, and watches them until told to stop.

    Signal handlers only raise a flag that the loops look at: an exception thrown at any moment could lose a child
    between its start and our note of it.
    """

    def __init__(self, commands: Mapping[str, Sequence[str]], *, cwd: Path, env: Mapping[str, str]) -> None:
        self.commands = commands
        self.cwd = cwd
        self.env = env
        self.children: list[Child] = []
        self.stopping = False

    def run(self, *, ready: Callable[[], bool], say: Callable[[str], None], welcome: str) -> None:
        """Return after SIGINT, SIGTERM or SIGHUP; raise GaveUpError when a child cannot be kept alive."""
        self._listen()
        try:
            for name, argv in self.commands.items():
                self.children.append(Child(name, argv, cwd=self.cwd, env=self.env))
            if self._wait_until(ready):
                say(welcome)
                self._watch(say)
        finally:
            self._stop_all()

    def _listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # `nohup` stays in force
                signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _wait_until(self, ready: Callable[[], bool]) -> bool:
        """Whether the first child became ready; False when told to stop before."""
        first = self.children[0]
        for _ in range(READY_TRIES):
            if self.stopping:
                return False
            if first.process.poll() is not None:
                raise GaveUpError(
                    f"The {first.name} stopped before it was ready (exit code {first.process.returncode})."
                )
            if ready():
                return True
            time.sleep(TICK)
        raise GaveUpError(f"The {first.name} is not ready after {READY_TRIES} tries.")

    def _watch(self, say: Callable[[str], None]) -> None:
        while not self.stopping:
            for child in self.children:
                if child.process.poll() is not None:
                    self._restart(child, say)
            time.sleep(TICK)

    def _restart(self, child: Child, say: Callable[[str], None]) -> None:
        code = child.process.returncode
        deaths = child.died()
        if deaths >= MAX_RAPID_DEATHS:
            raise GaveUpError(f"The {child.name} stopped {deaths} times in a row (exit code {code}): giving up.")
        pause = 2 ** (deaths - 1)
        say(f"The {child.name} stopped (exit code {code}); starting it again in {pause} s.")
        until = time.monotonic() + pause
        while time.monotonic() < until and not self.stopping:
            time.sleep(TICK)
        if not self.stopping:
            child.start()

    def _stop_all(self) -> None:
        """SIGTERM to every group, SIGKILL to what is left of it once its leader is gone or patience is over."""
        for child in self.children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        for child in self.children:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
        for child in self.children:
            child.signal(signal.SIGKILL)
            child.process.wait()
