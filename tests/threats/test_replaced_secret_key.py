"""Replacing SECRET_KEY after a theft, without fallbacks, forgets nobody who was erased and kills no opt-out link."""

import io

import pytest
from django.core.management import call_command
from django.test import Client

from signups.audit.choices import ActorKind
from signups.consents.suppression_models import Suppression
from signups.leads import links as lead_links
from signups.privacy import erasure
from tests.factories import leads
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
ANN, NUMBER = "ann@example.com", "+12125550123"


@pytest.fixture
def replaced(settings):
    """replaced(): as after a theft."""

    def replaced():
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 6, []

    return replaced


def test_who_was_erased_stays_suppressed(clinic, replaced):
    lead = leads.LeadFactory(email=ANN, phone_e164=NUMBER)
    erasure.erase_lead(lead, by=ActorKind.PATIENT, now=NOW)
    replaced()
    assert Suppression.objects.among([ANN, "An.N+x@example.com", NUMBER, "bob@example.com"]) >= {ANN, NUMBER}
    assert Suppression.objects.of(ANN).exists()
    assert Suppression.objects.of(NUMBER).exists()
    assert not Suppression.objects.of("bob@example.com").exists()


def test_opt_out_link_of_a_sent_message_works(clinic, client, settings, replaced):
    lead = leads.LeadFactory(email=ANN)
    stop, my = (
        link(lead).removeprefix(settings.SITE_URL) for link in (lead_links.unsubscribe_url, lead_links.portal_url)
    )
    replaced()
    assert Client().get(stop).status_code == 200
    assert client.post(stop).status_code in (200, 302, 303)
    lead.refresh_from_db()
    assert lead.unsubscribed_at
    assert client.get(my).status_code == 404


def test_privacy_keys_are_rotated_by_a_command(clinic, settings):
    known, gone = leads.LeadFactory(email=ANN), leads.LeadFactory(email="bob@example.com")
    stop = lead_links.unsubscribe_url(known).removeprefix(settings.SITE_URL)
    erasure.erase_lead(gone, by=ActorKind.PATIENT, now=NOW)
    erasure.erase_lead(leads.LeadFactory(email="a.nn@example.com"), by=ActorKind.PATIENT, now=NOW)
    settings.PRIVACY_KEYS = ["a newer key of forty characters or more..", *settings.PRIVACY_KEYS]
    call_command("rotate_encryption_keys", stdout=(out := io.StringIO()))
    former = Suppression.objects.under_former_keys().count()
    assert f"{former} need former PRIVACY_KEYS" in out.getvalue()
    assert Suppression.objects.of("bob@example.com").exists()
    assert Client().get(stop).status_code == 200


def test_a_privacy_key_says_nothing_to_who_has_the_database_and_the_secret_key(clinic, settings):
    erasure.erase_lead(leads.LeadFactory(email=ANN), by=ActorKind.PATIENT, now=NOW)
    settings.PRIVACY_KEYS = ["a guessed key of forty characters or more"]
    assert not Suppression.objects.of(ANN).exists()
