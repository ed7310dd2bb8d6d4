"""“First 7 days on us”: they start when the address is confirmed, last seven days, and end automatically."""

import datetime as dt

import pytest

from signups.trials.models import Trial

pytestmark = pytest.mark.django_db


def test_seven_days_from_the_moment_of_confirming(client, started, now):
    trial = Trial.objects.get()
    assert (trial.started_at, trial.ends_at) == (now, now + dt.timedelta(days=7))
    assert "day 1 of 7" in client.get(started).content.decode()


def test_they_end_by_themselves_and_nothing_renews(client, started, time_machine):
    time_machine.shift(dt.timedelta(days=7))
    page = client.get(started).content.decode()
    assert "Nothing renewed, and you owe us nothing." in page
    assert Trial.objects.filter(converted_at=None, cancelled_at=None).count() == 1


def test_page_message_and_record_name_the_same_end(client, started):
    from signups.messages.models import OutboxMessage

    end = "Friday, November 27, 2026, 10:00 AM"
    assert end in client.get(started).content.decode()
    assert end in OutboxMessage.objects.get(kind="trial_started").text
