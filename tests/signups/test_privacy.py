"""Taking everything along, and having it erased."""

import datetime as dt
import json

import pytest

from signups.actions import calls, privacy
from signups.encryption import EncryptedTextField
from signups.models import Lead, Suppression, Trial
from signups.states import ActorKind
from tests.factories import LeadFactory, MessageFactory, TrialFactory

from .conftest import NOW

pytestmark = pytest.mark.django_db


def test_every_table_about_a_person_says_what_is_personal():
    """Free text is always personal, and so is what the tables of people hold."""
    tables = [Lead, *privacy.tables()]
    for model in tables:
        free = {field.name for field in model._meta.fields if isinstance(field, EncryptedTextField)}
        assert free <= set(model.PERSONAL), model
        assert set(model.PERSONAL) <= {field.name for field in model._meta.fields}, model


def test_nothing_personal_is_left_of_an_erased_lead():
    lead = LeadFactory(phone="212 555 0123", heard_from="from Kim", state="TX")
    message = MessageFactory(lead=lead, text="Hello Jo")
    privacy.erase(lead, by=ActorKind.PATIENT, now=NOW)
    lead.refresh_from_db()
    message.refresh_from_db()
    assert {name: getattr(lead, name) for name in Lead.PERSONAL} == Lead.PERSONAL
    assert (lead.status, message.to, message.text, message.status) == ("erased", "", "", "withdrawn")
    assert [event.verb for event in lead.events.all()] == ["erased"]


def test_erasing_again_changes_nothing():
    lead = TrialFactory(requested_at=NOW).lead
    for _ in range(2):
        privacy.erase(lead, by=ActorKind.PATIENT, now=NOW)
    assert (lead.events.count(), Suppression.objects.count()) == (1, 1)
    assert Trial.objects.open().count() == 0


def test_suppression_outlives_the_key_it_was_made_with(settings):
    privacy.erase(LeadFactory(email="jo@example.com"), by=ActorKind.PATIENT, now=NOW)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 10
    assert [Suppression.objects.of(email).count() for email in ("JO@example.com", "j@example.com")] == [1, 0]


def test_export_holds_every_table_and_no_private_link():
    lead = TrialFactory(lead__heard_from="from Kim", requested_at=NOW).lead
    MessageFactory(lead=lead, text="Open http://127.0.0.1:8000/my/abc:def/")
    held = privacy.export(lead)
    assert set(held) == {"lead", *(str(model._meta.verbose_name_plural) for model in privacy.tables())}
    assert held["lead"]["how they heard of us"] == "from Kim"
    assert held["messages"][0]["text"] == "Open http://127.0.0.1:8000/my/…/"
    assert json.loads(json.dumps(held)) == held


def test_no_call_is_booked_for_who_was_erased_this_very_moment(clinic):
    lead = LeadFactory()
    privacy.erase(lead, by=ActorKind.PATIENT, now=NOW)
    with pytest.raises(calls.NotActive):
        calls.book(lead=lead, start=NOW + dt.timedelta(days=1), by=ActorKind.PATIENT, now=NOW)
    assert not lead.calls.exists()
