"""The waiting list: a freed time is held for one person at a time, and goes on to the next, to nobody twice."""

import datetime as dt
import re

import pytest
from django.db import IntegrityError
from django.test import Client

from clinic import roles
from clinic.lib.text_messages import count_segments
from signups.audit.choices import ActorKind
from signups.calls.actions import available_slots_for, book_call, cancel_call, reschedule_call, undo_cancel_call
from signups.calls.choices import OfferStatus
from signups.calls.earlier_time_models import EarlierTimeRequest, FreedSlot, SlotOffer
from signups.calls.earlier_times import offer_freed_slots
from signups.consents.actions import revoke_consent
from signups.consents.choices import ConsentPurpose
from signups.hosts.models import TimeOff
from signups.leads import links as lead_links
from signups.messages import delivery
from signups.messages.models import OutboxMessage
from signups.scheduling.slots import SlotTaken
from tests.factories.calendars import BusyTimeFactory
from tests.factories.calls import CallTypeFactory, SlotOfferFactory
from tests.factories.consents import ConsentFactory
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory
from tests.factories.users import UserFactory

from .scenario_player import together

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 1, 13, 15, 0, tzinfo=dt.UTC)  # a Wednesday, 10 a.m. in New York
EARLY = dt.datetime(2027, 1, 14, 19, 0, tzinfo=dt.UTC)  # Thursday, 2 p.m. there
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
BY = {"by": ActorKind.PATIENT}


@pytest.fixture
def host(clinic, time_machine):
    time_machine.move_to(NOW, tick=False)
    host = HostFactory(user__first_name="Hana", user__email="hana@harbor.example")
    for weekday in range(5):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=9 * 60, end=17 * 60)
    return host


def person(**facts):
    lead = LeadFactory(**facts)
    TrialFactory(lead=lead, started_at=NOW - HOUR, requested_at=NOW - HOUR)
    return lead


def booked(start, lead=None, **facts):
    return book_call(lead=lead or person(), start=start, now=NOW, **BY, **facts)


def address(lead, rest=""):
    return lead_links.portal_url(lead).removeprefix("http://127.0.0.1:8000") + rest


def joined(call):
    assert Client().post(address(call.lead, "call/waiting-list/")).status_code == 303
    return call


def work(now):
    """Run the worker's job until there is nothing to do, and deliver what it wrote."""
    while offer_freed_slots(lambda: now):
        pass
    while delivery.deliver_due(lambda: now):
        pass


def offers():
    return [(offer.request.call_id, offer.status) for offer in SlotOffer.objects.order_by("created_at", "pk")]


def is_offered(start, now=NOW):
    return start in [slot.start for slot in available_slots_for(now=now)]


def test_freed_time_is_held_for_the_first_in_line_who_takes_it_by_a_link(host, mailoutbox):
    early = booked(EARLY)
    first, second = (joined(booked(EARLY + days * dt.timedelta(days=1))) for days in (1, 4))
    cancel_call(call=early, now=NOW, **BY)
    assert is_offered(EARLY)  # for seconds
    work(NOW + MINUTE)
    assert offers() == [(first.pk, "open")]
    assert not is_offered(EARLY, NOW + MINUTE)
    with pytest.raises(SlotTaken):
        book_call(lead=person(), start=EARLY, now=NOW + MINUTE, **BY)
    letter = next(mail for mail in mailoutbox if "Earlier time for your call: Thu, Jan 14, 2:00 PM" in mail.subject)
    assert letter.to == [first.lead.email]
    assert "until Wednesday, January 13, 2027, 12:01 PM" in letter.body
    page = re.search("http://127.0.0.1:8000(/my/.*/call/earlier/)", letter.body)[1]
    client = Client()
    shown = client.get(page).content.decode()
    assert "Take this earlier time?" in shown
    assert SlotOffer.objects.get().status == "open"  # a mail scanner opens links
    start = re.search('name="start" value="([^"]*)"', shown)[1]
    assert client.post(page, {"start": (EARLY + HOUR).isoformat()}).status_code == 409
    assert client.post(page, {"start": start}).status_code == 303
    first.refresh_from_db()
    assert (first.starts_at, first.sequence, offers()) == (EARLY, 1, [(first.pk, "accepted")])
    work(NOW + 2 * MINUTE)  # what the first one left is earlier than what the second one has
    assert offers() == [(first.pk, "accepted"), (second.pk, "open")]
    assert SlotOffer.objects.get(status="open").starts_at == EARLY + dt.timedelta(days=1)


