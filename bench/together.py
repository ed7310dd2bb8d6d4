"""What several machines must promise as one: each counts exactly, and is kept by whichever machine answers."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.services import WAIT_TIMEOUT

from . import load, servers
from .clinic import Clinic
from .harness import Target

AT_ONCE = 8
SEEN = b"Seen on every machine"
PUBLISH = """
import time
from clinic import roles
from content.actions import drafts, publication, sign_offs
from tests.factories import PersonFactory, UserFactory
now, editor = timezone.now(), UserFactory(username="editor", role=roles.EDITOR)
reviewer = UserFactory(username="reviewer", role=roles.REVIEWER)
PersonFactory(user=reviewer)
words = {"title": "Seen on every machine", "summary": "S", "description": "D", "body": "Prose."}
article = drafts.create_article(slug="seen", author=PersonFactory(), words=words, by=editor, now=now)
newest, next_year = article.revisions.latest(), now.date() + dt.timedelta(days=365)
read = {"revision_id": newest.pk, "state_hash": sign_offs.state_hash(article, newest)}
sign_offs.sign_off_article(article, **read, review_by=next_year, by=reviewer, now=now)
publication.publish_article(article, by=editor, now=now)
print(time.time())
"""
STAFF = """
from clinic import roles
from tests.factories import UserFactory
user = UserFactory(username="ana", role=roles.COORDINATOR)
user.set_password("the right password")
user.save()
"""


def publication(clinic: Clinic, stamps: list[str]) -> list[Target]:
    """An article is published; how long until no process of any machine shows the list without it."""
    with ThreadPoolExecutor(len(clinic.ports) + 1) as pool:
        published = pool.submit(lambda: float(clinic.ask(PUBLISH)))
        last = [pool.submit(last_without, port, published.done) for port in clinic.ports]
        committed = published.result()  # (when it failed, that is what to tell)
    late = max(when.result() for when in last) - committed
    return [Target("until every machine shows what was published", max(late, 0.0), 2.0, "s", at_most=True)]


def last_without(port: int, done: Callable[[], bool]) -> float:
    """When the list was last seen without the article, watched for some seconds after it was published."""
    seen, in_a_row = 0.0, 0
    until = time.monotonic() + WAIT_TIMEOUT
    while in_a_row < 100:  # a connection leads to any of a machine's processes
        if time.monotonic() > until:
            raise TimeoutError(f"port {port} never shows what was published")
        if SEEN in servers.fetch(port, "/learn/"):
            in_a_row += done()
        else:
            seen, in_a_row = time.time(), 0
        time.sleep(0.05)  # watching must not be what slows it down
    return seen


def limits(clinic: Clinic, stamps: list[str]) -> list[Target]:
    """More sign-ups from one address than an hour allows, many at once, through the balancer to both machines."""
    wait_for_room()
    csrf = load.token(clinic.port)
    start = len(stamps) - 100  # far from those that the crowd uses

    def sign_up(number: int) -> str:
        body = {**load.PERSON, "email": f"limit{number}@example.com", "stamp": stamps[start + number]}
        return load.post(clinic.port, "/start/", body, csrf, client="198.51.100.7")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = Counter(pool.map(sign_up, range(80)))
    return [exactly("sign-ups of one address taken", answers["303"], 60), exactly("refused", answers["429"], 20)]


def lock_out(clinic: Clinic, stamps: list[str]) -> list[Target]:
    """Wrong passwords, many at once: five are looked at, and then not even the right one is."""
    clinic.ask(STAFF)
    csrf = load.token(clinic.port)

    def sign_in(password: str, client: str = "198.51.100.8") -> str:
        return load.post(clinic.port, "/admin/login/", {"login": "ana", "password": password}, csrf, client=client)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = Counter(pool.map(sign_in, [f"wrong {number}" for number in range(24)]))
    return [
        exactly("wrong passwords looked at", answers["200"], 5),
        exactly("refused unseen", answers["429"], 19),
        exactly("the right one, from there", int(sign_in("the right password")), 429),
        exactly("the right one, from elsewhere", int(sign_in("the right password", "198.51.100.9")), 302),
    ]


def wait_for_room() -> None:
    """Windows of counting begin at whole multiples of their length: not in the last half minute of one."""
    left = 900 - time.time() % 900
    if left < 30:
        time.sleep(left)


def exactly(name: str, figure: int, wanted: int) -> Target:
    return Target(f"{name}: {figure}, which should be {wanted}; off by", abs(figure - wanted), 0, at_most=True)


TOGETHER = {"publication": publication, "limits": limits, "lock-out": lock_out}
