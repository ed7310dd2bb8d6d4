"""“30-day money-back guarantee”: the page itself accepts the request, to the end of the last day."""

import datetime as dt

import pytest

from signups.trials.models import Trial

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("days", "hours", "accepted"), [(0, 0, True), (30, 13, True), (30, 14, False), (31, 0, False)])
def test_request_is_accepted_for_thirty_days(client, converted, time_machine, days, hours, accepted):
    """NOW is 10 a.m. in New York, so that the thirtieth day after it ends fourteen hours later."""
    time_machine.shift(dt.timedelta(days=days, hours=hours))
    client.post(converted + "refund/")
    assert Trial.objects.refund_owed().count() == accepted


def test_patient_sees_the_last_day(client, converted):
    assert "Sunday, December 20, 2026" in client.get(converted).content.decode()
