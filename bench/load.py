"""People who sign up all the time, as browsers do it, and remember what they were told: the load of the drills.

Each person sends the same form until it is acknowledged (303), as somebody does who sees an error and presses again.
"""

import itertools
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

PAUSE = 0.05  # seconds before somebody presses again
PATIENCE = 15.0  # seconds for one answer


@dataclass
class Told:
    """What the people were told. Times are seconds on the monotonic clock."""

    acknowledged: list[str] = field(default_factory=list)
    successes: list[float] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)

    def longest_silence(self) -> float:
        """The longest time, in seconds, in which nobody at all was acknowledged."""
        times = sorted(self.successes)
        return max((later - earlier for earlier, later in itertools.pairwise(times)), default=0.0)


class Crowd:
    """`people` threads that sign up at `port` until `stop()`; `stamps` are of the site's own making, seconds old."""

    def __init__(self, port: int, stamps: list[str], people: int = 6, first: int = 0) -> None:
        self.port = port
        self.told = Told()
        self.numbers = itertools.count(first)
        self.stamps = stamps
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._live, daemon=True) for _ in range(people)]

    def __enter__(self) -> "Crowd":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(PATIENCE * 2)

    def wait_for(self, more: int, seconds: float = 60.0) -> None:
        """Until that many more were acknowledged; raises TimeoutError."""
        goal = len(self.told.successes) + more
        until = time.monotonic() + seconds
        while len(self.told.successes) < goal:
            if time.monotonic() > until:
                raise TimeoutError(f"{goal - len(self.told.successes)} sign-ups still missing: {self.told.failures}")
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
                    answer = type(error).__name__
                if answer == "303":
                    self.told.acknowledged.append(body["email"])
                    self.told.successes.append(time.monotonic())
                    break
                self.told.failures[answer] = self.told.failures.get(answer, 0) + 1
                if self.stopping.is_set() and answer in ("403", "422", "429"):
                    break
                time.sleep(PAUSE)


PERSON = {
    "name": "Pat Person",
    "preferred_channel": "email",
    "time_zone": "America/New_York",
    "state": "NY",
    "care_for": "self",
    "best_time": "any",
    "adult": "on",
    "terms": "on",
    "privacy": "on",
}


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
            raise HTTPException(f"no form: {answer.status}")
        return cookie, found[1]
    finally:
        connection.close()


def post(port: int, path: str, body: Mapping[str, str], csrf: tuple[str, str], *, client: str) -> str:
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
