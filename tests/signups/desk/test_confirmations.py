"""What tells a person something, or ends something, asks first and says what; a conversion can be undone unseen."""

import datetime as dt
import uuid

import pytest

from clinic import roles
from signups.assignment.actions import assign_unassigned
from signups.leads.actions import assign_lead
from signups.leads.models import Lead
from signups.messages import delivery
from signups.messages.models import OutboxMessage
from tests.factories import callbacks, calls, hosts, leads, trials, users
from tests.signups.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
HOUR = dt.timedelta(hours=1)


def qualified(user):
    lead = leads.LeadFactory(owner=user, status="qualified", name="Jo Miller")
    trials.TrialFactory(lead=lead, requested_at=NOW - HOUR, started_at=NOW - HOUR)
    return lead


def address(lead, deed):
    return f"/admin/signups/lead/{lead.pk}/{deed}/"


def deliver(moment):
    while delivery.deliver_due(lambda: moment):
        pass


def test_converting_asks_first_naming_the_person_and_what_is_sent(client, user):
    lead = qualified(user)
    calls.OnboardingCallFactory(lead=lead)
    page = client.post(address(lead, "convert")).content.decode()
    assert "Convert Jo Miller to patient?" in page
    assert f"goes to {lead.email} in one hour" in page
    assert "Still open: onboarding call on" in page
    assert "Convert, and end what is open" in page
    lead.refresh_from_db()
    assert (lead.status, lead.trials.get().converted_at) == ("qualified", None)


def test_a_conversion_undone_within_the_hour_was_never_told_to_anybody(client, user, mailoutbox, time_machine):
    lead = qualified(user)
    for _ in range(2):  # also the second time
        client.post(address(lead, "convert"), {"confirmed": "1"})
        deliver(NOW + 59 * HOUR / 60)
        assert "/convert/undo/" in client.get(address(lead, "change")).content.decode()
        assert client.post(address(lead, "convert/undo")).status_code == 303
        lead.refresh_from_db()
        assert (lead.status, lead.trials.get().converted_at) == ("qualified", None)
        time_machine.shift(1)
    deliver(NOW + 3 * HOUR)
    assert [mail.subject for mail in mailoutbox] == []


def test_a_conversion_that_stands_is_told_after_an_hour_and_cannot_be_undone(client, user, mailoutbox, time_machine):
    lead = qualified(user)
    client.post(address(lead, "convert"), {"confirmed": "1"})
    deliver(NOW + HOUR)
    assert OutboxMessage.objects.get(kind="converted").status == "sent"
    time_machine.move_to(NOW + HOUR, tick=False)
    client.force_login(user)
    assert client.post(address(lead, "convert/undo")).status_code == 409


@pytest.mark.parametrize("outcome", ["wrong_number", "declined", "do_not_call"])
def test_an_outcome_that_ends_a_callback_asks_first_and_keeps_the_note(client, user, outcome):
    request = callbacks.CallbackRequestFactory(lead__name="Jo Miller")
    page = f"/admin/signups/callbackrequest/{request.public_id}/attempt/"
    sent = {"outcome": outcome, "number": 1, "form_key": uuid.uuid4(), "note": "Was friendly.", "view": "due"}
    asked = client.post(page, sent).content.decode()
    assert "The callback of Jo Miller is closed" in asked
    assert 'name="note" value="Was friendly."' in asked
    assert request.attempts.count() == 0
    done = client.post(page, {**sent, "confirmed": "1"})
    assert done["Location"] == "/admin/signups/callbackrequest/?view=due"
    assert (request.attempts.count(), request.lead.notes.count()) == (1, 1)


def test_canceling_a_call_asks_first(client, user):
    call = calls.OnboardingCallFactory(lead__name="Jo Miller", lead__email="", lead__email_key="")
    page = f"/admin/signups/onboardingcall/{call.public_id}/cancel/"
    asked = client.post(page).content.decode()
    assert "Cancel the call with Jo Miller?" in asked
    assert "Jo Miller has no email address: tell them yourself." in asked
    call.refresh_from_db()
    assert call.status == "booked"
    assert client.post(page, {"confirmed": "1"}).status_code == 303
    assert not OutboxMessage.objects.filter(kind="call_cancelled").exists()


def host(first_name):
    made = hosts.HostFactory(user__first_name=first_name)
    hosts.AvailabilityRuleFactory(host=made, weekday=0, start=9 * 60, end=17 * 60)
    return made


def test_a_drop_in_the_column_of_another_host_gives_them_the_call_and_asks_first(client, user):
    ana, ruth = host("Ana"), host("Ruth")
    monday = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
    call = calls.OnboardingCallFactory(host=ana, starts_at=monday, lead__name="Jo Miller")
    page = f"/admin/signups/onboardingcall/{call.public_id}/move/"
    drop = {"start": (monday + 2 * HOUR).isoformat(), "host": ruth.public_id, "dropped": "1"}
    assert client.post(page, drop).status_code == 409  # only the Head gives a call away
    client.force_login(users.UserFactory(role=roles.HEAD))
    asked = client.post(page, drop)
    assert (asked.status_code, "Reschedule the call with Jo Miller?" in asked.content.decode()) == (200, True)
    assert "with Ruth" in asked.content.decode()
    call.refresh_from_db()
    assert (call.host, call.starts_at, OutboxMessage.objects.count()) == (ana, monday, 0)
    assert client.post(page, {**drop, "confirmed": "1"}).status_code == 303
    call.refresh_from_db()
    assert (call.host, call.starts_at) == (ruth, monday + 2 * HOUR)


