"""Faults under load, and what became of what was acknowledged. `python -m bench.drills [NAME …]`

Two web machines behind nginx and two workers on one PostgreSQL that keeps its promises (fsync on). People sign up all
the time; a fault strikes; they go on until everything is well again. Then it is counted: every acknowledged sign-up is
one lead with one trial, every message was sent at least once and at most once more for each kill, nothing overlaps, and
how long nobody got through.
"""

import argparse
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass

from . import clinic as bench_clinic
from . import kills, servers
from .faults import AFTER, FAULTS
from .harness import RESULTS, Target, say
from .load import Crowd
from .together import TOGETHER

BEFORE = 40  # sign-ups acknowledged before the fault
LONGEST_SILENCE = 10.0  # seconds: then the service must be back by itself
STAMPS = 20_000


@dataclass
class Outcome:
    """What one drill counted; `failed` requests had another answer than a form wants, and had to be sent again."""

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
    failed: dict[str, int]
    flawless: bool

    @property
    def passed(self) -> bool:
        return (
            self.acknowledged == self.kept_once
            and (self.booked, self.overlaps) == (self.booked_once, 0)
            and (self.lost, self.doubled) == (0, 0)
            and self.sent == self.messages
            and self.repeats <= self.repeats_allowed
            and self.silence < LONGEST_SILENCE
            and not ("500" in self.failed or (self.flawless and self.failed))
        )

    def __str__(self) -> str:
        return (
            f"sign-ups {self.kept_once}/{self.acknowledged} kept once, "
            f"{self.lost} lost, {self.doubled} doubled; bookings {self.booked_once}/{self.booked} kept once, "
            f"{self.overlaps} overlaps; messages {self.sent}/{self.messages} sent, {self.repeats} twice "
            f"(allowed {self.repeats_allowed}); longest silence {self.silence:.1f} s; failed requests {self.failed}"
        )


@dataclass
class Promise:
    """What one drill of several machines together counted."""

    drill: str
    targets: list[Target]

    @property
    def passed(self) -> bool:
        return all(target.met for target in self.targets)

    def __str__(self) -> str:
        return "".join(f"\n  {target}" for target in self.targets)


@dataclass
class Unknown:
    """A drill that was skipped, because something that it needs is not here, or broke off; and why."""

    drill: str
    why: str
    skipped: bool = False

    @property
    def passed(self) -> bool:
        return self.skipped and os.environ.get("CI") != "true"

    def __str__(self) -> str:
        return self.why


COUNT = """
from django.db.models import F
from signups.leads import links
from signups.models import Lead, OnboardingCall, OutboxMessage, Trial
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
        str(message.pk)
        for message in OutboxMessage.objects.exclude(status="cancelled")
        if message.attempts or message.send_at <= max(timezone.now(), message.created_at)
    ],
}))
"""


# Six hosts whose days have no end, and people who may book a call with them: each one's private link and id.
PEOPLE = """
from django.contrib.auth.models import User
from signups.leads import links
from signups.models import AvailabilityRule, Host
from tests.factories import TrialFactory
for number in range(6):
    host = Host.objects.create(user=User.objects.create(username=f"host{number}"), time_zone="America/New_York")
    AvailabilityRule.objects.bulk_create(
        AvailabilityRule(host=host, weekday=day, start=0, end=1440) for day in range(7)
    )
for number in range(800):
    lead = TrialFactory(lead__email=f"booker{number}@example.com", lead__phone_e164="+12125550123").lead
    print(links.portal_url(lead).rstrip("/").rpartition("/")[2], lead.public_id)
"""


