"""One function per message. Each writes a row of the outbox in the caller's transaction; nothing is sent here."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape, format_html, linebreaks
from django.utils.safestring import mark_safe

from . import links, normalise, places, terms, zones
from .models import CallbackRequest, Host, Lead, MailTemplate, Message, OnboardingCall, OpeningRequest, Trial
from .models.mail_templates import fill
from .scheduling.invitations import Entry, invitation
from .states import AHEAD, FROM_DESK, TO_STAFF, CalendarMethod, CallStatus, MailPurpose, MessageKind

REMINDERS = {
    MessageKind.CALL_DAY_BEFORE: dt.timedelta(hours=24),
    MessageKind.CALL_HOUR_BEFORE: dt.timedelta(hours=1),
}

MESSAGES_PER_HOUR = 3  # of one kind to one person: nobody's mailbox is flooded through us


def confirm_trial(trial: Trial, *, now: dt.datetime) -> Message:
    """Asks whether the address is theirs; the trial starts with the answer. Once per version of the lead's links."""
    lead = trial.lead
    context = {"link": links.confirm_url(lead), "trial": trial}
    return _write(MessageKind.CONFIRM_TRIAL, lead, lead.confirm_version, now, context)


def trial_exists(lead: Lead, *, now: dt.datetime) -> Message:
    """To the owner of an address that signed up again: nothing new was started. Once per repeat."""
    return _write(MessageKind.TRIAL_EXISTS, lead, _again(), now, _my(lead))


def trial_started(trial: Trial, *, now: dt.datetime) -> Message:
    """The free days run, and when they end, with the link to the person's own page. Once per trial."""
    return _write(MessageKind.TRIAL_STARTED, trial.lead, trial.pk, now, _of_trial(trial))


def trial_ending(trial: Trial, *, now: dt.datetime) -> Message:
    """Written with the start, sent a day before the end, by day. Once per trial."""
    at = trial.ends_at - dt.timedelta(days=1) if trial.ends_at else now
    return _write(MessageKind.TRIAL_ENDING, trial.lead, trial.pk, now, _of_trial(trial), send_at=at)


def trial_ended(trial: Trial, *, now: dt.datetime) -> Message:
    """Written with the start, sent after the end, by day. Once per trial."""
    return _write(MessageKind.TRIAL_ENDED, trial.lead, trial.pk, now, _of_trial(trial), send_at=trial.ends_at)


def trial_cancelled(trial: Trial, *, now: dt.datetime) -> Message:
    """It is over, and until when that can be taken back. Once per cancelling."""
    return _write(MessageKind.TRIAL_CANCELLED, trial.lead, _again(), now, _of_trial(trial))


def converted(trial: Trial, *, now: dt.datetime) -> Message:
    """They are a paying patient now, and the last day of their guarantee. Once per trial."""
    context = {"last_day": trial.guarantee_last_day(trial.lead.time_zone), **_of_trial(trial)}
    return _write(MessageKind.CONVERTED, trial.lead, trial.pk, now, context)


def refund_requested(trial: Trial, *, now: dt.datetime) -> Message:
    """The request is in, and accepted. Once per trial."""
    return _write(MessageKind.REFUND_REQUESTED, trial.lead, trial.pk, now, _of_trial(trial))


def my_link(lead: Lead, *, now: dt.datetime) -> Message:
    """The link to the person's own page, once per wish for it. Only to an address that was confirmed."""
    return _write(MessageKind.MY_LINK, lead, _again(), now, _my(lead))


def state_opened(request: OpeningRequest, *, now: dt.datetime) -> Message:
    """The clinic works where they live now. Once per request."""
    context = {"state": places.name(request.state), "start": settings.SITE_URL + reverse("start")}
    return _write(MessageKind.STATE_OPENED, request.lead, request.pk, now, context)


def erased(lead: Lead, *, now: dt.datetime) -> Message:
    """The receipt of an erasure, to the address that `lead` still carries in memory. Once per lead.

    The only message that goes to somebody erased; its row forgets the address and the text as soon as it was sent.
    """
    return _write(MessageKind.ERASED, lead, 1, now, {"at": now, "stop": ""})