def test_time_goes_on_when_it_is_declined_or_nobody_answers(host):
    early = booked(EARLY)
    first, second, third = (joined(booked(EARLY + days * dt.timedelta(days=1))) for days in (1, 4, 5))
    cancel_call(call=early, now=NOW, **BY)
    work(NOW)
    assert Client().post(address(first.lead, "call/earlier/keep/"), {"start": EARLY.isoformat()}).status_code == 303
    work(NOW + MINUTE)
    work(NOW + MINUTE + 119 * MINUTE)
    assert offers() == [(first.pk, "declined"), (second.pk, "open")]
    work(NOW + MINUTE + 120 * MINUTE)
    assert offers() == [(first.pk, "declined"), (second.pk, "expired"), (third.pk, "open")]
    assert Client().post(address(third.lead, "call/waiting-list/leave/")).status_code == 303
    work(NOW + 4 * HOUR)
    assert {status for _, status in offers()} == {"declined", "expired"}
    assert (FreedSlot.objects.get().settled_at, is_offered(EARLY, NOW + 4 * HOUR)) == (NOW + 4 * HOUR, True)


def test_nobody_is_offered_what_they_cannot_take(host):
    """Not who sleeps, has no call any more, has no way to be told, waits for a longer call, or too late."""
    early = booked(EARLY)
    asleep = joined(booked(EARLY + 24 * HOUR, person(time_zone="Asia/Tokyo")))  # midnight there
    gone = joined(booked(EARLY + 25 * HOUR))
    mute = joined(booked(EARLY + 23 * HOUR, person()))
    late = booked(EARLY + 26 * HOUR)
    long = joined(booked(EARLY + 115 * HOUR, call_type=CallTypeFactory(name="long call", minutes=240)))
    booked(EARLY + HOUR)  # so that four hours from EARLY are not free
    cancel_call(call=gone, now=NOW, **BY)
    mute.lead.email_bounced_at = NOW
    mute.lead.save()
    cancel_call(call=early, now=NOW, **BY)
    work(NOW)
    assert (offers(), FreedSlot.objects.filter(settled_at=None).count()) == ([], 1)  # until morning in Tokyo
    work(NOW + 8 * HOUR)  # 8 a.m. there
    assert [call for call, _ in offers()] == [asleep.pk]
    assert SlotOffer.objects.get().expires_at == NOW + 10 * HOUR
    assert long.pk not in dict(offers())
    joined(late)
    work(EARLY - 4 * HOUR - 29 * MINUTE)  # 29 minutes before the notice begins
    assert [call for call, _ in offers()] == [asleep.pk]


def test_pages_and_reschedule_agree_with_the_offer(host):
    early = booked(EARLY)
    call = joined(booked(EARLY + 24 * HOUR))
    client, desk = Client(), Client()
    desk.force_login(UserFactory(role=roles.HEAD))
    assert "You’re on the waiting list" in client.get(address(call.lead, "call/")).content.decode()
    cancel_call(call=early, now=NOW, **BY)
    work(NOW)
    for page in ("", "call/", "call/earlier/"):
        assert "Thursday, January 14, 2027, 2:00 PM" in client.get(address(call.lead, page)).content.decode()
    assert "is held for them until" in desk.get(f"/admin/signups/onboardingcall/{call.public_id}/").content.decode()
    assert EARLY in [slot.start for slot in available_slots_for(now=NOW, moving=call)]
    reschedule_call(call=call, start=EARLY - HOUR, now=NOW, **BY)  # earlier still, on the ordinary page
    assert offers() == [(call.pk, "withdrawn")]
    gone = client.get(address(call.lead, "call/earlier/")).content.decode()
    assert "no longer held for you" in gone
    cancel_call(call=call, now=NOW, **BY)
    assert not EarlierTimeRequest.objects.open(NOW).exists()
    assert client.post(address(call.lead, "call/waiting-list/")).status_code == 303
    assert EarlierTimeRequest.objects.count() == 1


