"""The lead's page offers nothing that it refuses, and refuses nothing that it offers."""

import datetime as dt
import re

import pytest

from clinic import roles
from signups.leads.models import Lead
from signups.leads.note_models import Note
from tests.factories import calls, consents, followups, hosts, leads, messages, trials, users
from tests.signups.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
HOUR = dt.timedelta(hours=1)


def page(client, lead):
    return client.get(f"/admin/signups/lead/{lead.pk}/change/").content.decode()


def offered(html):
    """The addresses that the forms and buttons of the page lead to."""
    return set(re.findall(r'(?:action|class="button[^"]*" href)="(/admin/signups/[^"?]+)"', html))


def somebody_elses(**fields):
    return leads.LeadFactory(owner=users.UserFactory(role=roles.COORDINATOR), **fields)


@pytest.mark.parametrize("status", ["merged", "erased", "removed"])
def test_nothing_is_offered_for_who_is_gone_but_the_refund_that_is_owed(client, user, status):
    client.force_login(users.UserFactory(role=roles.HEAD))
    lead = leads.LeadFactory(status=status)
    calls.OnboardingCallFactory(lead=lead, status="cancelled", changed_at=NOW)
    html = page(client, lead)
    assert {address for address in offered(html) if f"/lead/{lead.pk}/" in address} == set()
    assert ": nothing more can be done here." in html
    started = {"requested_at": NOW - 9 * HOUR, "started_at": NOW - 9 * HOUR, "converted_at": NOW - 3 * HOUR}
    trials.TrialFactory(lead=lead, refund_requested_at=NOW - HOUR, **started)
    owed = f"/admin/signups/lead/{lead.pk}/mark-refunded/"
    assert {owed} == {address for address in offered(page(client, lead)) if f"/lead/{lead.pk}/" in address}
    assert client.post(owed).status_code == 303
    assert f"{owed}undo/" in offered(page(client, lead))


def test_only_follow_ups_that_one_may_change_have_buttons(client, user):
    lead = somebody_elses()
    calls.OnboardingCallFactory(lead=lead, host=hosts.HostFactory(user=user))
    theirs, mine = (followups.FollowUpFactory(lead=lead, owner=owner) for owner in (lead.owner, user))
    html = page(client, lead)
    for each, is_mine in ((theirs, False), (mine, True)):
        done = f"/admin/signups/lead/{lead.pk}/follow-up/{each.public_id}/done/"
        assert (done in offered(html)) == is_mine
        assert client.post(done).status_code == (303 if is_mine else 409)


def test_newsletters_are_offered_to_those_alone_who_agreed(client, user):
    lead = leads.LeadFactory(owner=user)
    trials.TrialFactory(lead=lead, requested_at=NOW - HOUR, started_at=NOW - HOUR)
    news = messages.EmailTemplateFactory(purpose="marketing", name="Monthly news")
    assert "Monthly news" not in page(client, lead)
    consents.ConsentFactory(lead=lead, text__purpose="news", created_at=NOW - HOUR)
    assert "Monthly news" in page(client, lead)
    preview = client.get(f"/admin/signups/lead/{lead.pk}/mail/?template={news.pk}").content.decode()
    assert "This can’t be sent" not in preview


def test_a_canceled_call_of_somebody_who_wants_no_calls_is_not_offered_back(client, user):
    lead = leads.LeadFactory(owner=user)
    call = calls.OnboardingCallFactory(lead=lead, created_at=NOW - HOUR, starts_at=NOW + 30 * HOUR)
    undo = f"/admin/signups/onboardingcall/{call.public_id}/cancel/undo/"
    client.post(f"/admin/signups/onboardingcall/{call.public_id}/cancel/", {"confirmed": "1"})
    assert undo in offered(page(client, lead))
    said = {"purpose": "calls", "agrees": "no", "channel": "phone", "confirmed": "1"}
    client.post(f"/admin/signups/lead/{lead.pk}/consent/", said)
    assert undo not in offered(page(client, lead))
    assert client.post(undo).status_code == 409


def test_who_may_log_a_calls_outcome_may_write_the_note_with_it_and_another_that_day(client, user, time_machine):
    lead = somebody_elses()
    call = calls.OnboardingCallFactory(lead=lead, starts_at=NOW - HOUR)
    note = f"/admin/signups/lead/{lead.pk}/note/"
    assert client.post(note, {"text": "Before."}).status_code == 403
    logged = client.post(f"/admin/signups/onboardingcall/{call.public_id}/complete/", {"note": "Has a dog."})
    assert (logged.status_code, Lead.objects.get(pk=lead.pk).status) == (303, "contacted")
    assert client.post(note, {"text": "And a cat.", "form_key": call.public_id}).status_code == 303
    assert [each.text for each in Note.objects.order_by("pk")] == ["Has a dog.", "And a cat."]
    time_machine.move_to(NOW + 24 * HOUR, tick=False)
    client.force_login(user)
    assert client.post(note, {"text": "The day after."}).status_code == 403
