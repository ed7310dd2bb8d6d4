"""The delivery job: lease due messages, send them, save the results.

Emails and texts share the lease, the backoff and the limits. Crash-safe: a message becomes `sent` only after the mail
server or provider accepted it, and the lease of a dead worker expires. At most the one message that had been accepted
when the worker died is sent again, an email with the same `Message-ID`; a worker that survives and only lost the
database sends nothing twice. Several workers, on any number of machines, may run concurrently.
"""

import datetime as dt
import logging
import threading
import uuid
from collections.abc import Callable

from django.db import connection, transaction
from django.db.models import Case, DateTimeField, F, Value, When
from django.db.models.functions import Coalesce

from clinic.lib.text_messages import TextRefused
from signups.audit.choices import ActorKind
from signups.consents.actions import revoke_consent, stop_texts_to
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.leads import links as lead_links
from signups.leads.choices import LeadStatus
from signups.ops import restore_journal

from . import failures, kinds, outbox, reports, send_policy
from .choices import MessageStatus
from .models import OutboxMessage, OutboxMessageQuerySet, SentBeforeRestore
from .transports import Transports

logger = logging.getLogger(__name__)

DELIVERY_BATCH = 20
LEASE = dt.timedelta(minutes=6)
RENEW_LEASE_AFTER = dt.timedelta(minutes=1)  # the rest of the lease exceeds settings.EMAIL_TIMEOUT
# Refreshed just before delivery: the lead may have been erased or changed since its message was leased.
REFRESHED_LEAD_FIELDS = (
    *("status", "email", "email_key", "phone_e164", "unsubscribed_at", "email_bounced_at", "portal_token_version"),
    *("time_zone", "zone_is_guessed", "state", "texts_failed_at", "no_texts_at", "wrong_number_at"),
)
FIRST_RETRY_DELAY = dt.timedelta(minutes=1)
MAX_RETRY_DELAY = dt.timedelta(hours=6)
MAX_ATTEMPTS = 12  # about 36 hours, delays included
MAX_WORKER_CRASHES = 5  # workers that may die while delivering the same message

Clock = Callable[[], dt.datetime]


class _UnsavedResults(threading.local):
    """Results accepted by the mail server or provider but not yet saved.

    They accumulate while the database is unavailable or full.
    """

    def __init__(self) -> None:
        self.pending: list[tuple[OutboxMessage, dict[str, object]]] = []


_unsaved = _UnsavedResults()


def deliver_due(clock: Clock) -> int:
    """Send one batch of due messages.

    Returns the number leased, so that 0 means that nothing is due.
    """
    _flush_results()
    token = uuid.uuid4()
    renewed = clock()
    leased = _cancel_sent_before_restore(_lease_batch(token, renewed), token)
    transports = Transports()
    for message in leased:
        if (now := clock()) - renewed > RENEW_LEASE_AFTER:
            OutboxMessage.objects.pending().filter(lease_token=token).update(lease_expires_at=now + LEASE)
            renewed = now
        _deliver(message, token, transports, clock)
    transports.close()
    return len(leased)


@transaction.atomic
def _lease_batch(token: uuid.UUID, now: dt.datetime) -> list[OutboxMessage]:
    """Lease up to BATCH due messages.

    A message whose earlier lease expired is leased alone: it may have crashed its worker and could crash the next.
    """
    skip = connection.features.has_select_for_update_skip_locked
    due = OutboxMessage.objects.due(now).select_related("lead").select_for_update(of=("self",), skip_locked=skip)
    found = list(due[:DELIVERY_BATCH])
    for message in found:
        message.crash_count += message.lease_token is not None
    alone = [message for message in found[:1] if message.crash_count]
    leased = alone or [message for message in found if not message.crash_count]
    ours = OutboxMessage.objects.filter(pk__in=[message.pk for message in leased])
    crashes = sum(message.crash_count for message in alone)
    first_attempt_at = Coalesce("first_attempt_at", Value(now, DateTimeField()))
    ours.update(lease_token=token, lease_expires_at=now + LEASE, crash_count=crashes, first_attempt_at=first_attempt_at)
    for message in leased:
        message.first_attempt_at = message.first_attempt_at or now
    return leased


def _cancel_sent_before_restore(leased: list[OutboxMessage], token: uuid.UUID) -> list[OutboxMessage]:
    """Cancel what the restore journal knows as sent; return the others."""
    sent = SentBeforeRestore.objects.among(leased)
    for message in sent:
        ours = OutboxMessage.objects.pending().filter(pk=message.pk, lease_token=token)
        _release(ours, status=MessageStatus.CANCELLED, **_without_links(message))
    return [message for message in leased if message not in sent]


