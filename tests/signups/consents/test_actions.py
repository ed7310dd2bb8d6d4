"""Agreeing and taking back: the latest word holds."""

import datetime as dt

import pytest

from signups.audit.choices import ActorKind
from signups.consents.actions import grant_consent, revoke_consent
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.contact_policy import may_call
from signups.consents.models import Consent
from signups.consents.policy import agrees_to
from signups.leads.models import Lead
from tests.factories.leads import LeadFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db

PATIENT = {"channel": ConsentChannel.PAGE, "by": ActorKind.PATIENT}
NIGHT = dt.datetime(2026, 11, 21, 2, 0, tzinfo=dt.UTC)  # 9 p.m. in New York


@pytest.fixture
def lead(clinic):
    return LeadFactory(phone="212 555 0123", phone_e164="+12125550123")


def test_latest_word_holds(lead):
    said = []
    for word in (grant_consent, revoke_consent, grant_consent):
        word(lead, ConsentPurpose.CALLS, **PATIENT, now=NOW)
        said.append(agrees_to(lead, ConsentPurpose.CALLS))
    assert said == [True, False, True]
    assert [event.action for event in lead.events.order_by("pk")] == [
        "consent_granted",
        "consent_revoked",
        "consent_granted",
    ]


def test_saying_it_again_adds_nothing(lead):
    for word in (revoke_consent, grant_consent, grant_consent):
        word(lead, ConsentPurpose.NEWS, **PATIENT, now=NOW)
    assert (Consent.objects.count(), lead.events.count()) == (1, 1)


def test_new_words_are_agreed_to_anew(lead):
    from tests.factories.content import LegalTextFactory

    grant_consent(lead, ConsentPurpose.NEWS, **PATIENT, now=NOW)
    LegalTextFactory(kind="news", version="2026-12", effective_from=NOW.date(), body="Other words.")
    grant_consent(lead, ConsentPurpose.NEWS, **PATIENT, now=NOW)
    assert [(row.text.version, row.granted) for row in Consent.objects.order_by("pk")] == [
        ("2026-11", True),
        ("2026-12", True),
    ]
    assert [row.text.version for row in Consent.objects.in_force()] == ["2026-12"]


def test_one_purpose_is_not_another_and_one_person_not_another(lead):
    other = LeadFactory()
    grant_consent(lead, ConsentPurpose.CALLS, **PATIENT, now=NOW)
    grant_consent(other, ConsentPurpose.TEXTS, **PATIENT, now=NOW)
    agreed = Consent.objects.in_force().filter(text__purpose=ConsentPurpose.CALLS)
    assert list(Lead.objects.filter(consents__in=agreed)) == [lead]
    assert (agrees_to(lead, ConsentPurpose.TEXTS), agrees_to(other, ConsentPurpose.CALLS)) == (False, False)


def test_only_who_agreed_is_called_and_only_by_day(lead):
    assert may_call(lead, NOW).allowed is False
    grant_consent(lead, ConsentPurpose.CALLS, **PATIENT, now=NOW)
    just_before_nine = NIGHT - dt.timedelta(seconds=1)
    assert [may_call(lead, at).allowed for at in (NOW, just_before_nine, NIGHT)] == [True, True, False]
    lead.phone_e164 = ""
    assert may_call(lead, NOW).allowed is False
