"""A call whose hour a change of law moves is listed for staff; its instant stays."""

import datetime as dt
import re

import pytest

from signups.calls import clock_changes
from signups.calls.models import CallAlert, OnboardingCall
from signups.leads import links as lead_links
from signups.messages.models import OutboxMessage
from signups.web import timed_token
from tests.factories.calls import OnboardingCallFactory
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 12, 1, 15, 0, tzinfo=dt.UTC)
CALL = dt.datetime(2026, 12, 5, 17, 0, tzinfo=dt.UTC)


def test_page_mail_and_calendar_of_a_changed_zone_agree(clinic, client, time_machine):
    """Vancouver keeps its summer time since this year: 17:00 UTC is 10 a.m. there in December."""
    AvailabilityRuleFactory(host=HostFactory(), weekday=5, start=9 * 60, end=17 * 60)
    lead = LeadFactory(time_zone="America/Vancouver")
    TrialFactory(lead=lead, started_at=NOW, requested_at=NOW)
    page = lead_links.portal_url(lead).removeprefix("http://127.0.0.1:8000") + "call/"
    time_machine.move_to(NOW - dt.timedelta(minutes=1), tick=False)
    stamp = timed_token.new_token()
    time_machine.move_to(NOW, tick=False)
    assert client.post(page, {"stamp": stamp, "start": CALL.isoformat(), "reminders": "on"}).status_code == 303
    assert "10:00 AM" in client.get(page).content.decode()
    sent = OutboxMessage.objects.get(kind="call_booked")
    assert "10:00 AM" in sent.subject
    assert "10:00 AM" in sent.text
    assert re.findall(r"DTSTART:(\S+)", sent.calendar) == ["20261205T170000Z"]


@pytest.mark.parametrize("side", ["lead", "host"])
def test_call_at_another_hour_than_agreed_is_listed(side):
    kept = OnboardingCallFactory(starts_at=CALL, created_at=NOW)
    moved = OnboardingCallFactory(starts_at=CALL, created_at=NOW)
    OnboardingCall.objects.filter(pk=moved.pk).update(**{f"{side}_offset": -480})  # as an older tzdata had it
    assert [clock_changes.list_changed_calls(lambda: NOW) for _ in range(2)] == [1, 0]
    alert = CallAlert.objects.get()
    assert (alert.call, alert.kind) == (moved, "clock_changed")
    moved.refresh_from_db()
    kept.refresh_from_db()
    assert (moved.starts_at, moved.sequence) == (kept.starts_at, kept.sequence) == (CALL, 0)


def test_settled_alert_does_not_come_back():
    moved = OnboardingCallFactory(starts_at=CALL, created_at=NOW)
    OnboardingCall.objects.update(lead_offset=-480)
    clock_changes.list_changed_calls(lambda: NOW)
    moved.alerts.update(settled_at=NOW)
    assert clock_changes.list_changed_calls(lambda: NOW) == 0
