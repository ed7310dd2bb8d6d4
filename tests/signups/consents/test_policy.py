"""Who may be called, and when."""

import datetime as dt

import pytest

from signups.consents import policy as consent_policy
from tests.factories.callbacks import CallbackRequestFactory
from tests.factories.leads import LeadFactory
from tests.signups.conftest import NOW  # (10 a.m. in New York)

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    return LeadFactory(phone="212 555 0123", phone_e164="+12125550123", time_zone="America/New_York")


def test_an_open_callback_is_leave_to_call_until_it_is_closed(lead):
    assert not consent_policy.can_call(lead, NOW)
    callback = CallbackRequestFactory(lead=lead)
    assert consent_policy.can_call(lead, NOW)
    assert not consent_policy.can_call(lead, NOW + dt.timedelta(hours=12))
    type(callback).objects.update(closed_at=NOW, outcome="reached")
    assert not consent_policy.can_call(lead, NOW)


def test_number_of_a_premium_service_is_never_called(lead):
    lead.phone_e164 = "+19005550123"
    lead.save()
    CallbackRequestFactory(lead=lead)
    assert not consent_policy.can_call(lead, NOW)


def test_hours_are_decent_wherever_the_state_and_the_area_code_say_that_they_are(lead):
    CallbackRequestFactory(lead=lead)
    morning = dt.datetime(2026, 11, 30, 13, 5, tzinfo=dt.UTC)  # 8:05 in New York, 3:05 in Honolulu
    assert consent_policy.can_call(lead, morning)
    lead.state = "HI"
    assert not consent_policy.can_call(lead, morning)
    assert consent_policy.can_call(lead, morning + dt.timedelta(hours=5))