@pytest.mark.parametrize("why", ["host left", "takes no calls", "time off", "busy calendar", "not their type"])
def test_offer_of_a_time_that_is_gone_is_withdrawn_before_anybody_reads_it(host, why):
    other = HostFactory()
    early = booked(EARLY)
    call = joined(booked(EARLY + 24 * HOUR))
    cancel_call(call=early, now=NOW, **BY)
    offer_freed_slots(lambda: NOW)
    assert offers() == [(call.pk, "open")]
    if why == "host left":
        host.user.is_active = False
        host.user.save()
    elif why == "takes no calls":
        host.active = False
        host.save()
    elif why == "time off":
        TimeOff.objects.create(host=host, starts_at=EARLY - HOUR, ends_at=EARLY + HOUR)
    elif why == "busy calendar":
        BusyTimeFactory(calendar__host=host, starts_at=EARLY, ends_at=EARLY + HOUR)
    else:
        call.call_type.hosts.add(other)
    shown = Client().get(address(call.lead, "call/earlier/")).content.decode()
    assert ("no longer held for you" in shown, "Take this earlier time?" in shown) == (True, False)
    assert "held for you" not in Client().get(address(call.lead, "call/")).content.decode().split("Waiting list")[0]
    work(NOW + MINUTE)
    assert offers() == [(call.pk, "withdrawn")]
    assert OutboxMessage.objects.get(kind="earlier_time").status == "cancelled"


def test_staff_put_somebody_on_the_list_and_take_them_off(host, time_machine):
    early, call = booked(EARLY), booked(EARLY + 24 * HOUR)
    desk, page = Client(), f"/admin/signups/onboardingcall/{call.public_id}/"
    desk.force_login(UserFactory(role=roles.COORDINATOR))
    assert "Put on the waiting list" in desk.get(page).content.decode()
    desk.get(page + "wait/")  # a link does nothing
    for _ in range(2):
        assert desk.post(page + "wait/").status_code == 303
    assert EarlierTimeRequest.objects.count() == 1
    cancel_call(call=early, now=NOW, **BY)
    work(NOW)
    assert offers() == [(call.pk, "open")]
    assert desk.post(page + "wait/end/").status_code == 303
    assert (offers(), EarlierTimeRequest.objects.open(NOW).count()) == ([(call.pk, "declined")], 0)
    events = call.lead.events.filter(action__startswith="earlier_time").order_by("id")
    assert [event.action for event in events] == ["earlier_time_asked", "earlier_time_dropped"]
    call.lead.email_bounced_at = NOW
    call.lead.save()
    shown, refused = desk.get(page).content.decode(), desk.post(page + "wait/")
    assert ("Put on the waiting list" in shown, "Earlier times are offered by email" in shown) == (False, True)
    assert (refused.status_code, EarlierTimeRequest.objects.open(NOW).exists()) == (409, False)


