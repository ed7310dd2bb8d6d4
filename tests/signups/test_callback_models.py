"""What the database holds of callbacks by itself, and the words to ask for them."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from signups.models import CallbackRequest
from signups.states import CallOutcome, LeadStatus
from tests import factories

from .conftest import NOW

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


def refused(factory, **fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        factory(**fields)


def test_phone_only_leads_share_the_empty_address():
    for _ in range(2):
        assert factories.LeadFactory(email="", phone="212 555 0123", phone_e164="+12125550123").pk


def test_live_lead_has_an_address_or_a_number():
    refused(factories.LeadFactory, email="")
    assert factories.LeadFactory(email="", status=LeadStatus.ERASED).pk


def test_one_open_callback_per_lead():
    first = factories.CallbackRequestFactory()
    refused(factories.CallbackRequestFactory, lead=first.lead)
    CallbackRequest.objects.filter(pk=first.pk).update(closed_at=NOW, outcome="reached")
    assert factories.CallbackRequestFactory(lead=first.lead).pk


def test_paired_facts_come_in_pairs():
    refused(factories.CallbackRequestFactory, claimed_by=factories.UserFactory())
    refused(factories.CallbackRequestFactory, claimed_at=NOW)
    refused(factories.CallbackRequestFactory, closed_at=NOW)
    refused(factories.CallbackRequestFactory, outcome="reached")


def test_unsettled_attempt_says_when_the_next_is_due():
    request = factories.CallbackRequestFactory()
    refused(factories.CallAttemptFactory, request=request, at=NOW, next_attempt_at=None)
    refused(factories.CallAttemptFactory, request=request, at=NOW, next_attempt_at=NOW)
    refused(factories.CallAttemptFactory, request=request, outcome=CallOutcome.REACHED, next_attempt_at=NOW + HOUR)
    refused(factories.CallAttemptFactory, request=request, number=3, at=NOW, next_attempt_at=NOW + HOUR)
    assert factories.CallAttemptFactory(request=request, number=3, at=NOW).pk
    refused(factories.CallAttemptFactory, request=request, number=3)
    refused(factories.CallAttemptFactory, request=request, number=4, outcome=CallOutcome.REACHED)


def test_overdue_is_what_nobody_called_in_time():
    promised = factories.CallbackRequestFactory(due_at=NOW)
    open_ = CallbackRequest.objects.open
    assert (open_().overdue(NOW).count(), open_().overdue(NOW + HOUR).get()) == (0, promised)
    factories.CallAttemptFactory(request=promised, at=NOW - HOUR, next_attempt_at=NOW + 2 * HOUR)
    assert (open_().overdue(NOW + HOUR).count(), open_().overdue(NOW + 3 * HOUR).get()) == (0, promised)
    factories.CallAttemptFactory(request=promised, number=2, at=NOW, next_attempt_at=NOW + 5 * HOUR)
    assert open_().overdue(NOW + 3 * HOUR).count() == 0


def test_due_is_what_nobody_tried_or_whose_next_time_has_come():
    fresh = factories.CallbackRequestFactory(due_at=NOW + 9 * HOUR)
    tried = factories.CallbackRequestFactory(due_at=NOW - 9 * HOUR)
    for number in (1, 2):
        factories.CallAttemptFactory(request=tried, number=number, at=NOW, next_attempt_at=NOW + number * HOUR)
    words = CallbackRequest.objects.open().order_by("pk").due
    assert list(words(NOW + HOUR)) == [fresh]
    assert list(words(NOW + 2 * HOUR)) == [fresh, tried]


def test_gone_and_closed_are_not_open():
    factories.CallbackRequestFactory(closed_at=NOW, outcome="reached")
    factories.CallbackRequestFactory(lead__status=LeadStatus.ERASED)
    mine = factories.UserFactory()
    kept = factories.CallbackRequestFactory(claimed_by=mine, claimed_at=NOW)
    factories.CallbackRequestFactory()
    assert CallbackRequest.objects.open().claimed_by(mine).get() == kept
    assert CallbackRequest.objects.open().count() == 2


def test_nobody_is_to_be_called_now_where_it_is_night():
    by_day = factories.CallbackRequestFactory(time_zone="America/New_York")
    factories.CallbackRequestFactory(time_zone="Asia/Tokyo")
    assert list(CallbackRequest.objects.open().due(NOW)) == [by_day]
