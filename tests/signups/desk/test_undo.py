"""For one hour a canceled call, an outcome that ended something and a bulk assignment are taken back unseen."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from clinic import roles
from signups.callbacks.outcome_undo import undo_outcome
from signups.calls.actions import book_call, cancel_call
from signups.consents.actions import revoke_consent
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.contact_policy import may_call
from signups.leads.choices import OpenWork
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.messages import delivery
from signups.messages.models import OutboxMessage
from signups.trials import emails
from tests.factories import callbacks, calls, consents, followups, hosts, leads, trials, users
from tests.signups.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
LIST = "/admin/signups/lead/"
YES = {"confirmed": "1"}


@pytest.fixture
def host(clinic):
    made = hosts.HostFactory(user__first_name="Ana")
    for weekday in range(7):
        hosts.AvailabilityRuleFactory(host=made, weekday=weekday, start=0, end=24 * 60)
    return made


@pytest.fixture
def lead(user):
    return leads.LeadFactory(name="Jo Miller", owner=user, phone="212 555 0123", phone_e164="+12125550123")


def deliver(moment):
    while delivery.deliver_due(lambda: moment):
        pass


def book(lead, host, hours, now=NOW - MINUTE):
    return book_call(lead=lead, start=NOW + hours * HOUR, by=host.user, now=now)


def test_a_canceled_call_is_taken_back_and_nobody_was_told(client, lead, host, mailoutbox, time_machine):
    call = book(lead, host, hours=25)
    deliver(NOW)
    told = len(mailoutbox)
    page = f"/admin/signups/onboardingcall/{call.public_id}/"
    assert "You can undo this until 11:00 AM" in client.post(f"{page}cancel/").content.decode()
    for _ in range(2):  # also the second time
        said = client.post(f"{page}cancel/", YES, follow=True).content.decode()
        assert "Jo Miller is notified by email at 11:0" in said
        deliver(NOW + 59 * MINUTE)
        assert "Undo: keep the call" in client.get(page).content.decode()
        assert "Undo: keep the call" in client.get(f"{LIST}{lead.pk}/change/").content.decode()
        assert client.post(f"{page}cancel/undo/").status_code == 303
        call.refresh_from_db()
        assert (call.status, call.sequence, len(mailoutbox)) == ("booked", 0, told)
        time_machine.shift(60)
    deliver(NOW + 2 * HOUR)
    deliver(NOW + 24 * HOUR)
    # Also the reminder that fell due while the call was canceled is sent.
    kinds = OutboxMessage.objects.filter(status="sent", host=None).values_list("kind", flat=True)
    assert sorted(kinds) == ["call_booked", "call_day_before", "call_hour_before"]


def test_a_call_stays_canceled_once_somebody_was_told_or_it_cannot_be_as_it_was(client, user, lead, host, mailoutbox):
    soon = calls.OnboardingCallFactory(lead=lead, host=host, starts_at=NOW + HOUR)
    page = f"/admin/signups/onboardingcall/{soon.public_id}/cancel/"
    assert "notified at once, because the call begins so soon" in client.post(page).content.decode()
    client.post(page, YES)
    deliver(NOW)
    assert "canceled" in mailoutbox[-1].subject + mailoutbox[-2].subject
    assert client.post(f"{page}undo/").status_code == 409  # told
    later = book(lead, host, hours=25)
    page = f"/admin/signups/onboardingcall/{later.public_id}/cancel/"
    client.post(page, YES)
    other = book(leads.LeadFactory(phone_e164="+12125550124"), host, hours=25)
    refused = client.post(f"{page}undo/")
    assert (refused.status_code, "already booked" in refused.content.decode()) == (409, True)
    cancel_call(call=other, by=user, now=NOW)
    revoke_consent(lead, ConsentPurpose.CALLS, channel=ConsentChannel.PHONE, by=user, now=NOW)
    assert client.post(f"{page}undo/").status_code == 409  # asked not to be called
    Lead.objects.filter(pk=lead.pk).update(do_not_call_at=None)
    book(lead, host, hours=26, now=NOW)
    waiting = OutboxMessage.objects.filter(call=later, kind="call_cancelled", status="pending")
    assert waiting.get().send_at <= NOW  # a new call is not announced before the old one is off
    assert client.post(f"{page}undo/").status_code == 409


@pytest.mark.parametrize("outcome", ["wrong_number", "declined", "do_not_call"])
def test_an_outcome_is_taken_back_with_all_that_it_ended(client, user, lead, host, mailoutbox, time_machine, outcome):
    trials.TrialFactory(lead=lead, requested_at=NOW - HOUR, started_at=NOW - HOUR)
    consents.ConsentFactory(lead=lead, text__purpose="calls", created_at=NOW - HOUR)
    consents.ConsentFactory(lead=lead, text__purpose="texts", created_at=NOW - HOUR)
    Lead.objects.filter(pk=lead.pk).update(preferred_channel="call")
    call = book(lead, host, hours=25)
    deliver(NOW)
    told = len(mailoutbox)
    request = callbacks.CallbackRequestFactory(lead=lead, phone="212 555 0123", phone_e164="+12125550123")
    before = Lead.objects.values().get(pk=lead.pk)
    in_force = set(lead.consents.in_force().values_list("text__purpose", flat=True))
    page = f"/admin/signups/callbackrequest/{request.public_id}/"
    for number in range(2):  # also the second time
        sent = {"outcome": outcome, "number": 1, "form_key": uuid.uuid4(), "back": "lead"}
        asked = client.post(f"{page}attempt/", sent).content.decode()
        assert f"You can undo this until 11:0{number} AM" in asked
        assert ("is canceled. Jo Miller and the host are notified" in asked) == (outcome == "do_not_call")
        assert "Undo the outcome" in client.post(f"{page}attempt/", {**sent, **YES}, follow=True).content.decode()
        request.refresh_from_db()
        assert request.outcome == outcome
        deliver(NOW + 59 * MINUTE)
        done = client.post(f"{LIST}{lead.pk}/undo-outcome/", follow=True).content.decode()
        assert "Outcome undone." in done
        assert "Undo the outcome" not in done
        assert Lead.objects.values().get(pk=lead.pk) == before
        assert set(lead.consents.in_force().values_list("text__purpose", flat=True)) == in_force
        request.refresh_from_db()
        call.refresh_from_db()
        assert (request.outcome, call.status, may_call(Lead.objects.get(), NOW).allowed) == ("", "booked", True)
        time_machine.shift(60)
    assert "(undone)" in client.get(page).content.decode()
    deliver(NOW + 2 * HOUR)
    assert all(mail.subject.startswith("Reminder: free call") for mail in mailoutbox[told:])
    assert not OutboxMessage.objects.filter(
        kind__in=["callback_unreachable", "call_cancelled", "call_needs_number"], status="sent"
    ).exists()


def test_an_outcome_that_stands_is_told_after_the_hour_and_what_they_said_since_holds(client, user, lead, time_machine):
    consents.ConsentFactory(lead=lead, text__purpose="calls", created_at=NOW - HOUR)
    page = f"{LIST}{lead.pk}/log-outreach/"
    asked = client.post(page, {"outcome": "do_not_call", "note": "Was clear."}).content.decode()
    assert "Do not call: Jo Miller?" in asked
    assert 'name="note" value="Was clear."' in asked
    assert lead.events.filter(action="tried").count() == 0
    client.post(page, {"outcome": "do_not_call", **YES})
    revoke_consent(lead, ConsentPurpose.CALLS, channel=ConsentChannel.EMAIL, by=user, now=NOW + MINUTE)  # they write
    undo_outcome(lead, by=user, now=NOW + 2 * MINUTE)
    assert not may_call(Lead.objects.get(), NOW).allowed
    request = callbacks.CallbackRequestFactory(lead=lead, created_at=NOW + 2 * MINUTE)
    time_machine.move_to(NOW + 3 * MINUTE, tick=False)
    sent = {"outcome": "wrong_number", "number": 1, "form_key": uuid.uuid4(), **YES}
    client.post(f"/admin/signups/callbackrequest/{request.public_id}/attempt/", sent)
    deliver(NOW + 63 * MINUTE)
    assert OutboxMessage.objects.get(kind="callback_unreachable").status == "sent"
    with pytest.raises(ActionError):
        undo_outcome(lead, by=user, now=NOW + 63 * MINUTE)


def test_a_bulk_assignment_is_taken_back_but_for_what_was_assigned_again(client, user, time_machine):
    ann, bob = (users.UserFactory(role=roles.COORDINATOR) for _ in range(2))
    mine, free, later = (leads.LeadFactory(owner=owner) for owner in (user, None, user))
    page = f"{LIST}bulk/assign/"
    assert "You can undo this for one hour" in client.post(page, {"pk": mine.pk}).content.decode()
    chosen = ",".join(f"{each.pk}:new" for each in (mine, free, later))
    assert "Undo the assignment" in client.post(page, {"chosen": chosen, "owner": ann.pk}).content.decode()
    assert "Undo the assignment" in client.get(LIST).content.decode()
    Lead.objects.filter(pk=later.pk).update(owner=bob)
    said = client.post(f"{page}undo/", follow=True).content.decode()
    assert "Assignment undone for 2 leads." in said
    assert "was assigned again since" in said
    assert [Lead.objects.get(pk=each.pk).owner for each in (mine, free, later)] == [user, None, bob]
    assert "Undo the assignment" not in client.get(LIST).content.decode()
    client.post(page, {"chosen": f"{mine.pk}:new", "owner": ann.pk})
    time_machine.shift(3601)
    client.force_login(user)
    client.post(f"{page}undo/")
    assert Lead.objects.get(pk=mine.pk).owner == ann


def under_way(lead, host):
    call = book(lead, host, hours=25)
    deliver(NOW)
    return {
        "call": call,
        "callback": callbacks.CallbackRequestFactory(lead=lead),
        "follow_up": followups.FollowUpFactory(lead=lead, task="Ask about cost", due_at=NOW + HOUR),
        "trial": trials.TrialFactory(lead=lead, requested_at=NOW - HOUR, started_at=NOW - HOUR),
    }


def states(work):
    for row in work.values():
        row.refresh_from_db()
    ended = work["callback"].closed_at, work["follow_up"].done_at, work["trial"].cancelled_at
    return work["call"].status, *(moment is not None for moment in ended)


@pytest.mark.parametrize("choice", OpenWork)
def test_closing_names_all_that_is_under_way_and_ends_it_when_asked_to(client, lead, host, choice):
    work = under_way(lead, host)
    page = client.get(f"{LIST}{lead.pk}/change/").content.decode()
    form = {"seen": "new", "to": "closed", "reason": "Moved away"}
    refused = client.post(f"{LIST}{lead.pk}/change-status/", form).content.decode()
    for text in ("onboarding call on", "callback due", "Ask about cost", "free trial: day 1", "reminder of the call"):
        assert text in page
        assert text in refused
    client.post(f"{LIST}{lead.pk}/change-status/", form | {"open_work": choice})
    ended = choice == OpenWork.CANCEL
    assert states(work) == ("cancelled" if ended else "booked", ended, ended, ended)
    deliver(NOW + 2 * HOUR)
    sent = set(OutboxMessage.objects.filter(status="sent", host=None).values_list("kind", flat=True))
    assert sent == (
        {"call_booked", "call_cancelled", "trial_cancelled"} if ended else {"call_booked", "call_day_before"}
    )


def test_closing_is_undone_with_all_that_it_ended_and_nobody_was_notified(client, user, lead, host, time_machine):
    work = under_way(lead, host)
    emails.trial_ending(work["trial"], now=NOW)
    deliver(NOW)
    page, closing = f"{LIST}{lead.pk}/change/", {"seen": "new", "to": "closed", "reason": "Moved away"}
    undo = f"{LIST}{lead.pk}/undo-closing/"
    assert client.post(undo).status_code == 409
    waiting = set(lead.messages.pending().values_list("kind", flat=True))
    before = OutboxMessage.objects.filter(status="sent").count()
    for _ in range(2):  # also the second time
        done = client.post(f"{LIST}{lead.pk}/change-status/", closing | {"open_work": "cancel"}, follow=True)
        assert "You can undo this for one hour." in done.content.decode()
        assert states(work) == ("cancelled", True, True, True)
        deliver(timezone.now() + 59 * MINUTE)
        assert undo in client.get(page).content.decode()
        assert "Closing undone." in client.post(undo, follow=True).content.decode()
        assert states(work) == ("booked", False, False, False)
        stored = Lead.objects.get(pk=lead.pk)
        assert (stored.status, stored.close_reason, stored.last_contact_at) == ("new", "", None)
        assert set(lead.messages.pending().values_list("kind", flat=True)) == waiting
        assert undo not in client.get(page).content.decode()
        time_machine.shift(1)
    assert OutboxMessage.objects.filter(status="sent").count() == before
    work["callback"].refresh_from_db()
    client.post(f"{LIST}{lead.pk}/change-status/", closing | {"open_work": "cancel"})
    trials.TrialFactory(lead=lead, requested_at=NOW + MINUTE)  # something else began since
    assert "They began another trial since; that one counts." in client.post(undo, follow=True).content.decode()
    client.post(f"{LIST}{lead.pk}/change-status/", closing | {"open_work": "keep"})
    time_machine.move_to(NOW + 2 * HOUR, tick=False)
    client.force_login(user)
    assert undo not in client.get(page).content.decode()
    assert client.post(undo).status_code == 409


@pytest.mark.parametrize("stop", [{"do_not_call_at": NOW + MINUTE}, {"wrong_number_at": NOW + MINUTE}])
def test_undoing_a_closing_brings_no_call_back_that_must_not_be_made(client, lead, host, stop):
    Lead.objects.filter(pk=lead.pk).update(phone="212 555 0123", phone_e164="+12125550123")
    lead.refresh_from_db()
    callback = callbacks.CallbackRequestFactory(lead=lead, phone="212 555 0123", phone_e164="+12125550123")
    closing = {"seen": "new", "to": "closed", "reason": "Moved away", "open_work": "cancel"}
    client.post(f"{LIST}{lead.pk}/change-status/", closing)
    Lead.objects.filter(pk=lead.pk).update(**stop)
    page = client.post(f"{LIST}{lead.pk}/undo-closing/", follow=True).content.decode()
    assert "Closing undone." in page
    assert "The callback stays closed. Don’t call:" in page
    callback.refresh_from_db()
    assert callback.closed_at


def test_a_trial_that_ended_with_the_lead_is_told_without_an_undo_that_is_over(client, lead, host, mailoutbox):
    under_way(lead, host)
    sent = {"seen": "new", "to": "closed", "reason": "Moved away", "open_work": "cancel"}
    client.post(f"{LIST}{lead.pk}/change-status/", sent)
    deliver(NOW + HOUR)
    (mail,) = [mail for mail in mailoutbox if "trial" in mail.subject.lower()]
    assert ("You can undo this" in mail.body, "as you requested" in mail.body) == (False, False)


def test_a_conversion_undone_is_no_contact(client, lead, host):
    trials.TrialFactory(lead=lead, requested_at=NOW - HOUR, started_at=NOW - HOUR)
    for last in (None, NOW - HOUR):
        Lead.objects.filter(pk=lead.pk).update(status="qualified", first_contact_at=last, last_contact_at=last)
        client.post(f"{LIST}{lead.pk}/convert/", YES)
        assert Lead.objects.get(pk=lead.pk).last_contact_at == NOW
        client.post(f"{LIST}{lead.pk}/convert/undo/")
        stored = Lead.objects.get(pk=lead.pk)
        assert (stored.status, stored.first_contact_at, stored.last_contact_at) == ("qualified", last, last)


def test_converting_ends_what_is_open_when_asked_to_and_its_undo_brings_all_of_it_back(client, lead, host):
    work = under_way(lead, host)
    Lead.objects.filter(pk=lead.pk).update(status="qualified")
    asked = client.post(f"{LIST}{lead.pk}/convert/").content.decode()
    for text in ("onboarding call on", "callback due", "Ask about cost", "Convert, and end what is open"):
        assert text in asked
    assert "free trial: day 1" not in asked  # (it ends by becoming a patient)
    client.post(f"{LIST}{lead.pk}/convert/", {**YES, "open_work": "cancel"})
    assert states(work) == ("cancelled", True, True, False)
    assert "Conversion undone" in client.post(f"{LIST}{lead.pk}/convert/undo/", follow=True).content.decode()
    assert states(work) == ("booked", False, False, False)
    client.post(f"{LIST}{lead.pk}/convert/", YES)
    assert states(work) == ("booked", False, False, False)
    deliver(NOW + 2 * HOUR)
    sent = set(OutboxMessage.objects.filter(status="sent", host=None).values_list("kind", flat=True))
    assert sent == {"call_booked", "call_day_before", "converted"}
