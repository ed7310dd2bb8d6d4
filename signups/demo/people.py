"""Generate demo leads in batches, reproducibly, without real contact data.

E-mail domains are reserved for examples (RFC 2606). Phone numbers use unassigned area codes: the North American
Numbering Plan reserves N9X for expansion.
"""

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models

from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.callbacks.choices import CallbackOutcome, CallOutcome, Topic
from signups.callbacks.models import CallAttempt, CallbackRequest
from signups.calls.call_type_models import CallType
from signups.calls.choices import CallStatus
from signups.calls.models import OnboardingCall
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.models import Consent, ConsentText
from signups.hosts.models import Host
from signups.leads.choices import CONTACTED_STATUSES, CareFor, Channel, LeadStatus, PartOfDay
from signups.leads.models import Lead
from signups.leads.note_models import Note
from signups.trials.models import Trial

from .sample_data import (
    CLOSE_REASONS,
    FIRST,
    LAST,
    REFERRAL_ANSWERS,
    SAMPLE_NOTES,
    SAMPLE_SOURCES,
    SAMPLE_STATES,
    SAMPLE_ZONES,
)

HISTORY_SPAN = dt.timedelta(days=730)
CALLBACKS_OPEN_FOR = dt.timedelta(days=1)  # older requests were called back
ONE_DAY = dt.timedelta(days=1)
OPEN_HOURS = (14, 22)  # UTC hours in which demo hosts take calls
CALL_LENGTH = dt.timedelta(minutes=30)
DUPLICATE_RATE = 500  # one lead in this many repeats the name and number of another, as a duplicate


@dataclass
class DemoBatch:
    """Rows that are stored together, in the order of their foreign keys."""

    leads: list[Lead] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    consents: list[Consent] = field(default_factory=list)
    callbacks: list[CallbackRequest] = field(default_factory=list)
    attempts: list[CallAttempt] = field(default_factory=list)
    calls: list[OnboardingCall] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    events: list[AuditEvent] = field(default_factory=list)

    def store(self) -> None:
        for rows in vars(self).values():
            if rows:
                type(rows[0])._default_manager.bulk_create(rows, batch_size=1000)


