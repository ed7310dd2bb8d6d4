"""Whatever people, staff and time do: no message, button or calendar entry contradicts a person's last word."""

import datetime as dt
import uuid
from contextlib import suppress
from zoneinfo import ZoneInfo

from django.conf import settings as site_settings
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from clinic import roles
from clinic.lib import normalization
from signups.audit.choices import ActorKind
from signups.callbacks import outreach
from signups.callbacks.actions import CallbackDetails, cancel_callback, create_callback
from signups.callbacks.choices import CallOutcome, Topic
from signups.calls.actions import (
    available_slots_for,
    book_call,
    cancel_call,
    notice_time,
    reschedule_call,
    undo_cancel_call,
)
from signups.calls.call_type_models import CallType
from signups.calls.choices import AlertKind
from signups.calls.earlier_time_models import SlotOffer
from signups.calls.earlier_times import (
    decline_offer,
    join_waiting_list,
    leave_waiting_list,
    offer_freed_slots,
    open_offer,
)
from signups.consents.actions import grant_consent, revoke_consent
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.contact_policy import wants_texts
from signups.duplicates.merging import merge_leads
from signups.leads import contact_details
from signups.leads.actions import change_status
from signups.leads.choices import Channel, LeadStatus, OpenWork, PartOfDay
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.messages import delivery
from signups.messages.models import OutboxMessage
from signups.messages.send_policy import why_not_send
from signups.offer import current_offer
from signups.scheduling.slots import BookingError
from tests.factories.calls import CallTypeFactory
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory
from tests.factories.users import UserFactory

from .conftest import NOW

