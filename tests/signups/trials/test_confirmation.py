"""Confirming the address: who may, when, and what starts."""

import datetime as dt
import re

import pytest

from signups.audit.choices import ActorKind
from signups.audit.models import AuditEvent
from signups.leads import links as lead_links
from signups.leads.choices import LeadStatus
from signups.messages import kinds, outbox
from signups.messages.models import OutboxMessage
from signups.trials.actions import cancel_trial
from signups.trials.models import Trial
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(clinic, time_machine):
    time_machine.move_to(NOW, tick=False)
    return TrialFactory(lead__time_zone="America/Los_Angeles", requested_at=NOW).lead


@pytest.fixture
def path(lead, settings):
    return lead_links.confirmation_url(lead).removeprefix(settings.SITE_URL)


def test_opening_the_link_starts_nothing(client, path):
    for method in (client.get, client.head):
        assert method(path).status_code == 200
    assert (Trial.objects.get().started_at, AuditEvent.objects.count(), OutboxMessage.objects.count()) == (None, 0, 0)


def test_email_names_the_button_of_the_page_it_leads_to(client, path, lead, settings):
    [button] = re.findall(
        r'<button class="button" type="submit">(Confirm[^<]+)</button>', client.get(path).content.decode()
    )
    trial = Trial.objects.get()
    email = outbox.render(kinds.get("confirm_trial"), lead, {"trial": trial, "link": settings.SITE_URL + path})
    assert all(f"select “{button}.”" in body for body in (email.text, email.html))


def test_pressing_the_button_starts_the_free_days(client, path, lead):
    page = client.post(path)
    assert Trial.objects.get().started_at == NOW
    # Seven times 24 hours after 7:00 in Los Angeles, the person's own zone.
    assert "Friday, November 27, 2026, 7:00 AM Pacific Time" in page.content.decode()
    assert "Have us call you</a>" in page.content.decode()
    assert "the link to your private page." in page.content.decode()
    assert "Start free" not in page.content.decode()
    assert [event.action for event in lead.events.order_by("id")] == ["confirmed", "trial_started"]
    assert sorted((message.kind, message.send_at) for message in lead.messages.all()) == [
        ("trial_ended", NOW + dt.timedelta(days=7)),
        ("trial_ending", NOW + dt.timedelta(days=6)),
        ("trial_started", NOW),
    ]


def test_pressing_it_again_changes_nothing(client, path, time_machine):
    client.post(path)
    time_machine.shift(dt.timedelta(hours=1))
    assert client.post(path).status_code == 200
    assert (Trial.objects.get().started_at, AuditEvent.objects.count(), OutboxMessage.objects.count()) == (NOW, 2, 3)


def test_used_link_says_so_and_shows_nothing(client, path, lead, time_machine):
    client.post(path)
    page = client.get(path)
    assert (page.status_code, "You’ve already used this link" in page.content.decode()) == (410, True)
    time_machine.shift(dt.timedelta(days=1, hours=20))
    assert client.get(path).status_code == 410


def test_terms_are_those_of_the_day_it_was_asked_for(client, path, clinic):
    clinic.trial_days = 14
    clinic.save()
    assert "Your 7-day free trial starts" in client.get(path).content.decode()
    client.post(path + "again/")
    assert OutboxMessage.objects.get().subject == "Confirm your email to start your 7-day free trial"


def test_link_needs_no_cookie_and_is_told_to_nobody(client, path):
    response = client.get(path)
    assert (response.cookies, response["Referrer-Policy"]) == ({}, "no-referrer")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("hours", [48.1, 1000])
def test_old_link_offers_a_new_one_and_shows_nothing(client, path, lead, time_machine, hours):
    time_machine.shift(dt.timedelta(hours=hours))
    page = client.post(path)
    assert (page.status_code, Trial.objects.get().started_at) == (410, None)
    assert lead.name not in page.content.decode()
    assert client.post(path + "again/").status_code == 303
    message = OutboxMessage.objects.get()
    assert (message.kind, message.to) == ("confirm_trial", lead.email)


def test_link_works_to_its_last_hour(client, path, time_machine):
    time_machine.shift(dt.timedelta(hours=47.9))
    assert client.post(path).status_code == 200


def test_newer_link_supersedes_the_older(client, path, lead, settings):
    client.post(path + "again/")
    lead.refresh_from_db()
    newer = lead_links.confirmation_url(lead).removeprefix(settings.SITE_URL)
    assert newer in OutboxMessage.objects.get().text
    assert (client.get(path).status_code, client.get(newer).status_code) == (410, 200)


def test_asking_for_links_does_not_flood_a_mailbox(client, path):
    for _ in range(10):
        client.post(path + "again/")
    assert OutboxMessage.objects.count() == 3


def test_running_trial_is_told_instead_of_confirmed_again(client, path):
    client.post(path)
    client.post(path + "again/")
    kinds = ["trial_ended", "trial_ending", "trial_exists", "trial_started"]
    assert sorted(OutboxMessage.objects.values_list("kind", flat=True)) == kinds


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"), lambda t: "x" + t, lambda t: "nothing"]
)
def test_altered_link_is_the_same_404_as_any_unknown_address(client, path, change):
    token = path.split("/")[2]
    altered, unknown = client.get(f"/confirm/{change(token)}/"), client.get("/confirm/unknown/")
    assert (altered.status_code, altered.content) == (404, unknown.content)


def test_token_for_something_else_is_unknown(lead, client):
    from django.core import signing

    token = signing.dumps([lead.public_id.hex, lead.portal_token_version], salt="signups.leads.links.other")
    assert client.get(f"/confirm/{token}/").status_code == 404


@pytest.mark.parametrize("status", [LeadStatus.MERGED, LeadStatus.ERASED])
def test_link_of_somebody_gone_is_unknown(client, path, lead, status):
    type(lead).objects.update(status=status)
    assert client.get(path).status_code == 404


def test_cancelled_trial_does_not_start(client, path):
    Trial.objects.update(cancelled_at=NOW)
    assert client.post(path).status_code == 410


def test_link_says_nothing_about_its_person(path):
    lead = LeadFactory.build()
    assert not any(word in path for word in (lead.name, lead.email, "@"))


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(client, path, method):
    assert getattr(client, method)(path).status_code == 405


def test_link_of_a_cancelled_trial_is_a_used_one_and_another_goes_to_their_page(client, path, lead):
    client.post(path)
    cancel_trial(lead.current_trial(), by=ActorKind.PATIENT, now=NOW)
    for method in (client.get, client.post):
        assert (method(path).status_code, "already used this link" in method(path).content.decode()) == (410, True)
    assert client.post(f"{path}again/").status_code == 303
    assert lead.messages.filter(kind="my_link").count() == 1
    assert not lead.messages.filter(kind="trial_exists").exists()