def _deliver(message: OutboxMessage, token: uuid.UUID, transports: Transports, clock: Clock) -> None:
    """Send one message, unless its lease was lost meanwhile.

    The lease is lost when this process was suspended and another worker took the message over.
    """
    ours = OutboxMessage.objects.pending().filter(pk=message.pk, lease_token=token)
    today = ours.order_by().values(*(f"lead__{name}" for name in REFRESHED_LEAD_FIELDS))
    if not today:
        return
    for name in REFRESHED_LEAD_FIELDS:
        setattr(message.lead, name, today[0][f"lead__{name}"])
    if (later := send_policy.earliest_send_time(message, now := clock())) > now:
        untried = {} if message.attempts or message.crash_count else {"first_attempt_at": None}
        _release(ours, send_at=later, **untried)
        return
    if why := send_policy.why_not_send(message, now):
        _release(ours, status=MessageStatus.CANCELLED, last_error=why, **_without_links(message))
        return
    if message.crash_count >= MAX_WORKER_CRASHES:
        _not_sent(message, ours, _mark_failed(message, f"{message.crash_count} workers died with it in hand"))
        return
    try:
        outbox.rerender(message)
        transports.send(message)
    except Exception as error:  # (one failing message must not block the others)
        message.attempts += 1
        with transaction.atomic():
            _not_sent(message, ours, _after_failure(message, error, now := clock()))
            _note_consequences(message, error, now)
        transports.close()
        return
    _journal(message, sent_at := clock())
    # A report of the provider may have come before its answer.
    status = Case(When(returned_at=None, then=Value(MessageStatus.SENT)), default=Value(MessageStatus.RETURNED))
    report = Case(When(returned_at=None, then=Value("")), default=F("last_error"))
    sent = {"status": status, "sent_at": sent_at, "attempts": message.attempts + 1, "last_error": report}
    message.lease_token = token
    _unsaved.pending.append((message, sent | _without_links(message)))
    _flush_results()


def _journal(message: OutboxMessage, now: dt.datetime) -> None:
    """Note outside the database that it was sent; a full disk keeps nothing from being sent."""
    try:
        restore_journal.append([{"at": now.isoformat(), "act": "sent", "message": SentBeforeRestore.hash_of(message)}])
    except OSError:
        logger.exception("the restore journal could not be written")


def _release(ours: OutboxMessageQuerySet, **outcome: object) -> None:
    ours.update(**outcome, lease_token=None, lease_expires_at=None)


def _without_links(message: OutboxMessage) -> dict[str, object]:
    """Return the bodies with links redacted, for staff to read after delivery."""
    return {"text": lead_links.redact_tokens(message.text), "html": lead_links.redact_tokens(message.html)}


def _not_sent(message: OutboxMessage, ours: OutboxMessageQuerySet, outcome: dict[str, object]) -> None:
    """Save why the message was not sent, and whether it will be retried."""
    _release(ours, **outcome, attempts=message.attempts)
    if outcome.get("status") == MessageStatus.FAILED:
        _erase_if_person_erased(message)
    logger.warning("message %s was not sent: %s", message.pk, outcome["last_error"])


def _note_consequences(message: OutboxMessage, error: Exception, now: dt.datetime) -> None:
    """Remember what the refusal says about the person: a dead address, or STOP sent to the carrier."""
    if failures.is_dead_address(error):
        reports.note_dead_address(message, code=failures.summarize(error), now=now)
    if isinstance(error, TextRefused) and error.opted_out:
        revoke_consent(message.lead, ConsentPurpose.TEXTS, channel=ConsentChannel.TEXT, by=ActorKind.PATIENT, now=now)
        stop_texts_to(message.to, now=now)


def _flush_results() -> None:
    """Save pending results before the next message is sent.

    On a database error keep them and retry on the next call.
    """
    while _unsaved.pending:
        message, outcome = _unsaved.pending[0]
        _release(OutboxMessage.objects.pending().filter(pk=message.pk, lease_token=message.lease_token), **outcome)
        _erase_if_person_erased(message)
        del _unsaved.pending[0]


def _erase_if_person_erased(message: OutboxMessage) -> None:
    """Erase the content of a finished message whose lead was erased.

    Applies to kinds that survive the erasure: the receipt and messages to staff.
    """
    if kinds.get(message.kind).survives_erasure:
        rows = OutboxMessage.objects.filter(pk=message.pk, lead__status=LeadStatus.ERASED)
        rows.update(**OutboxMessage.PII_FIELDS)


def _after_failure(message: OutboxMessage, error: Exception, now: dt.datetime) -> dict[str, object]:
    """Return the outcome of a failed attempt: retry with exponential backoff, or fail.

    Fails at once on a permanent error.
    """
    if message.attempts >= MAX_ATTEMPTS or failures.is_permanent(error):
        return _mark_failed(message, failures.summarize(error))
    delay = min(FIRST_RETRY_DELAY * 2 ** (message.attempts - 1), MAX_RETRY_DELAY)
    return {"send_at": now + delay, "last_error": failures.summarize(error)}


def _mark_failed(message: OutboxMessage, why: str) -> dict[str, object]:
    return {"status": MessageStatus.FAILED, "last_error": why, **_without_links(message)}