@dataclass(frozen=True)
class Letter:
    """What a message says, in each of its parts."""

    subject: str
    text: str
    html: str

    def shown(self) -> "Letter":
        """As staff may see it: without the private part of the links."""
        return Letter(self.subject, links.redact(self.text), links.redact(self.html))

    def digest(self) -> str:
        """The same for two that say the same; the private part of a link is new each time it is written."""
        shown = self.shown()
        return hashlib.sha256("\0".join([shown.subject, shown.text, shown.html]).encode()).hexdigest()


def desk_letter(lead: Lead, template: MailTemplate) -> Letter:
    """What `from_desk` would send."""
    return _render(FROM_DESK[MailPurpose(template.purpose)], lead, _filled(lead, template))


def from_desk(lead: Lead, template: MailTemplate, *, now: dt.datetime) -> Message:
    """What a member of staff sends from the desk, as often as they do."""
    return _write(FROM_DESK[MailPurpose(template.purpose)], lead, _again(), now, _filled(lead, template))


def _filled(lead: Lead, template: MailTemplate) -> dict[str, str]:
    """The template's words with its placeholders filled, for each part of the message."""
    clinic, my = terms.current(), _my(lead)["my"]
    values = {
        "first_name": (lead.name.split() or [""])[0],
        "clinic": clinic.clinic_name,
        "clinic_phone": clinic.clinic_phone,
        "my_link": my,
    }
    escaped: Mapping[str, str] = {name: escape(value) for name, value in values.items()}
    link = format_html('<a href="{}">{}</a>', my, my)
    html = mark_safe(linebreaks(fill(escape(template.text), {**escaped, "my_link": link})))  # noqa: S308  (escaped here)
    return {"title": fill(template.subject, values), "words": fill(template.text, values), "marked": html}


def has_room(lead: Lead, kind: MessageKind, *, now: dt.datetime) -> bool:
    """Whether another message of this kind may be written to `lead`, whoever asks for it."""
    return lead.messages.filter(kind=kind, created_at__gt=now - dt.timedelta(hours=1)).count() < MESSAGES_PER_HOUR


def unreachable(request: CallbackRequest, *, now: dt.datetime) -> Message | None:
    """We called and did not reach them; we stop unless they ask again. Once per request; None without an address."""
    if not request.lead.email:
        return None
    context = {"link": settings.SITE_URL + reverse("callback")}
    return _write(MessageKind.UNREACHABLE, request.lead, request.pk, now, context)


def call_booked(call: OnboardingCall, *, now: dt.datetime) -> Message | None:
    """When the call is, with an invitation; written again, it is the same call with a newer stamp."""
    return _to_patient(
        MessageKind.CALL_BOOKED, call, now, time=call.messages.filter(kind=MessageKind.CALL_BOOKED).count()
    )


def call_changed(call: OnboardingCall, *, now: dt.datetime) -> Message | None:
    """Another time, or another host: the invitation of the same call, changed. Once per change."""
    return _to_patient(MessageKind.CALL_MOVED, call, now)


def call_cancelled(call: OnboardingCall, *, now: dt.datetime) -> Message | None:
    """The call is off, also in the person's calendar. Once per call."""
    return _to_patient(MessageKind.CALL_CANCELLED, call, now)


def call_reminders(call: OnboardingCall, *, now: dt.datetime) -> None:
    """A day and an hour before, unless that has passed already: each once per state of the call."""
    for kind, ahead in REMINDERS.items():
        if call.starts_at - ahead >= now:
            _to_patient(kind, call, now, invite=False, send_at=call.starts_at - ahead)


def host_call(call: OnboardingCall, *, now: dt.datetime) -> Message:
    """To the host: a call of theirs, new or changed. Once per state of the call."""
    return _to_host(MessageKind.HOST_CALL, call, call.host, now)


def host_call_off(call: OnboardingCall, host: Host, *, now: dt.datetime) -> Message:
    """To a `host` who is rid of it: cancelled, or given to another. Once per state of the call."""
    return _to_host(MessageKind.HOST_CALL_OFF, call, host, now)


def host_entry(call: OnboardingCall, *, stamp: dt.datetime, off: bool = False) -> Entry:
    """`call` as its host's calendar reads it: initials, and nothing else about the patient. `off`: theirs no longer."""
    return _entry(call, f"Onboarding call with {normalise.initials(call.lead.name)}", stamp, off)


def _entry(call: OnboardingCall, summary: str, stamp: dt.datetime, off: bool = False) -> Entry:
    cancelled = off or call.status == CallStatus.CANCELLED
    return Entry(call.uid, call.sequence, call.starts_at, call.ends_at, stamp, summary, cancelled=cancelled)