PATIENT = ActorKind.PATIENT
ZONES = ("America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "Europe/London", "Asia/Singapore")
NUMBERS = ("(212) 555-0123", "(646) 555-0177", "(808) 555-0134")
STOPPED = (LeadStatus.CLOSED, LeadStatus.CONVERTED)


class LastWord(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.undo_all = transaction.atomic()
        self.undo_all.__enter__()
        self.now, self.number = NOW, 0
        self.head = UserFactory(role=roles.HEAD)
        self.hosts = [HostFactory(user__email=f"host{number}@harbor.example") for number in range(2)]
        for host in self.hosts:
            for weekday in range(5):
                AvailabilityRuleFactory(host=host, weekday=weekday, start=9 * 60, end=17 * 60)
        self.types = [CallType.objects.onboarding(), CallTypeFactory(name="insurance call", minutes=60)]
        self.types[1].hosts.add(self.hosts[1])
        self.lead = LeadFactory(name="Jo Miller", phone=NUMBERS[0])
        TrialFactory(lead=self.lead, requested_at=NOW, started_at=NOW)
        self.must_not_call = False

    def teardown(self):
        transaction.set_rollback(True)
        self.undo_all.__exit__(None, None, None)

    def attempt(self, action, *args, **facts):
        """Do something that may be refused, and then changes nothing."""
        with suppress(ActionError, BookingError), transaction.atomic():
            action(*args, now=self.now, **facts)
            return True
        return False

    @property
    def call(self):
        return self.lead.calls.upcoming(self.now).first()

    @rule(span=st.sampled_from([dt.timedelta(minutes=5), dt.timedelta(hours=5), dt.timedelta(days=1)]))
    def time_passes(self, span):
        self.now += span
        while delivery.deliver_due(lambda: self.now):
            pass

    @rule(zone=st.sampled_from(ZONES))
    def change_zone(self, zone):
        self.attempt(contact_details.update_contact_details, self.lead, by=PATIENT, time_zone=zone)

    @rule(phone=st.sampled_from((*NUMBERS, "")))
    def change_number(self, phone):
        e164 = "+1" + "".join(digit for digit in phone if digit.isdigit()) if phone else ""
        self.attempt(contact_details.update_contact_details, self.lead, by=PATIENT, phone=phone, phone_e164=e164)

    @rule(name=st.sampled_from(["Jo Miller", "Jo Smith", "Ann Reed"]), best=st.sampled_from(PartOfDay))
    def change_name_and_best_time(self, name, best):
        self.attempt(contact_details.update_contact_details, self.lead, by=PATIENT, name=name, best_time=best)

    @rule()
    def merge(self):
        self.number += 1
        other = LeadFactory(email=f"new{self.number}@example.com", phone=NUMBERS[1])
        facts = {"lead": self.lead, "other": other, "from_other": {"email", "phone"}, "by": self.head}
        self.attempt(merge_leads, **facts)

    @rule(zone=st.sampled_from(ZONES), phone=st.sampled_from(NUMBERS))
    def ask_for_a_callback(self, zone, phone):
        self.change_zone(zone)
        self.change_number(phone)
        self.lead.refresh_from_db()
        known = (self.lead.phone, self.lead.phone_e164, self.lead.time_zone, self.lead.best_time)
        wish = CallbackDetails(*known, topic=Topic.COST)
        if self.attempt(create_callback, self.lead, wish, channel=ConsentChannel.PAGE, form_key=uuid.uuid4()):
            self.must_not_call = False

    @rule()
    def cancel_the_callback(self):
        self.attempt(cancel_callback, self.lead)

    @initialize(number=st.integers(20, 40), of_type=st.integers(0, 1))
    def begin_with_a_booked_call(self, number, of_type):
        self.book(number, of_type)

    @rule(number=st.integers(0, 40), of_type=st.integers(0, 1))
    def book(self, number, of_type):
        chosen = {"call_type": self.types[of_type]}
        slots = available_slots_for(now=self.now, **chosen)
        wish = {"lead": self.lead, "start": slots[number % len(slots)].start} if slots else {}
        if wish and self.attempt(book_call, **wish, **chosen, by=PATIENT):
            self.must_not_call = False

    @rule()
    def staff_cancel(self):
        if self.call:
            self.attempt(cancel_call, call=self.call, by=self.head, notify_at=notice_time(self.call, self.now))

    @rule(change=st.sampled_from(["", "number", "name", "address"]))
    def cancel_and_undo(self, change):
        """By staff, and in between the person says something else."""
        call = self.call
        self.staff_cancel()
        if change == "number":
            self.change_number("")
        elif change == "name":
            self.change_name_and_best_time("Ann Reed", PartOfDay.ANY)
        elif change == "address":
            self.merge()
        if call:
            call.refresh_from_db()
            self.attempt(undo_cancel_call, call=call, by=self.head)

    @rule(moves=st.booleans())
    def somebody_else_answers(self, moves):
        self.attempt(contact_details.note_wrong_number, self.lead, by=self.head)
        if moves:
            self.move(7)

    @rule(phone=st.sampled_from(NUMBERS))
    def state_the_number(self, phone):
        e164 = "+1" + "".join(digit for digit in phone if digit.isdigit())
        self.attempt(contact_details.state_number, self.lead, by=PATIENT, phone=phone, phone_e164=e164)

    @rule(channel=st.sampled_from(Channel))
    def choose_channel(self, channel):
        self.attempt(contact_details.update_contact_details, self.lead, by=PATIENT, preferred_channel=channel)
        if channel == Channel.TEXT:
            grant_consent(self.lead, ConsentPurpose.TEXTS, channel=ConsentChannel.PAGE, by=PATIENT, now=self.now)

    @rule()
    def stop_texts(self):
        revoke_consent(self.lead, ConsentPurpose.TEXTS, channel=ConsentChannel.TEXT, by=PATIENT, now=self.now)

    @rule(answer=st.sampled_from(["wait", "take", "decline", "leave"]), in_vain=st.booleans())
    def earlier_time_is_offered(self, answer, in_vain):
        """A colleague's patient cancels an earlier call; before the answer, the host may have gone."""
        if not self.call:
            return
        waiting = {"call": self.call, "by": PATIENT}
        self.attempt(join_waiting_list, **waiting)
        in_time = self.now + dt.timedelta(hours=6)  # so that the notice leaves them time to answer
        first = available_slots_for(now=self.now, begin=in_time, call_type=self.call.call_type)[:1]
        if not first or first[0].start >= self.call.starts_at:
            return
        kind = {"call_type": self.call.call_type, "by": PATIENT}
        other = book_call(lead=LeadFactory(), start=first[0].start, now=self.now, **kind)
        cancel_call(call=other, by=PATIENT, now=self.now)
        offer_freed_slots(lambda: self.now)
        if in_vain:
            self.host_leaves_or_returns(self.hosts.index(other.host), False)
        if answer == "take" and (offer := open_offer(self.call, self.now)):
            taken = {"call": self.call, "start": offer.starts_at, "host": offer.host, "by": PATIENT}
            assert self.attempt(reschedule_call, **taken)
        elif answer == "decline":
            decline_offer(call=self.call, start=first[0].start)
        elif answer == "leave":
            leave_waiting_list(**waiting, now=self.now)

    @rule(number=st.integers(0, 40))
    def move(self, number):
        if self.call and (slots := available_slots_for(now=self.now, moving=self.call)):
            self.attempt(reschedule_call, call=self.call, start=slots[number % len(slots)].start, by=PATIENT)

    @rule()
    def cancel(self):
        if self.call:
            self.attempt(cancel_call, call=self.call, by=PATIENT)

    @rule(by_staff=st.booleans())
    def do_not_call(self, by_staff):
        if by_staff:
            done = self.attempt(outreach.log_outreach, lead=self.lead, outcome=CallOutcome.DO_NOT_CALL, by=self.head)
            self.must_not_call = self.must_not_call or done
        else:
            grant_consent(self.lead, ConsentPurpose.CALLS, channel=ConsentChannel.PAGE, by=PATIENT, now=self.now)
            revoke_consent(self.lead, ConsentPurpose.CALLS, channel=ConsentChannel.PAGE, by=PATIENT, now=self.now)
            self.must_not_call = True

    @rule(work=st.sampled_from([None, *OpenWork]))
    def close_and_reopen(self, work):
        self.lead.refresh_from_db()
        to_closed = {"to": LeadStatus.CLOSED, "reason": "moved away", "open_work": work}
        if self.attempt(change_status, lead=self.lead, by=self.head, **to_closed):
            waiting = self.call or self.lead.callbacks.filter(closed_at=None).exists()
            assert not (waiting and work != OpenWork.KEEP)
            self.attempt(change_status, lead=self.lead, by=self.head, to=LeadStatus.CONTACTED)
        self.lead.refresh_from_db()

    @rule(number=st.integers(0, 1), present=st.booleans())
    def host_leaves_or_returns(self, number, present):
        user = self.hosts[number].user
        user.refresh_from_db()
        user.is_active = present
        user.save()

    @invariant()
    def callback_is_theirs_of_today(self):
        lead = Lead.objects.get(pk=self.lead.pk)
        for waiting in lead.callbacks.open():
            assert (waiting.phone_e164, waiting.best_time) == (lead.phone_e164, lead.best_time)
            assert waiting.time_zone == lead.time_zone
            if waiting.call_at > self.now:
                assert dt.time(8) <= waiting.call_at.astimezone(ZoneInfo(lead.time_zone)).time() <= dt.time(21)

    @invariant()
    def no_call_stands_that_cannot_or_must_not_be_made(self):
        lead = Lead.objects.get(pk=self.lead.pk)
        if self.call:
            assert lead.phone_e164
            asked = self.call.alerts.open(self.now).filter(kind=AlertKind.WRONG_NUMBER).exists()
            assert asked == bool(lead.wrong_number_at)
            assert self.call.ends_at - self.call.starts_at == self.call.call_type.rules(current_offer()).length
        if self.must_not_call:
            assert self.call is None
            assert not lead.callbacks.filter(closed_at=None).exists()

    @invariant()
    def what_waits_goes_to_their_address(self):
        lead = Lead.objects.get(pk=self.lead.pk)
        waiting = OutboxMessage.objects.pending().filter(lead=lead, channel="email", host=None)
        assert set(waiting.values_list("to", flat=True)) <= {lead.email}
        texts = OutboxMessage.objects.pending().filter(lead=lead, channel="text")
        may = [message for message in texts.select_related("lead") if not why_not_send(message, self.now)]
        assert {message.to for message in may} <= {lead.phone_e164}
        if lead.preferred_channel != Channel.TEXT:
            assert [message.kind for message in may if message.call] == []
        if self.call and wants_texts(lead) and self.call.starts_at - self.now > dt.timedelta(days=1):
            reminders = texts.filter(call=self.call, call_sequence=self.call.sequence, kind__endswith="before")
            assert reminders.count() == 2

    @invariant()
    def what_is_offered_can_be_taken(self):
        for offer in SlotOffer.objects.open(self.now).select_related("request__call"):
            call = offer.request.call
            assert (call.status, call.starts_at > offer.starts_at) == ("booked", True)
        if self.call and (offer := open_offer(self.call, self.now)):
            found = available_slots_for(now=self.now, moving=self.call)
            assert (offer.starts_at, True) in [(slot.start, offer.host_id in slot.host_ids) for slot in found]

    @invariant()
    def calendars_say_what_is_so(self):
        lead = Lead.objects.get(pk=self.lead.pk)
        for call in lead.calls.all():
            invitations = call.messages.exclude(calendar="").exclude(dedupe_key__contains=":withdrawn:")
            invitations = invitations.order_by("call_sequence", "created_at")
            last = invitations.filter(host=None).last()
            assert last.call_sequence == call.sequence
            assert (last.calendar_method == "CANCEL") == (call.status == "cancelled")
            assert f"DTSTART:{call.starts_at:%Y%m%dT%H%M%SZ}" in last.calendar
            if call == self.call:
                theirs = invitations.filter(host=call.host)
                newest = theirs.filter(created_at=theirs.last().created_at)  # (several at one moment: the clock stands)
                titles = [message.calendar.replace("\r\n ", "") for message in newest]
                assert any(f"call with {normalization.initials(lead.name)}" in title for title in titles)
                assert f"mailto:{lead.email}" in last.calendar.replace("\r\n ", "")


def test_in_any_order(clinic, monkeypatch):
    monkeypatch.setattr(site_settings, "TEXT_BACKEND", "clinic.text_backends.TextFileBackend")
    clinic.opening_hours = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(5)]
    clinic.save()
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    LastWord.TestCase.settings = settings(max_examples=15, stateful_step_count=12, suppress_health_check=checks)
    run_state_machine_as_test(LastWord, settings=LastWord.TestCase.settings)