def test_who_chose_texts_is_told_by_text_too_and_who_cannot_be_told_reads_that(host, settings):
    settings.TEXT_BACKEND = "clinic.text_backends.TwilioBackend"
    early = booked(EARLY)
    texting = person(preferred_channel="text", phone="(212) 555-0123")
    ConsentFactory(lead=texting, text__purpose=ConsentPurpose.TEXTS, created_at=NOW - HOUR)
    call = joined(booked(EARLY + 24 * HOUR, texting))
    shown = Client().get(address(texting, "call/")).content.decode()
    assert "we’ll email and text you" in shown
    cancel_call(call=early, now=NOW, **BY)
    offer_freed_slots(lambda: NOW)
    told = dict(OutboxMessage.objects.filter(kind="earlier_time").values_list("channel", "text"))
    assert set(told) == {"email", "text"}
    assert "An earlier time is open for your call: Thu, Jan 14, 2:00 PM Eastern Time." in told["text"]
    assert count_segments(told["text"]) == 1
    revoke_consent(texting, ConsentPurpose.TEXTS, channel="page", now=NOW, **BY)
    while delivery.deliver_due(lambda: NOW):
        pass
    sent = dict(OutboxMessage.objects.filter(kind="earlier_time").values_list("channel", "status"))
    assert sent == {"email": "sent", "text": "cancelled"}
    call.lead.refresh_from_db()
    call.lead.email_bounced_at = NOW
    call.lead.save()
    shown = Client().get(address(texting, "call/")).content.decode()
    assert ("We can’t tell you of an earlier time" in shown, "we’ll email" in shown) == (True, False)


def test_time_of_a_cancellation_that_can_be_undone_waits(host):
    head = UserFactory(role=roles.HEAD)
    early = booked(EARLY)
    waiting = joined(booked(EARLY + 24 * HOUR))
    cancel_call(call=early, by=head, now=NOW, notify_at=NOW + 5 * MINUTE)
    work(NOW + MINUTE)
    assert offers() == []
    undo_cancel_call(call=early, by=head, now=NOW + 2 * MINUTE)
    work(NOW + 6 * MINUTE)
    assert (offers(), FreedSlot.objects.get().settled_at) == ([], NOW + 2 * MINUTE)
    cancel_call(call=early, by=head, now=NOW + 7 * MINUTE, notify_at=NOW + 12 * MINUTE)
    work(NOW + 12 * MINUTE)
    assert offers() == [(waiting.pk, "open")]


def test_offer_that_was_never_sent_is_not_sent_late(host):
    early = booked(EARLY)
    call = joined(booked(EARLY + 24 * HOUR))
    cancel_call(call=early, now=NOW, **BY)
    offer_freed_slots(lambda: NOW)
    while delivery.deliver_due(lambda: NOW + 3 * HOUR):
        pass
    assert OutboxMessage.objects.get(kind="earlier_time").status == "cancelled"
    assert call.messages.filter(kind="earlier_time").count() == 1


def test_database_allows_one_open_offer_of_a_time_and_to_a_person(host):
    held = SlotOfferFactory()
    for same in ("request", "freed_slot"):
        with pytest.raises(IntegrityError), database_savepoint():
            SlotOfferFactory(**{same: getattr(held, same)})
    held.status = OfferStatus.EXPIRED
    held.save()
    SlotOfferFactory(request=held.request)


def database_savepoint():
    from django.db import transaction

    return transaction.atomic()


@pytest.mark.django_db(transaction=True)
def test_concurrent_cancels_and_workers_offer_each_time_once_and_each_person_one(host):
    other = HostFactory()
    for weekday in range(5):
        AvailabilityRuleFactory(host=other, weekday=weekday, start=9 * 60, end=17 * 60)
    early = [booked(EARLY + number * HOUR, host=one) for one in (host, other) for number in range(2)]
    waiting = [joined(booked(EARLY + (120 + number) * HOUR)) for number in range(3)]
    cancels = [lambda call=call: cancel_call(call=call, now=NOW, **BY) for call in early]
    workers = [lambda: offer_freed_slots(lambda: NOW)] * 3
    together(*cancels, *workers)
    together(*workers, lambda: book_call(lead=LeadFactory(), start=EARLY + 2 * HOUR, now=NOW, **BY))
    work(NOW)
    held = SlotOffer.objects.filter(status="open")
    assert {offer.request.call_id for offer in held} == {call.pk for call in waiting}
    assert (held.count(), held.values("freed_slot").distinct().count(), SlotOffer.objects.count()) == (3, 3, 3)
    assert OutboxMessage.objects.filter(kind="earlier_time").count() == 3