class DemoPeople:
    """Generate `count` leads over the two years before `now`, with growing frequency.

    The same arguments produce the same leads.
    """

    def __init__(
        self,
        count: int,
        *,
        now: dt.datetime,
        coordinators: list[User],
        hosts: list[Host],
        texts: Mapping[ConsentPurpose, ConsentText],
        days: int,
        guarantee_days: int,
    ) -> None:
        self.count, self.now = count, now
        self.coordinators, self.texts = coordinators, texts
        self.days, self.guarantee_days = days, guarantee_days
        self.random = random.Random(20261125)  # noqa: S311 - not a secret: reproducible data
        self.first = _next_id(Lead)
        self.consent_id, self.callback_id = _next_id(Consent), _next_id(CallbackRequest)
        self.call_type = CallType.objects.onboarding()
        self.free_from = {host: _free_from(host, now) for host in hosts}

    def batches(self, size: int) -> Iterator[DemoBatch]:
        for start in range(0, self.count, size):
            self.batch = DemoBatch()
            for number in range(start, min(start + size, self.count)):
                self._add(number)
            yield self.batch

    def _add(self, number: int) -> None:
        rng = self.random
        created_at = self.now - HISTORY_SPAN * (1 - ((number + rng.random()) / self.count) ** 0.4)
        lead = self._lead(self.first + number, created_at)
        self.batch.leads.append(lead)
        self._event(lead, AuditAction.SIGNED_UP, created_at, None)
        if lead.email:
            self._trial(lead)
        self._consents(lead)
        is_recent = created_at > self.now - CALLBACKS_OPEN_FOR
        if lead.phone and (rng.random() < (0.7 if is_recent else 0.2) or not lead.email):
            self._callback(lead, self._consent(lead, ConsentPurpose.CALLBACKS, True, created_at))
        if lead.phone and rng.random() < 0.7:
            self._call(lead)
        if lead.owner_id and lead.status != LeadStatus.NEW:
            add = self._contact if lead.status in CONTACTED_STATUSES else self._event
            add(lead, AuditAction.MOVED, self._after(created_at, 2), lead.owner_id, seen="new", to=lead.status)
            if rng.random() < 0.05:
                text, at = rng.choice(SAMPLE_NOTES), self._after(created_at, 3)
                self.batch.notes.append(Note(lead_id=lead.pk, author_id=lead.owner_id, text=text, created_at=at))

    def _lead(self, pk: int, created_at: dt.datetime) -> Lead:
        rng = self.random
        first, last = rng.choice(FIRST), rng.choice(LAST)
        phone = ""
        if rng.random() < 0.6:
            phone = f"{rng.randint(2, 8)}9{rng.randint(0, 9)}{rng.randint(2, 9)}{rng.randrange(10**6):06}"
        name, earlier = f"{first} {last}", self.batch.leads
        if earlier and pk % DUPLICATE_RATE == 0 and (twin := earlier[-1]).phone_e164:
            name, phone = twin.name.lower().title(), twin.phone_e164[2:]
        is_phone_only = bool(phone) and rng.random() < 0.05
        letters = f"{first}.{last}".encode("ascii", "ignore").decode().lower()
        email = "" if is_phone_only else f"{letters}.{pk}@{rng.choice(('example.com', 'example.org'))}"
        status = self._status(created_at)
        if is_phone_only and status == LeadStatus.CONVERTED:  # a lead without e-mail has no trial to convert
            status = LeadStatus.QUALIFIED
        owner = None if status == LeadStatus.NEW and rng.random() < 0.7 else rng.choice(self.coordinators)
        return Lead(
            id=pk,
            name=name,
            email=email,
            email_key=email,
            phone=f"({phone[:3]}) {phone[3:6]}-{phone[6:]}" if phone else "",
            phone_e164=f"+1{phone}" if phone else "",
            time_zone=rng.choice(SAMPLE_ZONES),
            preferred_channel=rng.choice(list(Channel)) if phone else Channel.EMAIL,
            best_time=rng.choice(list(PartOfDay)),
            signing_up_for=CareFor.OTHER if rng.random() < 0.15 else CareFor.SELF,
            state=rng.choice(SAMPLE_STATES),
            referral_answer=rng.choice(REFERRAL_ANSWERS) if rng.random() < 0.1 else "",
            first_touch_source=rng.choice(SAMPLE_SOURCES),
            status=status,
            close_reason=rng.choice(CLOSE_REASONS) if status == LeadStatus.CLOSED else "",
            owner=owner,
            created_at=created_at,
        )

    def _status(self, created_at: dt.datetime) -> LeadStatus:
        """Return a status for the age: new at first, mostly closed or converted later."""
        new, contacted, qualified, closed, converted = LeadStatus.NEW, *_AFTER_NEW
        age = (self.now - created_at) / ONE_DAY
        weights = (70, 30, 0, 0, 0) if age < 2 else (5, 40, 40, 15, 0) if age < 14 else (0.2, 1, 1, 60, 38)
        return self.random.choices((new, contacted, qualified, closed, converted), weights)[0]

    def _trial(self, lead: Lead) -> None:
        rng, created_at = self.random, lead.created_at
        trial = Trial(
            lead_id=lead.pk,
            days=self.days,
            guarantee_days=self.guarantee_days,
            terms_version=self.texts[ConsentPurpose.TERMS].version,
            requested_at=created_at,
        )
        converted = lead.status == LeadStatus.CONVERTED
        # (an unconfirmed trial this old would have been deleted by retention)
        is_expired = self.now - created_at > dt.timedelta(days=settings.RETENTION_UNCONFIRMED_DAYS)
        if converted or is_expired or rng.random() < 0.85:
            trial.started_at = min(self.now, created_at + dt.timedelta(minutes=rng.randint(1, 300)))
            self._event(lead, AuditAction.TRIAL_STARTED, trial.started_at, None)
        if converted and trial.started_at:
            trial.converted_at = trial.started_at + ONE_DAY * min(self.days, 13)
            if rng.random() < 0.02:
                trial.refund_requested_at = self._after(trial.converted_at, self.guarantee_days)
                if trial.refund_requested_at < self.now - 3 * ONE_DAY:
                    trial.refunded_at = self._after(trial.refund_requested_at, 2)
        elif lead.status == LeadStatus.CLOSED and rng.random() < 0.4:
            trial.cancelled_at = self._after(trial.started_at or created_at, 5)
        self.batch.trials.append(trial)

    def _consents(self, lead: Lead) -> None:
        """Generate the consents granted at sign-up."""
        ticked = [ConsentPurpose.TERMS, ConsentPurpose.PRIVACY] if lead.email else []
        if lead.email and self.random.random() < 0.3:
            ticked.append(ConsentPurpose.NEWS)
        if lead.email and lead.phone and self.random.random() < 0.6:
            ticked.append(ConsentPurpose.CALLS)
        for purpose in ticked:
            self._consent(lead, purpose, True, lead.created_at)
        if lead.email and ConsentPurpose.NEWS in ticked and self.random.random() < 0.1:
            self._consent(lead, ConsentPurpose.NEWS, False, self._after(lead.created_at, 60))

    def _consent(self, lead: Lead, purpose: ConsentPurpose, granted: bool, at: dt.datetime) -> Consent:
        row = Consent(
            id=self.consent_id,
            lead_id=lead.pk,
            text_id=self.texts[purpose].pk,
            granted=granted,
            channel=ConsentChannel.WEB if granted else ConsentChannel.EMAIL,
            created_at=at,
        )
        self.consent_id += 1
        self.batch.consents.append(row)
        return row

    def _callback(self, lead: Lead, consent: Consent) -> None:
        rng, created_at = self.random, lead.created_at
        row = CallbackRequest(
            id=self.callback_id,
            lead_id=lead.pk,
            phone=lead.phone,
            phone_e164=lead.phone_e164,
            time_zone=lead.time_zone,
            best_time=lead.best_time,
            topic=rng.choice(list(Topic)),
            consent_id=consent.pk,
            created_at=created_at,
            due_at=created_at + dt.timedelta(hours=4),
        )
        self.callback_id += 1
        self.batch.callbacks.append(row)
        self._event(lead, AuditAction.CALLBACK_REQUESTED, created_at, None)
        called = created_at + dt.timedelta(minutes=rng.randint(10, 360))
        if created_at < self.now - CALLBACKS_OPEN_FOR:
            by = rng.choice(self.coordinators)
            how = rng.choices((CallOutcome.REACHED, CallOutcome.WRONG_NUMBER, CallOutcome.DECLINED), (85, 5, 10))[0]
            row.closed_at, row.outcome = called, CallbackOutcome(how.value)
            row.claimed_by_id, row.claimed_at = by.pk, called
            self.batch.attempts.append(
                CallAttempt(request_id=row.pk, number=1, attempted_at=called, attempted_by_id=by.pk, outcome=how)
            )
            self._contact(lead, AuditAction.CALL_ATTEMPTED, called, by.pk, number=1, outcome=how.value)

    def _call(self, lead: Lead) -> None:
        """Generate a half-hour call with a free host within a week, if there is one."""
        rng, host = self.random, self.random.choice(list(self.free_from))
        starts = _in_hours(max(self.free_from[host], lead.created_at + ONE_DAY * rng.randint(1, 6)))
        if starts > lead.created_at + 7 * ONE_DAY:
            return
        self.free_from[host] = starts + CALL_LENGTH
        status = CallStatus.BOOKED
        if starts + CALL_LENGTH < self.now:
            ends = (CallStatus.COMPLETED, CallStatus.NO_SHOW, CallStatus.CANCELLED)
            status = rng.choices(ends, (80, 12, 8))[0]
        self.batch.calls.append(
            OnboardingCall(
                lead_id=lead.pk,
                host_id=host.pk,
                call_type=self.call_type,
                starts_at=starts,
                ends_at=starts + CALL_LENGTH,
                blocked_from=starts,
                blocked_to=starts + CALL_LENGTH,
                status=status,
                uid=f"demo-{lead.pk}@clinic.example",
                created_at=lead.created_at,
                changed_at=lead.created_at,
            )
        )
        self._event(lead, AuditAction.CALL_BOOKED, lead.created_at, None)
        outcomes = {CallStatus.COMPLETED: AuditAction.CALL_COMPLETED, CallStatus.NO_SHOW: AuditAction.CALL_MISSED}
        if status in outcomes:
            self._contact(lead, outcomes[status], starts + CALL_LENGTH, host.user_id)

    def _contact(self, lead: Lead, action: AuditAction, at: dt.datetime, staff: int | None, **detail: Any) -> None:
        """Add the event of a contact, and its time to the lead."""
        lead.first_contact_at = min(lead.first_contact_at or at, at)
        lead.last_contact_at = max(lead.last_contact_at or at, at)
        self._event(lead, action, at, staff, **detail)

    def _event(self, lead: Lead, action: AuditAction, at: dt.datetime, staff: int | None, **detail: Any) -> None:
        kind = ActorKind.STAFF if staff else ActorKind.PATIENT
        self.batch.events.append(
            AuditEvent(lead_id=lead.pk, action=action, occurred_at=at, actor_kind=kind, actor_id=staff, detail=detail)
        )

    def _after(self, moment: dt.datetime, days: int) -> dt.datetime:
        """Return a random moment within `days` after `moment`, not in the future."""
        return min(self.now, moment + ONE_DAY * days * self.random.random())


_AFTER_NEW = (LeadStatus.CONTACTED, LeadStatus.QUALIFIED, LeadStatus.CLOSED, LeadStatus.CONVERTED)


def _next_id(model: type[models.Model]) -> int:
    return (model._default_manager.aggregate(last=models.Max("pk"))["last"] or 0) + 1


def _free_from(host: Host, now: dt.datetime) -> dt.datetime:
    last = host.calls.booked().aggregate(last=models.Max("blocked_to"))["last"]
    return last or now - HISTORY_SPAN


def _in_hours(moment: dt.datetime) -> dt.datetime:
    """Return the next half hour after `moment` within OPEN_HOURS."""
    moment = moment.replace(minute=0 if moment.minute < 30 else 30, second=0, microsecond=0) + CALL_LENGTH
    opens, closes = OPEN_HOURS
    if moment.hour < opens:
        return moment.replace(hour=opens, minute=0)
    return (moment + ONE_DAY).replace(hour=opens, minute=0) if moment.hour >= closes else moment
