"""Anything a person, a visitor, staff and the worker may do, in any order: what must hold, holds."""

import datetime as dt
import uuid
from collections import Counter

import pytest
from django.core import mail
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from clinic import cleanup, roles
from signups.audit.choices import ActorKind
from signups.callbacks.actions import CallbackDetails, create_callback
from signups.callbacks.choices import Topic
from signups.consents.actions import set_reminder_preference
from signups.consents.choices import OPTIONAL_CONSENTS, REQUIRED_CONSENTS, ConsentChannel
from signups.leads import contact_details, locking
from signups.leads.actions import write_note
from signups.leads.choices import TERMINAL_STATUSES, Channel, LeadStatus, PartOfDay
from signups.leads.models import Lead
from signups.leads.note_models import Note
from signups.messages import delivery
from signups.messages.models import OutboxMessage
from signups.portal.actions import resend_portal_link
from signups.privacy import erasure
from signups.trials.actions import (
    UndoWindowClosed,
    cancel_trial,
    confirm_email,
    convert_trial,
    request_refund,
    request_trial,
    resume_trial,
)
from signups.trials.models import Trial
from tests.factories.users import UserFactory
from tests.signups.privacy import find_leaks

from .conftest import NOW

PATIENT = ActorKind.PATIENT
ADDRESSES = ("jo@example.com", "JO@example.com", "ann@example.com")
RECEIPT = "Your data has been deleted"


