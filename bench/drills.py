"""Faults under load, and what became of what was acknowledged. `python -m bench.drills [NAME …]`

Two web machines behind nginx and two workers on one PostgreSQL that keeps its promises (fsync on). People sign up all
the time; a fault strikes; they go on until everything is well again. Then it is counted: every acknowledged sign-up is
one lead with one trial, every message was sent at least once and at most once more for each kill, nothing overlaps, and
how long nobody got through.
"""

import argparse
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass

from tests import services

from . import clinic as clinics
from . import servers
from .harness import RESULTS, family, say
from .load import Crowd

BEFORE, AFTER = 40, 60  # sign-ups acknowledged before the fault, and after it
LONGEST_SILENCE = 10.0  # seconds: then the service must be back by itself


@dataclass
class Outcome:
    """What one drill counted."""

    drill: str
    booked: int
    booked_once: int
    overlaps: int
    acknowledged: int
    kept_once: int
    lost: int
    doubled: int
    messages: int
    sent: int
    repeats: int
    repeats_allowed: int
    silence: float

    @property
    def passed(self) -> bool:
        return (
            self.acknowledged == self.kept_once
            and (self.booked, self.overlaps) == (self.booked_once, 0)
            and (self.lost, self.doubled) == (0, 0)
            and self.sent == self.messages
            and self.repeats <= self.repeats_allowed
            and self.silence < LONGEST_SILENCE
        )

    def __str__(self) -> str:
        verdict = "pass" if self.passed else "FAIL"
        return (
            f"{self.drill:<18} {verdict}  sign-ups {self.kept_once}/{self.acknowledged} kept once, "
            f"{self.lost} lost, {self.doubled} doubled; bookings {self.booked_once}/{self.booked} kept once, "
            f"{self.overlaps} overlaps; messages {self.sent}/{self.messages} sent, {self.repeats} twice "
            f"(allowed {self.repeats_allowed}); longest silence {self.silence:.1f} s"
        )


Fault = Callable[[clinics.Clinic, Crowd], int]  # does its harm, and returns how many messages may be sent twice for it


def kill_web(clinic: clinics.Clinic, crowd: Crowd) -> int:
    """`kill -9` of every process of one web machine's workers; granian's master starts new ones."""
    for pid in family(clinic.web[0].pid)[1:]:
        subprocess.run(["kill", "-9", str(pid)], check=False)
    return 0


