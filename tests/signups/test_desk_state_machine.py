"""Whatever happens to a lead, in any order: the desk names only what is permitted, does what it says, and its figures
agree with each other.
"""

import datetime as dt
import uuid
from collections import Counter
from contextlib import contextmanager, suppress
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from clinic import dashboard, roles
from signups.audit.choices import ActorKind, AuditAction
from signups.callbacks.actions import CallbackDetails, create_callback, log_attempt
from signups.callbacks.choices import OUTREACH_OUTCOMES, CallOutcome, Topic
from signups.callbacks.models import CallbackRequest
from signups.callbacks.outcome_undo import undo_outcome
from signups.callbacks.outreach import log_outreach
from signups.calls.actions import cancel_call, complete_call, mark_no_show, notice_time, undo_cancel_call
from signups.consents.actions import grant_consent, revoke_consent, set_reminder_preference
from signups.consents.choices import OPTIONAL_CONSENTS, ConsentChannel
from signups.consents.contact_policy import facts_of, may_call, may_call_back, may_email, may_text
from signups.desk.next_best_action import next_action
from signups.desk.saved_views import SAVED_VIEWS, calls_today
from signups.leads.actions import assign_lead, change_status
from signups.leads.choices import (
    CONTACTED_STATUSES,
    OPEN_STATUSES,
    TRANSITIONS,
    Channel,
    LeadStatus,
    OpenWork,
    PartOfDay,
)
from signups.leads.closing_undo import undo_closing
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.messages.actions import send_manual_email
from signups.messages.emails import preview_manual_email
from signups.offer import current_offer
from signups.reports.choices import Metric
from signups.reports.daily_metrics import compute_metrics, metrics_since, refresh_metrics
from signups.scheduling.slots import BookingError
from signups.trials.actions import cancel_trial, convert_trial, undo_convert_trial
from tests.factories import calls, hosts, leads, messages, trials, users

from .conftest import NOW

THOROUGH = hypothesis.settings.get_current_profile_name() == "thorough"
PATIENT = ActorKind.PATIENT
ZONES = ("America/New_York", "Pacific/Honolulu", "Asia/Tokyo")
SPANS = [
    dt.timedelta(minutes=10),
    dt.timedelta(minutes=50),
    dt.timedelta(hours=5),
    dt.timedelta(hours=14),
    dt.timedelta(days=4),
]


