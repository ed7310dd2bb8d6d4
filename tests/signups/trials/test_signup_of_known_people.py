"""Somebody whom staff knew from a list signs up: their own words count from the confirmation on."""

import pytest

from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.consents.choices import ConsentPurpose
from signups.consents.policy import agrees_to
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.trials.actions import confirm_email
from signups.trials.models import Trial
from tests.factories.leads import LeadFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
WORDS = {
    "preferred_channel": "call", "phone": "(808) 555-0123 x4", "state": "HI", "time_zone": "Pacific/Honolulu",
    "calls": "on",
}  # fmt: skip


@pytest.fixture
def known(clinic):
    lead = LeadFactory(
        name="Haw Person",
        email="jo@example.com",
        phone="",
        state="",
        time_zone="America/New_York",
        zone_is_guessed=True,
    )
    record_event(lead, AuditAction.IMPORTED, by=ActorKind.SYSTEM, now=NOW)
    return lead


def facts(lead):
    lead.refresh_from_db()
    return (
        lead.preferred_channel,
        lead.phone_e164,
        lead.phone_extension,
        lead.state,
        lead.time_zone,
        lead.zone_is_guessed,
    )


BEFORE = ("email", "", "", "", "America/New_York", True)
AFTER = ("call", "+18085550123", "4", "HI", "Pacific/Honolulu", False)


def test_form_counts_from_the_confirmation_on(known, post_start):
    post_start(**WORDS)
    assert facts(known) == BEFORE
    assert not agrees_to(known, ConsentPurpose.CALLS)
    confirm_email(known, now=NOW)
    assert facts(known) == AFTER
    assert agrees_to(known, ConsentPurpose.CALLS)
    assert (known.name, Trial.objects.get().form) == ("Haw Person", None)


def test_page_to_confirm_shows_what_the_form_says(known, post_start, client):
    post_start(**WORDS)
    known.refresh_from_db()
    page = client.get("/confirm/" + lead_links.confirmation_url(known).split("/confirm/")[1]).content.decode()
    assert ("(808) 555-0123" in page, "Phone calls" in page) == (True, True)


@pytest.mark.parametrize(("channel", "lifted"), [("call", "do_not_call_at"), ("text", "no_texts_at")])
def test_opt_outs_of_a_list_end_with_what_the_confirmed_form_agrees_to(known, post_start, channel, lifted):
    Lead.objects.update(**{lifted: NOW})
    post_start(**WORDS | {"preferred_channel": channel, "texts": "on"})
    known.refresh_from_db()
    assert getattr(known, lifted)
    confirm_email(known, now=NOW)
    known.refresh_from_db()
    assert getattr(known, lifted) is None


def test_last_form_counts(known, post_start):
    post_start(**WORDS)
    post_start(**WORDS | {"phone": "(808) 555-0199"})
    confirm_email(known, now=NOW)
    known.refresh_from_db()
    assert known.phone_e164 == "+18085550199"


def test_what_staff_know_stays_where_the_form_is_silent(known, post_start):
    Lead.objects.update(
        phone="(212) 555-0100", phone_e164="+12125550100", time_zone="America/Chicago", zone_is_guessed=False
    )
    post_start(time_zone="", state="TX")
    confirm_email(known, now=NOW)
    known.refresh_from_db()
    assert (known.phone_e164, known.time_zone, known.preferred_channel) == ("+12125550100", "America/Chicago", "email")


def test_form_of_somebody_confirmed_changes_nothing(known, post_start):
    post_start()
    confirm_email(known, now=NOW)
    before = facts(known)
    post_start(**WORDS)
    assert (facts(known), Trial.objects.get().form) == (before, None)