def kill_machine(clinic: clinics.Clinic, crowd: Crowd) -> int:
    """A whole web machine gone, and back later."""
    clinics.kill(clinic.web[0], signal.SIGKILL)
    crowd.wait_for(AFTER // 2)
    clinic.start_web(0)
    return 0


def rolling_restart(clinic: clinics.Clinic, crowd: Crowd) -> int:
    """One web machine after the other is told to stop and started again: nobody may notice."""
    failures = dict(crowd.told.failures)
    for number in range(len(clinic.web)):
        clinics.kill(clinic.web[number], signal.SIGTERM)
        clinic.start_web(number)
        crowd.wait_for(10)
    if crowd.told.failures != failures:
        raise AssertionError(f"requests failed during a rolling restart: {crowd.told.failures}")
    return 0


def kill_worker(clinic: clinics.Clinic, crowd: Crowd) -> int:
    """`kill -9` of both workers while the mail server thinks about a message: taken, and nobody was told."""
    thinking, go_on = threading.Event(), threading.Event()

    def think(message: object) -> str:
        thinking.set()
        go_on.wait(20)
        return "250 OK"

    clinic.mail.answer = think
    thinking.wait(20)
    for worker in clinic.workers:
        clinics.kill(worker, signal.SIGKILL)
    go_on.set()
    clinic.mail.answer = lambda message: "250 OK"
    for _ in range(2):
        clinic.start_worker()
    return 2


def restart_database(clinic: clinics.Clinic, crowd: Crowd) -> int:
    """PostgreSQL killed as a crash does, and started again."""
    services.restart_postgres(servers.postgres_programs(), clinic.url)
    return 2  # one message for each worker, which could not note that it was sent


def cut_connections(clinic: clinics.Clinic, crowd: Crowd) -> int:
    """Every connection to the database is cut."""
    clinic.ask(
        "from django.db import connection\n"
        "connection.cursor().execute('SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = %s', ['client backend'])"
    )
    return 2


def mail_down(clinic: clinics.Clinic, crowd: Crowd) -> int:
    """The mail server refuses everything for a while."""
    answer, clinic.mail.answer = clinic.mail.answer, lambda message: "451 not now"
    crowd.wait_for(AFTER // 2)
    clinic.mail.answer = answer
    return 0


def mail_refuses_half(clinic: clinics.Clinic, crowd: Crowd) -> int:
    """The mail server refuses every other message for a while."""
    turns = iter(range(10**9))
    clinic.mail.answer = lambda message: "250 OK" if next(turns) % 2 else "451 not now"
    crowd.wait_for(AFTER // 2)
    clinic.mail.answer = lambda message: "250 OK"
    return 0


def mail_slow(clinic: clinics.Clinic, crowd: Crowd) -> int:
    """The mail server takes a second for each message: sign-ups must not feel it."""

    def slowly(message: object) -> str:
        time.sleep(1)
        return "250 OK"

    clinic.mail.answer = slowly
    crowd.wait_for(AFTER)
    clinic.mail.answer = lambda message: "250 OK"
    return 0


def slow_clients(clinic: clinics.Clinic, crowd: Crowd) -> int:
    """Five hundred clients that send a letter of their form and then nothing."""
    held = []
    for _ in range(500):
        client = socket.create_connection(("127.0.0.1", clinic.port), timeout=5)
        client.sendall(b"POST /start/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nn")
        held.append(client)
    crowd.wait_for(AFTER)
    for client in held:
        client.close()
    return 0


DRILLS: dict[str, Fault] = {
    "kill-web": kill_web,
    "kill-machine": kill_machine,
    "rolling-restart": rolling_restart,
    "kill-worker": kill_worker,
    "restart-database": restart_database,
    "cut-connections": cut_connections,
    "mail-down": mail_down,
    "mail-refuses-half": mail_refuses_half,
    "mail-slow": mail_slow,
    "slow-clients": slow_clients,
}
COUNT = """
from django.db.models import F
from signups import links
from signups.models import Lead, Message, OnboardingCall, Trial
import json
calls = OnboardingCall.objects.booked().select_related("lead")
print(json.dumps({
    "leads": list(Lead.objects.values_list("email", flat=True)),
    "trials": list(Trial.objects.values_list("lead__email", flat=True)),
    "calls": [str(call.lead.public_id) for call in calls],
    "overlaps": sum(
        calls.filter(
            host=call.host_id, pk__gt=call.pk, blocked_from__lt=call.blocked_to, blocked_to__gt=call.blocked_from
        ).count()
        for call in calls
    ),
    # All but the reminders whose time is still to come.
    "messages": [
        str(message.pk) for message in Message.objects.all() if message.attempts or message.send_at <= timezone.now()
    ],
}))
"""


# Six hosts whose days have no end, and people who may book a call with them: each one's private link and id.
PEOPLE = """
from django.contrib.auth.models import User
from signups import links
from signups.models import AvailabilityRule, Host
from tests.factories import TrialFactory
for number in range(6):
    host = Host.objects.create(user=User.objects.create(username=f"host{number}"), time_zone="America/New_York")
    AvailabilityRule.objects.bulk_create(
        AvailabilityRule(host=host, weekday=day, start=0, end=1440) for day in range(7)
    )
for number in range(800):
    lead = TrialFactory(lead__email=f"booker{number}@example.com", lead__phone_e164="+12125550123").lead
    print(links.my_url(lead).rstrip("/").rpartition("/")[2], lead.public_id)
"""


def drill(
    name: str, clinic: clinics.Clinic, stamps: list[str], people: dict[str, str], used: set[str], first: int
) -> tuple[Outcome, int]:
    """One fault under load; (what was counted, the number of the next person)."""
    crowd = Crowd(clinic.port, stamps, [token for token in people if token not in used], first=first)
    with crowd:
        crowd.wait_for(BEFORE)
        allowed = DRILLS[name](clinic, crowd)
        crowd.wait_for(AFTER)
    clinic.deliver_everything()
    counted = json.loads(clinic.ask(COUNT))
    leads, trials = Counter(counted["leads"]), Counter(counted["trials"])
    told = crowd.told
    used.update(told.booked)
    calls = Counter(counted["calls"])
    once = [email for email in told.acknowledged if leads[email] == 1 and trials[email] == 1]
    sent = Counter(message["Message-ID"].partition("@")[0].strip("<") for message in clinic.mail.messages)
    outcome = Outcome(
        drill=name,
        booked=len(told.booked),
        booked_once=sum(calls[people[token]] == 1 for token in told.booked),
        overlaps=counted["overlaps"],
        acknowledged=len(told.acknowledged),
        kept_once=len(once),
        lost=sum(leads[email] == 0 for email in told.acknowledged),
        doubled=sum(count > 1 for count in [*leads.values(), *trials.values()]),
        messages=len(counted["messages"]),
        sent=sum(sent[pk] > 0 for pk in counted["messages"]),
        repeats=sum(count - 1 for count in sent.values()) - clinic.repeats,
        repeats_allowed=allowed,
        silence=told.longest_silence(),
    )
    clinic.repeats += outcome.repeats
    return outcome, next(crowd.numbers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which of {', '.join(DRILLS)}; all when none is named")
    names = parser.parse_args().names or list(DRILLS)
    outcomes = []
    with clinics.running() as clinic:
        stamps, first = clinic.stamps(20_000), 0
        used: set[str] = set()
        people = dict(line.split() for line in clinic.ask(PEOPLE).splitlines())
        for name in names:
            outcome, first = drill(name, clinic, stamps, people, used, first)
            outcomes.append(outcome)
            say(str(outcome))
    RESULTS.mkdir(exist_ok=True)
    kept = [{**asdict(outcome), "passed": outcome.passed} for outcome in outcomes]
    (RESULTS / "drills.json").write_text(json.dumps(kept, indent=2) + "\n")
    return sum(not outcome.passed for outcome in outcomes)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
