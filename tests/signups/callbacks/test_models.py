"""What the database holds of callbacks by itself, and the words to ask for them."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from signups.callbacks.choices import CallOutcome
from signups.callbacks.models import CallbackRequest
from signups.leads.choices import LeadStatus
from tests.factories import callbacks, leads, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


def refused(factory, **fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        factory(**fields)


def test_phone_only_leads_share_the_empty_address():
    for _ in range(2):
        assert leads.LeadFactory(email="", phone="212 555 0123", phone_e164="+12125550123").pk


def test_live_lead_has_an_address_or_a_number():
    refused(leads.LeadFactory, email="", phone="")
    assert leads.LeadFactory(email="", status=LeadStatus.ERASED).pk


def test_one_open_callback_per_lead():
    first = callbacks.CallbackRequestFactory()
    refused(callbacks.CallbackRequestFactory, lead=first.lead)
    CallbackRequest.objects.filter(pk=first.pk).update(closed_at=NOW, outcome="reached")
    assert callbacks.CallbackRequestFactory(lead=first.lead).pk


def test_paired_facts_come_in_pairs():
    refused(callbacks.CallbackRequestFactory, claimed_by=users.UserFactory())
    refused(callbacks.CallbackRequestFactory, claimed_at=NOW)
    refused(callbacks.CallbackRequestFactory, closed_at=NOW)
    refused(callbacks.CallbackRequestFactory, outcome="reached")


def test_unsettled_attempt_says_when_the_next_is_due():
    request = callbacks.CallbackRequestFactory()
    refused(callbacks.CallAttemptFactory, request=request, attempted_at=NOW, next_attempt_at=None)
    refused(callbacks.CallAttemptFactory, request=request, attempted_at=NOW, next_attempt_at=NOW)
    refused(callbacks.CallAttemptFactory, request=request, outcome=CallOutcome.REACHED, next_attempt_at=NOW + HOUR)
    refused(callbacks.CallAttemptFactory, request=request, number=3, attempted_at=NOW, next_attempt_at=NOW + HOUR)
    assert callbacks.CallAttemptFactory(request=request, number=3, attempted_at=NOW).pk
    refused(callbacks.CallAttemptFactory, request=request, number=3)
    refused(callbacks.CallAttemptFactory, request=request, number=4, outcome=CallOutcome.REACHED)


def test_overdue_is_what_nobody_called_in_time():
    promised = callbacks.CallbackRequestFactory(due_at=NOW)
    open_ = CallbackRequest.objects.open
    assert (open_().overdue(NOW).count(), open_().overdue(NOW + HOUR).get()) == (0, promised)
    callbacks.CallAttemptFactory(request=promised, attempted_at=NOW - HOUR, next_attempt_at=NOW + 2 * HOUR)
    assert open_().overdue(NOW + 3 * HOUR).count() == 0  # a retry is called from its time on, and never overdue


def test_due_is_what_nobody_tried_or_whose_next_time_has_come():
    fresh = callbacks.CallbackRequestFactory(due_at=NOW + 9 * HOUR)
    tried = callbacks.CallbackRequestFactory(due_at=NOW - 9 * HOUR)
    for number in (1, 2):
        callbacks.CallAttemptFactory(
            request=tried, number=number, attempted_at=NOW, next_attempt_at=NOW + number * HOUR
        )
    words = CallbackRequest.objects.open().order_by("pk").due
    assert list(words(NOW + HOUR)) == [fresh]
    assert list(words(NOW + 2 * HOUR)) == [fresh, tried]


def test_gone_and_closed_are_not_open():
    callbacks.CallbackRequestFactory(closed_at=NOW, outcome="reached")
    callbacks.CallbackRequestFactory(lead__status=LeadStatus.ERASED)
    mine = users.UserFactory()
    kept = callbacks.CallbackRequestFactory(claimed_by=mine, claimed_at=NOW)
    callbacks.CallbackRequestFactory()
    assert CallbackRequest.objects.open().claimed_by(mine).get() == kept
    assert CallbackRequest.objects.open().count() == 2


def test_nobody_is_to_be_called_now_where_it_is_night():
    by_day = callbacks.CallbackRequestFactory(time_zone="America/New_York")
    callbacks.CallbackRequestFactory(time_zone="Asia/Tokyo")
    assert list(CallbackRequest.objects.open().due(NOW)) == [by_day]
