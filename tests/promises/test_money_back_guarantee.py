"""“30-day money-back guarantee”: the page itself accepts the request, to the end of the last day."""

import datetime as dt

import pytest

from clinic import roles
from signups.actions import trials
from signups.models import Lead, Trial
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def converted(client, started, now):
    Lead.objects.update(status="qualified")
    trials.convert(Trial.objects.get(), by=UserFactory(role=roles.HEAD), now=now)
    return started


@pytest.mark.parametrize(("days", "hours", "accepted"), [(0, 0, True), (30, 13, True), (30, 14, False), (31, 0, False)])
def test_request_is_accepted_for_thirty_days(client, converted, time_machine, days, hours, accepted):
    """NOW is 10 a.m. in New York, so that the thirtieth day after it ends fourteen hours later."""
    time_machine.shift(dt.timedelta(days=days, hours=hours))
    client.post(converted + "refund/")
    assert Trial.objects.refund_owed().count() == accepted


def test_patient_sees_the_last_day(client, converted):
    assert "Sunday, December 20, 2026" in client.get(converted).content.decode()
