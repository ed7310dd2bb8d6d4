"""Every worked case of `data/scheduling_cases.json` through the real functions, actions and database."""

import datetime as dt
import itertools
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from signups.calls.emails import REMINDERS
from signups.calls.models import OnboardingCall
from signups.messages.choices import MessageStatus
from signups.messages.models import OutboxMessage
from signups.scheduling import business_hours, round_robin, slots
from tests.signups.calls import scenario_player

from . import scheduling_cases

REMINDER_KINDS = [kind.value for kind in REMINDERS]


@pytest.mark.parametrize("case", scheduling_cases.named("slot_cases"))
def test_slots(case):
    now, (begin, end) = scheduling_cases.instant(case["now"]), map(scheduling_cases.instant, case["range"])
    found = slots.available_slots(
        scheduling_cases.hosts(case), scheduling_cases.rules(case), now=now, begin=begin, end=end
    )
    expected = [(scheduling_cases.instant(slot["start_utc"]), tuple(slot["staff_ids"])) for slot in case["expected"]]
    assert [tuple(slot) for slot in found] == expected
    assert len(found) == case["expected_count"]
    if "invitee_tz" in case:
        days = slots.by_day([slot.start for slot in found], ZoneInfo(case["invitee_tz"]))
        local = [start.isoformat() for starts in days.values() for start in starts]
        assert local == case["expected_invitee_local"]
        assert {date.isoformat(): len(starts) for date, starts in days.items()} == case["expected_invitee_days"]


@pytest.mark.parametrize("case", scheduling_cases.named("slot_cases"))
def test_booking_agrees_with_the_listing(case):
    """Each start offered is granted to the same hosts, and those a minute away only if they are offered too."""
    now, rules, hosts = (
        scheduling_cases.instant(case["now"]),
        scheduling_cases.rules(case),
        scheduling_cases.hosts(case),
    )
    offered = {scheduling_cases.instant(slot["start_utc"]): slot["staff_ids"] for slot in case["expected"]}
    begin, end = map(scheduling_cases.instant, case["range"])
    tried = {start + dt.timedelta(minutes=off) for start in offered for off in (-1, 0, 1)}
    for start in sorted(tried):
        if not begin <= start < end:
            continue
        try:
            granted = slots.available_hosts(start, hosts, rules, now=now)
        except slots.BookingError:
            granted = None
        assert granted == offered.get(start)


@pytest.mark.parametrize("case", scheduling_cases.named("sla_cases"))
def test_due_time(case):
    opening = scheduling_cases.opening(case["hours"], case["holidays"])
    due = business_hours.add_business_minutes(
        scheduling_cases.instant(case["created"]), case["target_business_min"], opening
    )
    assert due == scheduling_cases.instant(case["expected_due"])


@pytest.mark.parametrize("case", scheduling_cases.named("round_robin_cases"))
def test_round_robin(case):
    if "candidates" in case:
        candidates = [
            round_robin.Candidate(
                one["id"],
                one["load"],
                one["weight"],
                one["last_assigned_at"] and scheduling_cases.instant(one["last_assigned_at"]),
            )
            for one in case["candidates"]
        ]
        assert round_robin.least_loaded(candidates) == case["expected"]
        return
    load, last, chosen = dict.fromkeys(case["weights"], 0), dict.fromkeys(case["weights"]), []
    for turn in range(len(case["expected_sequence"])):
        pool = [round_robin.Candidate(id_, load[id_], weight, last[id_]) for id_, weight in case["weights"].items()]
        chosen.append(round_robin.least_loaded(pool))
        load[chosen[-1]] += 1
        last[chosen[-1]] = dt.datetime(2026, 6, 1, 10 + turn, tzinfo=dt.UTC)
    assert chosen == case["expected_sequence"]


@pytest.mark.django_db
@pytest.mark.parametrize("case", scheduling_cases.named("booking_cases", mode=("sequential",)))
def test_bookings_in_order(case, clinic):
    stage = scenario_player.Stage(case["setup"])
    for op, expected in zip(case["ops"], case["expect"], strict=True):
        result = stage.play(op)
        assert {name: result.get(name) for name in expected} == expected
        assert ("error" in result) == ("error" in expected)
    assert stage.final() == {ref: finally_(row) for ref, row in case["final"].items()}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("case", scheduling_cases.named("booking_cases", mode=("parallel",)))
def test_bookings_at_once(case, clinic):
    stage = scenario_player.Stage(case["setup"])
    for op in case["ops"]:
        if op["op"] == "book":
            stage.lead(op["patient"])
    before = OutboxMessage.objects.filter(kind__in=REMINDER_KINDS, status=MessageStatus.SENT).count()
    results = scenario_player.together(*(lambda op=op: stage.play(op) for op in case["ops"]))
    if case["expect_counts"] is not None:
        assert Counter(result.get("error", "ok") for result in results) == case["expect_counts"]
    if "rows" in case:
        assert OnboardingCall.objects.count() == case["rows"]
    if "allowed_finals" in case:
        allowed = [finally_(row) for row in case["allowed_finals"]]
        found = stage.final()["b1"]
        assert any(row == {name: found[name] for name in row} for row in allowed)
    if "reminders_sent" in case:
        sent = OutboxMessage.objects.filter(kind__in=REMINDER_KINDS, status=MessageStatus.SENT).count() - before
        assert sent == case["reminders_sent"]
    held = OnboardingCall.objects.booked().order_by("host", "blocked_from")
    for one, other in itertools.pairwise(held):
        assert one.host_id != other.host_id or one.blocked_to <= other.blocked_from


def finally_(row):
    return {name: scheduling_cases.instant(value) if name in ("start", "end") else value for name, value in row.items()}