def test_a_drop_where_only_another_host_is_free_says_whose_it_becomes_and_one_where_nobody_is_asks_nothing(
    client, user
):
    ana, ruth = host("Ana"), host("Ruth")
    monday = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
    calls.OnboardingCallFactory(host=ana, starts_at=monday + 2 * HOUR)
    call = calls.OnboardingCallFactory(host=ana, starts_at=monday, lead__name="Jo Miller")
    page = f"/admin/signups/onboardingcall/{call.public_id}/move/"
    drop = {"start": (monday + 2 * HOUR).isoformat(), "dropped": "1"}
    asked = client.post(page, drop).content.decode()
    assert ("12:00 PM with Ruth" in asked, "Ana and Ruth are notified too." in asked) == (True, True)
    said = client.post(page, {**drop, "confirmed": "1"}, follow=True).content.decode()
    call.refresh_from_db()
    assert (call.host, "Call rescheduled, now with Ruth." in said) == (ruth, True)
    for nowhere in (NOW - HOUR, monday + 12 * HOUR):
        refused = client.post(page, {"start": nowhere.isoformat(), "dropped": "1"})
        assert (refused.status_code, "Reschedule the call with" in refused.content.decode()) == (409, False)


@pytest.mark.parametrize("why", ["no address", "mail came back"])
def test_nobody_is_said_to_be_told_whom_nothing_reaches(client, user, why):
    """Before and after: booking, moving, canceling, converting, outcomes, withdrawn consent."""
    reach = {"email": "", "email_key": ""} if why == "no address" else {"email_bounced_at": NOW}
    lead = leads.LeadFactory(owner=user, status="qualified", name="Jo Miller", **reach)
    trials.TrialFactory(lead=lead, requested_at=NOW - HOUR, started_at=NOW - HOUR)
    ana = host("Ana")
    monday = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
    booked = client.post(address(lead, "book"), {"start": monday.isoformat()}, follow=True).content.decode()
    assert "Call booked. Jo Miller was not notified" in booked
    call = f"/admin/signups/onboardingcall/{lead.calls.get().public_id}"
    drop = {"start": (monday + 2 * HOUR).isoformat(), "dropped": "1", "host": ana.public_id}
    no_calls = {"purpose": "calls", "agrees": "no", "channel": "phone"}
    told = "Jo Miller has no email address" if why == "no address" else "The email address of Jo Miller doesn’t work"
    for page, sent in (
        (f"{call}/move/", drop),
        (f"{call}/cancel/", {}),
        (address(lead, "convert"), {}),
        (address(lead, "consent"), no_calls),
        (address(lead, "log-outreach"), {"outcome": "do_not_call"}),
    ):
        asked = client.post(page, sent).content.decode()
        assert f"{told}: tell them yourself." in asked, page
        assert "Jo Miller and" not in asked
        assert lead.email == "" or lead.email not in asked
    wrong = client.post(address(lead, "log-outreach"), {"outcome": "wrong_number"}).content.decode()
    assert "is canceled: there is no other number, and no email address to ask" in wrong
    for moved, said in ((f"{call}/move/", "Call rescheduled."), (f"{call}/cancel/", "Call canceled.")):
        done = client.post(moved, {**drop, "confirmed": "1"}, follow=True).content.decode()
        assert f"{said} Jo Miller was not notified" in done


def test_what_ends_with_a_call_or_a_trial_is_not_called_open_and_what_is_told_at_once_is_named(client, user):
    lead = qualified(user)
    ana = host("Ana")
    monday = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
    client.post(address(lead, "book"), {"start": monday.isoformat()})
    call = lead.calls.get()
    asked = client.post(f"/admin/signups/onboardingcall/{call.public_id}/cancel/").content.decode()
    assert ("free trial: day 1" in asked, "reminder of the call" in asked) == (True, False)
    type(call).objects.update(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR, blocked_from=NOW, blocked_to=NOW + 3 * HOUR)
    asked = client.post(address(lead, "convert")).content.decode()
    assert f"with {ana} is told at once, because it begins so soon" in asked


def test_unassigned_stays_unassigned_until_somebody_says_otherwise(client, user):
    lead = leads.LeadFactory(owner=user)
    assign_lead(lead=lead, to=None, by=user, now=NOW)
    assert assign_unassigned(lambda: NOW) == 0
    assign_lead(lead=Lead.objects.get(), to=user, by=user, now=NOW)
    assert Lead.objects.get().owner == user


def test_bulk_assignment_preselects_nobody(client, user):
    lead = leads.LeadFactory(owner=user)
    page = "/admin/signups/lead/bulk/assign/"
    assert '<option value="" selected>Choose an owner</option>' in client.post(page, {"pk": lead.pk}).content.decode()
    chosen = {"chosen": f"{lead.pk}:new"}
    assert client.post(page, {**chosen, "owner": ""}).status_code == 422
    client.post(page, {**chosen, "owner": "none"})
    assert Lead.objects.values_list("owner", "kept_unassigned").get() == (None, True)
