"""“Give us a free call”, “hands-on onboarding”: from the private page, a time to choose and a wish to be called."""

import datetime as dt

import pytest

from signups.callbacks.models import CallbackRequest
from tests.factories.hosts import AvailabilityRuleFactory

pytestmark = pytest.mark.django_db


def test_page_offers_both(client, started):
    AvailabilityRuleFactory(weekday=0)
    page = client.get(started).content.decode()
    assert [f'href="{started}{deed}"' in page for deed in ("call/", "callback/")] == [True, True]


def test_wish_to_be_called_has_a_time_by_which_it_is_kept(client, clinic, started, now, time_machine):
    clinic.opening_hours = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(5)]
    clinic.save()
    form = client.get(started + "callback/").content.decode()
    stamp = form.split('name="stamp" value="')[1].split('"')[0]
    time_machine.shift(dt.timedelta(minutes=1))
    told = {"phone": "212 555 0123", "time_zone": "America/New_York", "best_time": "any", "topic": "program"}
    assert client.post(started + "callback/", {"stamp": stamp, **told, "calls": "on"}).status_code == 303
    # Four open hours after 10:01, which is before the clinic closes at 17:00.
    assert CallbackRequest.objects.get().due_at == now + dt.timedelta(hours=4, minutes=1)