def _to_patient(
    kind: MessageKind,
    call: OnboardingCall,
    now: dt.datetime,
    *,
    invite: bool = True,
    time: int = 0,
    **row: Any,
) -> Message | None:
    """None for who gave no address."""
    lead = call.lead
    if not lead.email:
        return None
    if invite:
        row |= _invitation(_entry(call, f"Free call with {terms.current().clinic_name}", now), lead.email)
    occasion = f"{_state(call)}.{time}"
    return _write(kind, lead, occasion, now, _of_call(call, lead), call=call, call_sequence=call.sequence, **row)


def _to_host(kind: MessageKind, call: OnboardingCall, host: Host, now: dt.datetime) -> Message:
    """Initials, and nothing else about the patient: the rest stands on the desk."""
    to = host.user.email or terms.current().mailbox
    row = _invitation(host_entry(call, stamp=now, off=kind == MessageKind.HOST_CALL_OFF), to)
    context = {
        "initials": normalise.initials(call.lead.name),
        "when": zones.moment(call.starts_at, host.time_zone),
        "desk": settings.SITE_URL + reverse("admin:index"),
    }
    occasion = f"{_state(call)}.{host.pk}"
    return _write(kind, call.lead, occasion, now, context, to=to, call=call, call_sequence=call.sequence, **row)


def _invitation(entry: Entry, to: str) -> dict[str, Any]:
    """The columns of a message that carries `entry`."""
    clinic = terms.current()
    text = invitation(entry, organizer=clinic.mailbox, organizer_name=clinic.clinic_name, attendee=to)
    return {"calendar": text, "calendar_method": CalendarMethod.CANCEL if entry.cancelled else CalendarMethod.REQUEST}


def _state(call: OnboardingCall) -> str:
    """What a message about `call` tells of, and tells once."""
    return f"{call.pk}.{call.sequence}"


def _of_trial(trial: Trial) -> dict[str, Any]:
    return {"trial": trial, **_my(trial.lead)}


def _of_call(call: OnboardingCall, lead: Lead) -> dict[str, Any]:
    return {"host": call.host, "when": zones.moment(call.starts_at, lead.time_zone), **_my(lead)}


def trial_of(message: Message) -> Trial:
    """The one that a message about a trial tells of: its occasion."""
    return Trial.objects.get(pk=int(message.dedupe_key.rpartition(":")[2]))


def renew(message: Message) -> None:
    """Fills in what a message of AHEAD says now: meanwhile its person may have moved, or been given another link."""
    lead = message.lead
    if message.kind in AHEAD:
        context = _of_call(message.call, lead) if message.call else {"trial": trial_of(message), **_my(lead)}
        letter = _render(MessageKind(message.kind), lead, context)
        message.text, message.html = letter.text, letter.html


def _my(lead: Lead) -> dict[str, str]:
    """The link to their page, for an address that is known to be theirs."""
    return {"my": links.my_url(lead) if lead.has_confirmed() else ""}


def _again() -> str:
    """The occasion of what is told as often as it happens."""
    return uuid.uuid4().hex


def _write(
    kind: MessageKind, lead: Lead, occasion: int | str, now: dt.datetime, context: dict[str, Any], **row: Any
) -> Message:
    """Renders `emails/<kind>.{subject.txt,txt,html}` and stores the outcome; the same `occasion` is told once.

    `row`: columns that differ from a plain message to the lead, sent at once.
    """
    letter = _render(kind, lead, context)
    if kind in AHEAD:
        letter = letter.shown()  # no link lies about in the database until it is needed
    fields = {
        "lead": lead,
        "kind": kind,
        "dedupe_key": f"{kind}:{lead.pk}:{occasion}",
        "to": lead.email,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "created_at": now,
        "send_at": now,
    }
    return Message.objects.create(**(fields | row))


def _render(kind: MessageKind, lead: Lead, context: dict[str, Any]) -> Letter:
    stop = "" if kind in TO_STAFF else links.stop_url(lead)
    full = {"stop": stop, **context, "lead": lead, "terms": terms.current()}
    return Letter(
        subject=" ".join(render_to_string(f"emails/{kind}.subject.txt", full).split()),
        text=render_to_string(f"emails/{kind}.txt", full),
        html=render_to_string(f"emails/{kind}.html", full),
    )
