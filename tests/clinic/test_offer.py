"""The clinic's offer as sign-ups see it."""

import datetime as dt

import pytest

from clinic.offer import load_offer
from signups.scheduling.business_hours import add_business_minutes

pytestmark = pytest.mark.django_db


def test_hours_are_those_of_the_profile(clinic):
    clinic.opening_hours = [{"weekday": 0, "start": "09:00", "end": "24:00"}]
    clinic.callback_minutes = 90
    clinic.save()
    facts = load_offer()
    monday_noon = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)
    assert facts.callback_minutes == 90
    assert add_business_minutes(monday_noon, 11 * 60 + 90, facts.hours) == dt.datetime(
        2026, 11, 30, 14, 30, tzinfo=dt.UTC
    )
