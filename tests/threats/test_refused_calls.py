"""Whoever asked not to be called is not called because a stranger typed their number: staff read it first."""

import datetime as dt

import pytest

from clinic import roles
from signups.audit.choices import ActorKind
from signups.callbacks.models import CallbackRequest
from signups.consents.actions import revoke_consent
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.privacy.erasure import erase_lead
from tests.factories import users
from tests.factories.leads import LeadFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
NUMBER = {"phone": "(212) 555-0123", "phone_e164": "+12125550123"}


def refuse(lead):
    when = NOW - dt.timedelta(days=40)
    revoke_consent(lead, ConsentPurpose.CALLS, channel=ConsentChannel.PHONE, by=ActorKind.PATIENT, now=when)


def erase(lead):
    erase_lead(lead, by=ActorKind.PATIENT, now=NOW - dt.timedelta(days=40))


@pytest.fixture
def page(client):
    client.force_login(users.UserFactory(role=roles.COORDINATOR))
    return lambda: client.get(
        f"/admin/signups/callbackrequest/{CallbackRequest.objects.get().public_id}/"
    ).content.decode()


@pytest.mark.parametrize("name", ["Jo Miller", "Somebody Else"])
@pytest.mark.parametrize(
    ("before", "said"), [(refuse, "asked not to be called (Sunday, October 11, 2026"), (erase, "whose data was erased")]
)
def test_an_earlier_no_is_on_the_calls_page(send, page, before, said, name):
    before(LeadFactory(name="Jo Miller", **NUMBER))
    assert send("/callback/", name=name).status_code == 303
    assert said in page()


def test_a_number_that_nobody_refused_has_no_warning(send, page):
    LeadFactory(name="Ann", phone_e164="+12125550199")
    send("/callback/")
    assert "asked not to be called" not in page()