class Runner:
    """One clinic, and the people who are still to come to it."""

    def __init__(self, clinic: bench_clinic.Clinic) -> None:
        self.clinic = clinic
        self.stamps = clinic.stamps(STAMPS)
        self.people = dict(line.split() for line in clinic.ask(PEOPLE).splitlines())
        self.used: set[str] = set()
        self.first = 0

    def run(self, name: str) -> Outcome | Promise:
        if name in TOGETHER:
            return Promise(name, TOGETHER[name](self.clinic, self.stamps))
        fault, tokens = FAULTS[name], [token for token in self.people if token not in self.used]
        crowd = Crowd(self.clinic.port, self.stamps, tokens, first=self.first)
        try:
            with crowd:
                crowd.wait_for(BEFORE)
                fault.strike(self.clinic, crowd)
                crowd.wait_for(AFTER)
        finally:
            self.first = next(crowd.numbers)
            self.used.update(crowd.results.booked)
        for process, port in zip(self.clinic.web, self.clinic.ports, strict=True):
            servers.wait_until_ready(process, port, "/health/ready")  # nobody's hand brought it back
        self.clinic.deliver_everything()
        return self.count(name, crowd)

    def count(self, name: str, crowd: Crowd) -> Outcome:
        """What became of everything that was acknowledged."""
        counted, told = json.loads(self.clinic.ask(COUNT)), crowd.results
        leads, trials, calls = (Counter(counted[kind]) for kind in ("leads", "trials", "calls"))
        sent = Counter(message["Message-ID"].partition("@")[0].strip("<") for message in self.clinic.mail.messages)
        repeats = sum(count - 1 for count in sent.values())
        outcome = Outcome(
            drill=name,
            booked=len(told.booked),
            booked_once=sum(calls[self.people[token]] == 1 for token in told.booked),
            overlaps=counted["overlaps"],
            acknowledged=len(told.acknowledged),
            kept_once=sum(leads[email] == 1 == trials[email] for email in told.acknowledged),
            lost=sum(leads[email] == 0 for email in told.acknowledged),
            doubled=sum(count > 1 for count in [*leads.values(), *trials.values()]),
            messages=len(counted["messages"]),
            sent=sum(sent[pk] > 0 for pk in counted["messages"]),
            repeats=repeats - self.clinic.repeats,
            repeats_allowed=FAULTS[name].repeats,
            silence=told.longest_silence(),
            failed=told.failures,
            flawless=FAULTS[name].flawless,
        )
        self.clinic.repeats = repeats
        return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    known = [*FAULTS, *TOGETHER, *kills.KILLS, *kills.RACES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(known)}; all when none is named")
    names = parser.parse_args().names or known
    small = [name for name in names if name in FAULTS and FAULTS[name].small_disk]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # and what was started is taken down
    outcomes = [
        *run([name for name in names if name in (*FAULTS, *TOGETHER) and name not in small], bench_clinic.running),
        *run(small, bench_clinic.running_on_small_disk),
    ]
    if outcomes:
        RESULTS.mkdir(exist_ok=True)
        kept = [{**asdict(outcome), "passed": outcome.passed} for outcome in outcomes]
        (RESULTS / "drills.json").write_text(json.dumps(kept, indent=2) + "\n")
    killed = [name for name in names if name in (*kills.KILLS, *kills.RACES)]
    return sum(not outcome.passed for outcome in outcomes) + kills.run(killed, kills.DATABASES)


def run(
    names: list[str], start: Callable[[], AbstractContextManager[bench_clinic.Clinic]]
) -> Iterator[Outcome | Promise | Unknown]:
    """These drills, each with its verdict printed, on one clinic. What is missing or breaks off keeps back no other."""
    if not names:
        return
    with ExitStack() as stack:
        runner = None
        for name in names:
            try:
                runner = runner or Runner(stack.enter_context(start()))
                outcome = runner.run(name)
            except servers.Missing as error:
                outcome = Unknown(name, str(error), skipped=True)
            except (Exception, servers.NotThere) as error:
                outcome = Unknown(name, f"{type(error).__name__}: {error}")
            say(f"{name:<18} {verdict(outcome)}  {outcome}")
            yield outcome


def verdict(outcome: Outcome | Promise | Unknown) -> str:
    if isinstance(outcome, Unknown) and outcome.skipped:
        return "SKIPPED"
    return "pass" if outcome.passed else "FAIL"


if __name__ == "__main__":
    sys.exit(min(main(), 1))
