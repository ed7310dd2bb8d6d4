"""“Free hands-on onboarding & support”: a person's time that can really be had, and nothing to pay for it."""

import datetime as dt

import pytest

from signups.calls.models import OnboardingCall
from signups.messages.models import OutboxMessage
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory

pytestmark = pytest.mark.django_db


def test_time_shown_is_a_time_booked_with_invitation_and_reminders(client, started, now, time_machine):
    host = HostFactory()
    for weekday in range(5):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=9 * 60, end=17 * 60)
    form = client.get(started + "call/").content.decode()
    told = {name: form.split(f'name="{name}" value="')[-1].split('"')[0] for name in ("stamp", "start")}
    time_machine.shift(dt.timedelta(minutes=1))
    answer = client.post(started + "call/", {**told, "phone": "212 555 0123", "reminders": "on"})
    assert answer.status_code == 303
    call = OnboardingCall.objects.get()
    assert (call.host, call.starts_at.isoformat()) == (host, told["start"])
    sent = OutboxMessage.objects.filter(call=call).order_by("kind")
    assert [message.kind for message in sent] == ["call_booked", "call_day_before", "call_hour_before", "host_call"]
    assert [bool(message.calendar) for message in sent] == [True, False, False, True]


def test_page_says_that_it_is_free_on_every_day(client, started):
    assert "Free, until November 27, 2026" in client.get(started).content.decode()