class Life(RuleBasedStateMachine):
    sent_forms = Bundle("sent_forms")

    def __init__(self):
        super().__init__()
        self.undo_all = transaction.atomic()
        self.undo_all.__enter__()
        mail.outbox.clear()
        self.now = NOW
        self.head = UserFactory(role=roles.HEAD)
        self.count = 0
        self.secrets = {}  # of each living lead, by its key: what was told us that nobody else has
        self.gone = []  # the same, of the erased
        self.quiet = set()  # addresses erased, and not signed up again since

    def teardown(self):
        self.work()
        self.nothing_is_left()
        transaction.set_rollback(True)
        self.undo_all.__exit__(None, None, None)

    # --- what happens ---

    @rule(
        span=st.sampled_from(
            [dt.timedelta(minutes=20), dt.timedelta(hours=13), dt.timedelta(days=3), dt.timedelta(days=31)]
        )
    )
    def time_passes(self, span):
        self.now += span

    @rule(target=sent_forms, email=st.sampled_from(ADDRESSES), agreed=st.sets(st.sampled_from(OPTIONAL_CONSENTS)))
    def start(self, email, agreed):
        self.count += 1
        word = f"zq{self.count}x"
        form = {
            "name": f"Name {word}",
            "email": email,
            "phone": f"212 555 {self.count:04}",
            "phone_e164": f"+1212555{self.count:04}",
            "preferred_channel": Channel.EMAIL,
            "best_time": PartOfDay.ANY,
            "time_zone": "America/New_York",
            "state": "NY",
            "signing_up_for": "self",
            "referral_answer": f"from {word}",
            "first_touch_source": word,
            "agreed": [*REQUIRED_CONSENTS, *agreed],
            "form_key": uuid.uuid4(),
        }
        self.send(form, word)
        return form

    @rule(form=sent_forms)
    def replay(self, form):
        before = Trial.objects.count(), OutboxMessage.objects.count(), Lead.objects.count()
        request_trial(**form, now=self.now)
        assert (Trial.objects.count(), OutboxMessage.objects.count(), Lead.objects.count()) == before

    def send(self, form, word):
        before = Lead.objects.count()
        request_trial(**form, now=self.now)
        self.quiet.discard(form["email"].lower())
        if Lead.objects.count() > before:
            self.secrets[Lead.objects.latest("pk").pk] = [word, form["phone"], form["phone_e164"]]

    @rule(data=st.data())
    def confirm(self, data):
        if lead := self.somebody(data):
            confirm_email(lead, now=self.now)

    @rule(data=st.data())
    def cancel(self, data):
        for trial in self.trial_of(data):
            cancel_trial(trial, by=PATIENT, now=self.now)

    @rule(data=st.data())
    def undo(self, data):
        for trial in self.trial_of(data):
            may = trial.cancelled_at and self.now <= trial.undo_until and not trial.lead.trials.open().exists()
            try:
                resume_trial(trial, by=PATIENT, now=self.now)
                assert may or not trial.cancelled_at
            except UndoWindowClosed:
                assert not may

    @rule(data=st.data())
    def convert(self, data):
        for trial in self.trial_of(data):
            Lead.objects.filter(pk=trial.lead_id, status=LeadStatus.NEW).update(status=LeadStatus.QUALIFIED)
            try:
                convert_trial(trial, by=self.head, now=self.now)
            except locking.ActionError:
                assert Trial.objects.get(pk=trial.pk).converted_at is None

    @rule(data=st.data())
    def ask_for_refund(self, data):
        for trial in self.trial_of(data):
            may = trial.may_be_refunded(trial.lead.time_zone, self.now)
            try:
                request_refund(trial, by=PATIENT, now=self.now)
                assert may or trial.refund_requested_at
            except UndoWindowClosed:
                assert not may

    @rule(data=st.data())
    def staff_write_a_note(self, data):
        if lead := self.somebody(data):
            word = f"nt{self.count}y"
            write_note(lead=lead, text=f"Says {word}", by=self.head, now=self.now, form_key=uuid.uuid4())
            self.secrets[lead.pk].append(word)

    @rule(data=st.data())
    def ask_to_be_called(self, data):
        if lead := self.somebody(data):
            self.count += 1
            phone, e164 = f"646 555 {self.count:04}", f"+1646555{self.count:04}"
            wish = CallbackDetails(phone, e164, "America/New_York", PartOfDay.ANY, Topic.PROGRAM)
            create_callback(lead, wish, channel=ConsentChannel.PAGE, form_key=uuid.uuid4(), now=self.now)
            self.secrets[lead.pk] += [phone, e164]

    @rule(data=st.data())
    def change_name(self, data):
        if lead := self.somebody(data):
            self.count += 1
            contact_details.update_contact_details(lead, by=PATIENT, now=self.now, name=f"Other ch{self.count}w")
            self.secrets[lead.pk].append(f"ch{self.count}w")

    @rule(data=st.data(), wanted=st.booleans())
    def change_mail(self, data, wanted):
        if lead := self.somebody(data):
            set_reminder_preference(lead, enabled=wanted, by=PATIENT, now=self.now)

    @rule(email=st.sampled_from(ADDRESSES))
    def lose_the_link(self, email):
        resend_portal_link(email, now=self.now)

    @rule(data=st.data())
    def erase(self, data):
        if lead := self.somebody(data):
            erasure.erase_lead(lead, by=PATIENT, now=self.now)
            self.gone += self.secrets.pop(lead.pk)
            self.quiet.add(lead.email.lower())

    @rule()
    def work(self):
        already = len(mail.outbox)
        while delivery.deliver_due(lambda: self.now):
            pass
        for message in mail.outbox[already:]:
            assert message.to[0].lower() not in self.quiet or message.subject == RECEIPT

    # --- who it happens to ---

    def somebody(self, data):
        living = list(Lead.objects.live().order_by("pk"))
        return data.draw(st.sampled_from(living)) if living else None

    def trial_of(self, data):
        living = list(Trial.objects.exclude(lead__status__in=TERMINAL_STATUSES).order_by("pk"))
        return [data.draw(st.sampled_from(living))] if living else []

    # --- what holds ---

    @invariant()
    def one_live_lead_per_address(self):
        assert max(Counter(Lead.objects.live().values_list("email_key", flat=True)).values(), default=0) <= 1

    @invariant()
    def one_open_trial_per_lead(self):
        assert max(Counter(Trial.objects.open().values_list("lead", flat=True)).values(), default=0) <= 1

    @invariant()
    def nothing_waits_for_the_erased_but_the_receipt(self):
        waiting = OutboxMessage.objects.pending().filter(lead__status=LeadStatus.ERASED)
        assert set(waiting.values_list("kind", flat=True)) <= {"erasure_receipt"}

    @rule()
    def nothing_is_left(self):
        addresses = {
            email
            for email in self.quiet
            if not OutboxMessage.objects.filter(to__iexact=email, kind="erasure_receipt").exists()
        }
        assert find_leaks.in_tables([*self.gone, *addresses]) == []
        assert [note.text for note in Note.objects.filter(lead__status=LeadStatus.ERASED) if note.text] == []
        assert [
            lead.referral_answer for lead in Lead.objects.filter(status=LeadStatus.ERASED) if lead.referral_answer
        ] == []


@pytest.mark.django_db
def test_in_any_order(clinic):
    clinic_open = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(5)]
    clinic.opening_hours = clinic_open
    clinic.save()
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


@pytest.mark.django_db(transaction=True)
def test_no_file_holds_what_was_erased(clinic, tmp_path, settings):
    """Not even the database's own: what was erased is overwritten there. (PostgreSQL's files are its server's.)"""
    from tests.factories.leads import NoteFactory
    from tests.factories.messages import OutboxMessageFactory
    from tests.factories.trials import TrialFactory

    words = ("Zebulon Quill", "zebulon@example.com", "212 555 0177", "a very private word")
    trial = TrialFactory(
        requested_at=NOW, started_at=NOW, lead__name=words[0], lead__email=words[1], lead__phone=words[2]
    )
    OutboxMessageFactory(lead=trial.lead, text=f"Hello {words[0]}, {words[3]}", html=words[3], created_at=NOW)
    NoteFactory(lead=trial.lead, text=words[3])
    erasure.erase_lead(trial.lead, by=PATIENT, now=NOW)
    while delivery.deliver_due(lambda: NOW):
        pass
    assert find_leaks.in_tables(words) == []
    cleanup.checkpoint_wal(lambda: NOW)
    assert find_leaks.in_files(words, settings.DATA_DIR) == []