class Desk(RuleBasedStateMachine):
    clock = None  # the time machine of the test

    def __init__(self):
        super().__init__()
        self.undo_all = transaction.atomic()
        self.undo_all.__enter__()
        self.now = NOW
        self.head = users.UserFactory(role=roles.HEAD)
        self.colleague = users.UserFactory(role=roles.COORDINATOR)
        self.host = hosts.HostFactory(user=self.colleague)
        self.template = messages.EmailTemplateFactory()

    @initialize(
        zone=st.sampled_from(ZONES),
        confirmed=st.booleans(),
        phone=st.booleans(),
        email=st.booleans(),
        channel=st.sampled_from(Channel),
    )
    def somebody_comes(self, zone, confirmed, phone, email, channel):
        number = {"phone": "212 555 0123", "phone_e164": "+12125550123"} if phone or not email else {"phone": ""}
        address = {} if email else {"email": "", "email_key": ""}
        preferred = {"preferred_channel": channel if email else Channel.CALL}
        self.lead = leads.LeadFactory(**number, **address, **preferred, time_zone=zone, created_at=self.now)
        if email:
            trials.TrialFactory(lead=self.lead, requested_at=self.now, started_at=self.now if confirmed else None)

    def teardown(self):
        transaction.set_rollback(True)
        self.undo_all.__exit__(None, None, None)

    def fresh(self):
        self.lead = Lead.objects.get(pk=self.lead.pk)
        return self.lead

    # --- what happens ---

    @rule(span=st.sampled_from(SPANS))
    def time_passes(self, span):
        self.now += span
        refresh_metrics(lambda: self.now)  # (the worker's part)

    @rule(purpose=st.sampled_from(OPTIONAL_CONSENTS), agrees=st.booleans())
    def consents(self, purpose, agrees):
        change = grant_consent if agrees else revoke_consent
        change(self.fresh(), purpose, channel=ConsentChannel.PHONE, by=self.head, now=self.now)

    @rule(wanted=st.booleans())
    def unsubscribes(self, wanted):
        set_reminder_preference(self.fresh(), enabled=wanted, by=PATIENT, now=self.now)

    @rule(bounced=st.booleans())
    def mail_bounces(self, bounced):
        Lead.objects.filter(pk=self.lead.pk).update(email_bounced_at=self.now if bounced else None)

    @rule()
    def asks_for_a_callback(self):
        lead = self.fresh()
        wish = CallbackDetails("646 555 0100", "+16465550100", lead.time_zone, PartOfDay.ANY, Topic.COST)
        with refusals():
            create_callback(lead, wish, channel=ConsentChannel.PAGE, form_key=uuid.uuid4(), now=self.now)

    @rule(outcome=st.sampled_from(CallOutcome))
    def colleague_calls_back(self, outcome):
        request = self.fresh().callbacks.filter(closed_at=None).first()
        if request:
            again = {"number": request.attempts.count() + 1, "next_attempt_at": self.now + dt.timedelta(hours=2)}
            with refusals():
                log_attempt(request, outcome=outcome, by=self.colleague, now=self.now, form_key=uuid.uuid4(), **again)

    @rule(hours=st.integers(3, 9))
    def nobody_answers_for_hours(self, hours):
        self.colleague_calls_back(CallOutcome.NO_ANSWER)
        self.now += dt.timedelta(hours=hours)
        refresh_metrics(lambda: self.now)

    @rule(hours=st.integers(1, 30))
    def books_a_call(self, hours):
        if self.fresh().phone_e164 and not self.lead.calls.upcoming(self.now).exists():
            self.lead.calls.filter(status="booked").update(is_current=False)
            start = self.now + dt.timedelta(hours=hours)
            calls.OnboardingCallFactory(lead=self.lead, host=self.host, starts_at=start, created_at=self.now)

    @rule(what=st.sampled_from([complete_call, mark_no_show, cancel_call]))
    def call_ends(self, what):
        call = self.fresh().calls.filter(status="booked").order_by("starts_at").first()
        if call and (what is cancel_call) == (call.starts_at > self.now):
            hold = {"notify_at": notice_time(call, self.now)} if what is cancel_call else {}
            what(call=call, by=self.colleague, now=self.now, **hold)

    @rule()
    def canceling_is_undone(self):
        if call := self.fresh().calls.filter(status="cancelled").order_by("-changed_at").first():
            with refusals():
                undo_cancel_call(call=call, by=self.colleague, now=self.now)

    @rule(outcome=st.sampled_from(OUTREACH_OUTCOMES))
    def colleague_calls(self, outcome):
        with refusals():
            log_outreach(lead=self.fresh(), outcome=outcome, by=self.head, now=self.now)

    @rule()
    def outcome_is_undone(self):
        with refusals():
            undo_outcome(self.fresh(), by=self.head, now=self.now)

    @rule(number=st.integers(0, 3), open_work=st.sampled_from(OpenWork))
    def staff_set_the_status(self, number, open_work):
        if permitted := TRANSITIONS[self.fresh().status]:
            new = {"to": permitted[number % len(permitted)], "reason": "moved", "open_work": open_work}
            with refusals():
                change_status(lead=self.lead, **new, by=self.head, now=self.now)

    @rule(somebody=st.booleans())
    def owner_changes(self, somebody):
        assign_lead(lead=self.fresh(), to=self.colleague if somebody else None, by=self.head, now=self.now)

    @rule(open_work=st.sampled_from(OpenWork))
    def converts(self, open_work):
        if trial := self.fresh().trials.first():
            with refusals():
                convert_trial(trial, by=self.head, now=self.now, open_work=open_work)

    @rule()
    def converting_is_undone(self):
        if trial := self.fresh().trials.first():
            with refusals():
                undo_convert_trial(trial, by=self.head, now=self.now)

    @rule()
    def closing_is_undone(self):
        with refusals():
            undo_closing(self.fresh(), by=self.head, now=self.now)

    @rule()
    def cancels_the_trial(self):
        if trial := self.fresh().trials.open().first():
            cancel_trial(trial, by=PATIENT, now=self.now)

    # --- what holds ---

    def shown(self, day):
        """The figures of `day` as the charts have them."""
        metrics = metrics_since(day, self.now, clinic_zone())
        return Counter({key: value for key, value in metrics.items() if key[0] == day})

    @invariant()
    def next_step_is_permitted(self):
        lead, trial = self.fresh(), self.lead.trials.first()
        facts = facts_of([lead], self.now)[lead.pk]
        step = next_action(lead, trial, self.now, facts)
        moment = max(self.now, step.at) if step and step.at else self.now
        holds = {
            "contact": lambda: may_call(lead, self.now if step.text.startswith("Check") else moment).allowed,
            "write": lambda: may_email(lead, moment).allowed,
            "text": lambda: may_text(lead, moment).allowed,
            "callback": lambda: may_call(lead, moment).allowed,
            "wait": lambda: (may_text if step.text.startswith("Text") else may_call)(lead, step.at).allowed,
            "resend_confirmation": lambda: lead.trials.open().filter(started_at=None).exists(),
            "rebook": lambda: lead.has_number_to_call and not lead.calls.upcoming(self.now).exists(),
            "appointment": lambda: lead.calls.filter(status="booked").exists(),
            "call": lambda: lead.calls.unsettled(self.now).exists(),
            "qualify": lambda: LeadStatus.QUALIFIED in TRANSITIONS[lead.status],
            "convert": lambda: lead.status == LeadStatus.QUALIFIED and trial.may_be_converted,
        }
        assert step is None or holds.get(str(step.key), lambda: True)(), step

    @invariant()
    def outbox_and_buttons_do_what_the_policy_says(self):
        self.clock.move_to(self.now, tick=False)
        lead, client = self.fresh(), Client()
        client.force_login(self.head)
        page = client.get(f"/admin/signups/lead/{lead.pk}/change/").content.decode()
        call = may_call(lead, self.now)
        assert ("tel:" in page) == call.allowed
        assert call.allowed or call.reason.replace("’", "&#x27;") in page.replace("’", "&#x27;") or not lead.phone
        permitted = may_email(lead, self.now).allowed
        assert ('id="mail"' in page) == permitted
        seen = preview_manual_email(lead, self.template).digest()
        with transaction.atomic():
            try:
                send_manual_email(
                    lead=lead, template=self.template, seen=seen, form_key=uuid.uuid4(), by=self.head, now=self.now
                )
                sent = True
            except ActionError:
                sent = False
            transaction.set_rollback(True)
        assert sent == permitted

    @invariant()
    def no_figure_contradicts_another(self):
        lead = self.fresh()
        waiting = CallbackRequest.objects.open()
        callable_now = {one.pk for one in waiting.select_related("lead") if may_call_back(one, self.now).allowed}
        due, overdue = set(waiting.due(self.now)), set(waiting.overdue(self.now).callable_at(self.now))
        assert {one.pk for one in due} <= callable_now
        assert overdue <= due
        assert all(not one.attempts.exists() for one in overdue)
        tiles = {tile.url.rpartition("=")[2]: tile.count.number for tile in dashboard.counters(self.head, self.now)}
        assert (tiles["due"], tiles["overdue"]) == (len(due), len(overdue))
        for view in ("unassigned", "ending", "refunds"):
            assert tiles[view] == SAVED_VIEWS[view].apply(Lead.objects.all(), self.head, self.now).count()
        day = lead.created_at.date()
        counted = compute_metrics(day, day + dt.timedelta(days=1), clinic_zone())
        signed_up, contacted, converted = (
            sum(value for (_, metric, _), value in counted.items() if metric == wanted)
            for wanted in (Metric.SIGNED_UP, Metric.CONTACTED, Metric.CONVERTED)
        )
        assert converted <= contacted <= signed_up == 1
        assert (lead.status == LeadStatus.NEW) or contacted or lead.status == LeadStatus.CLOSED
        assert lead.last_contact_at is None or lead.first_contact_at <= lead.last_contact_at
        logged = lead.events.filter(action__in=[AuditAction.TRIED, AuditAction.CALL_ATTEMPTED]).count()
        undone = lead.events.filter(action=AuditAction.OUTCOME_UNDONE).count()
        assert lead.last_contact_at or logged <= undone
        assert lead.last_contact_at or lead.status not in CONTACTED_STATUSES
        assert tiles["calls"] == calls_today(self.now).values("lead").distinct().count()
        ending = set(SAVED_VIEWS["ending"].apply(Lead.objects.all(), self.head, self.now))
        assert not ending or lead.status in OPEN_STATUSES
        assert counted == self.shown(day)


def clinic_zone():
    return ZoneInfo(current_offer().time_zone)


@contextmanager
def refusals():
    """What the rules refuse is no failure, and leaves nothing behind."""
    with suppress(ActionError, BookingError), transaction.atomic():
        yield


@pytest.mark.django_db
def test_desk_tells_the_truth_in_any_order(clinic, time_machine, settings):
    settings.TEXT_BACKEND = "clinic.text_backends.TextFileBackend"
    clinic.opening_hours = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(5)]
    clinic.save()
    Desk.clock = time_machine
    run_state_machine_as_test(
        Desk,
        settings=hypothesis.settings(
            max_examples=hypothesis.settings().max_examples if THOROUGH else 8,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
