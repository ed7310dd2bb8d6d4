"""People who sign up and book all the time, as browsers do, and remember what they were told: the load of the drills.

Each person sends the same form until it is acknowledged (303), as somebody does who sees an error and presses again.
"""

import itertools
import random
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

from tests.services import WAIT_TIMEOUT

PAUSE = 0.05  # seconds before somebody presses again
PATIENCE = 15.0  # seconds that these people wait for one answer before they press again


@dataclass
class CrowdResults:
    """Answers that the crowd got. Times are seconds on the monotonic clock."""

    acknowledged: list[str] = field(default_factory=list)
    booked: list[str] = field(default_factory=list)  # the private links of whoever was told that their call is booked
    successes: list[float] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)

    def longest_silence(self) -> float:
        """The longest time, in seconds, in which nobody at all was acknowledged."""
        times = sorted(self.successes)
        return max((later - earlier for earlier, later in itertools.pairwise(times)), default=0.0)


class Crowd:
    """Threads that sign up at `port`, and one that books for `tokens`, from entering to leaving the context.

    `stamps` are of the site's own making and seconds old; sign-up number n uses the nth, a booking takes the last.
    """

    def __init__(self, port: int, stamps: list[str], tokens: list[str], people: int = 6, first: int = 0) -> None:
        self.port = port
        self.results = CrowdResults()
        self.numbers = itertools.count(first)
        self.stamps = stamps
        self.tokens = tokens
        self.stopping = threading.Event()
        self.counting = threading.Lock()
        self.threads = [threading.Thread(target=self._live, daemon=True) for _ in range(people)]
        self.threads.append(threading.Thread(target=self._book, daemon=True))

    def __enter__(self) -> "Crowd":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads if kind is None else ():  # (after a fault that broke off, nobody may be answered)
            thread.join(WAIT_TIMEOUT)

    def wait_for(self, more: int) -> None:
        """Until that many more were acknowledged; raises TimeoutError."""
        goal = len(self.results.successes) + more
        until = time.monotonic() + WAIT_TIMEOUT
        while len(self.results.successes) < goal:
            if time.monotonic() > until:
                raise TimeoutError(
                    f"{goal - len(self.results.successes)} sign-ups still missing: {self.results.failures}"
                )
            time.sleep(0.02)

    def _live(self) -> None:
        csrf: tuple[str, str] | None = None
        while not self.stopping.is_set():
            number = next(self.numbers)
            body = {**PERSON, "email": f"person{number}@example.com", "stamp": self.stamps[number]}
            while True:  # also after stop(): who has begun wants to know
                try:
                    csrf = csrf or token(self.port)
                    answer = post(self.port, "/start/", body, csrf, client=address(number))
                except (OSError, HTTPException) as error:
                    answer = named(error)
                if answer == "303":
                    self.results.acknowledged.append(body["email"])
                    self.results.successes.append(time.monotonic())
                    break
                self._refused(answer)
                if self.stopping.is_set() and answer in ("403", "422", "429"):
                    break
                time.sleep(PAUSE)

    def _refused(self, answer: str) -> None:
        with self.counting:
            self.results.failures[answer] = self.results.failures.get(answer, 0) + 1

    def _book(self) -> None:
        """One person after the other takes a time that is offered to them; 409 means to look again."""
        while not self.stopping.is_set() and self.tokens:
            token, body = self.tokens.pop(), {}
            while not (self.stopping.is_set() and not body):
                try:
                    body = body or self._choice(token)
                    answer = post(self.port, f"/my/{token}/call/", body, client="10.9.9.9")
                except (OSError, HTTPException, IndexError) as error:
                    answer = named(error)
                if answer == "303":
                    self.results.booked.append(token)
                    break
                if answer == "409":
                    body = {}
                else:
                    self._refused(answer)
                time.sleep(PAUSE)

    def _choice(self, token: str) -> dict[str, str]:
        """One of the times on the first page, with a stamp for it."""
        page = get(self.port, f"/my/{token}/call/")
        starts = re.findall(r'name="start"[^>]*value="([^"]+)"', page)
        return {"start": random.choice(starts).replace("&#x2B;", "+"), "stamp": self.stamps.pop()}


PERSON = {
    "aq_7": "",
    "name": "Pat Person",
    "preferred_channel": "email",
    "time_zone": "America/New_York",
    "state": "NY",
    "best_time": "any",
    "terms": "on",
    "privacy": "on",
}


def named(error: Exception) -> str:
    """The status that was answered, or what kept the answer away."""
    return str(error) if type(error) is HTTPException else type(error).__name__


def address(number: int) -> str:
    """A network address of person `number`'s own, so that they do not share a bucket."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def token(port: int) -> tuple[str, str]:
    """(cookie, form token) that a browser gets with the form."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/start/")
        answer = connection.getresponse()
        page = answer.read().decode()
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        cookie = (answer.headers.get("Set-Cookie") or "").partition(";")[0]
        if not found or not cookie:
            raise HTTPException(str(answer.status))
        return cookie, found[1]
    finally:
        connection.close()


def get(port: int, path: str) -> str:
    """The text of a page; raises HTTPException when it is not one."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        page = answer.read().decode()
        if answer.status != 200:
            raise HTTPException(str(answer.status))
        return page
    finally:
        connection.close()


def post(port: int, path: str, body: Mapping[str, str], csrf: tuple[str, str] = ("", ""), *, client: str) -> str:
    """The status of the answer to a form, as text."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": csrf[0],
            "X-Forwarded-For": client,
            "Origin": f"http://127.0.0.1:{port}",
        }
        connection.request("POST", path, urlencode({**body, "csrfmiddlewaretoken": csrf[1]}), headers)
        return str(connection.getresponse().status)
    finally:
        connection.close()
