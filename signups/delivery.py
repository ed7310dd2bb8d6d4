"""The delivery worker's work: take due messages under a lease, send them, note what became of them.

Killed at any point, it loses nothing: a message is `sent` only after the mail server took it, and a dead worker's lease
runs out. At most the one message that the server had taken when the worker died goes out again, with the same
`Message-ID`; a worker that lives on and only lost the database sends nothing twice. Several workers, on any number of
machines, share the work without meeting.
"""

import datetime as dt
import logging
import smtplib
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction

from . import emails, links, terms, wanted
from .models import Message
from .models.messages import MessageQuerySet
from .states import GONE, TO_STAFF, LeadStatus, MessageKind, MessageStatus

logger = logging.getLogger(__name__)

BATCH = 20
LEASE = dt.timedelta(minutes=6)
RENEWED_AFTER = dt.timedelta(minutes=1)  # what is left is longer than one message can take (settings.EMAIL_TIMEOUT)
# What is read again of a message's person before it goes out: they may be gone, or have moved, since it was taken.
MAY_HAVE_CHANGED = ("status", "email", "mail_stopped_at", "time_zone", "link_version")
FIRST_PAUSE = dt.timedelta(minutes=1)
LONGEST_PAUSE = dt.timedelta(hours=6)
MOST_ATTEMPTS = 12  # with the pauses between them, about a day and a half
MOST_LOSSES = 5  # workers that may die with the same message in hand

Clock = Callable[[], dt.datetime]


class _Hand(threading.local):
    """What the mail server took from this worker and the database, away or full, does not know yet."""

    def __init__(self) -> None:
        self.untold: list[tuple[Message, dict[str, object]]] = []


_hand = _Hand()


def deliver_due(clock: Clock) -> int:
    """Sends one batch of due messages; returns how many were taken, so that 0 means there is nothing to do."""
    _tell()
    lease = uuid.uuid4()
    renewed = clock()
    taken = _take(lease, renewed)
    mail_server = get_connection()
    for message in taken:
        if (now := clock()) - renewed > RENEWED_AFTER:
            Message.objects.pending().filter(lease=lease).update(leased_until=now + LEASE)
            renewed = now
        _deliver(message, lease, mail_server, clock)
    _hang_up(mail_server)
    return len(taken)


@transaction.atomic
def _take(lease: uuid.UUID, now: dt.datetime) -> list[Message]:
    """Up to BATCH due messages, ours alone until the lease ends.

    One whose lease a worker has lost is taken by itself: it may be what killed that worker, and with it the next.
    """
    skip = connection.features.has_select_for_update_skip_locked
    due = Message.objects.due(now).select_related("lead").select_for_update(of=("self",), skip_locked=skip)
    found = list(due[:BATCH])
    for message in found:
        message.losses += message.lease is not None
    alone = [message for message in found[:1] if message.losses]
    taken = alone or [message for message in found if not message.losses]
    ours = Message.objects.filter(pk__in=[message.pk for message in taken])
    ours.update(lease=lease, leased_until=now + LEASE, losses=sum(message.losses for message in alone))
    return taken


def _deliver(message: Message, lease: uuid.UUID, mail_server: BaseEmailBackend, clock: Clock) -> None:
    """Sends one message, unless its lease was lost meanwhile (this process slept, and another took over)."""
    ours = Message.objects.pending().filter(pk=message.pk, lease=lease)
    today = ours.order_by().values(*(f"lead__{name}" for name in MAY_HAVE_CHANGED))
    if not today:
        return
    for name in MAY_HAVE_CHANGED:
        setattr(message.lead, name, today[0][f"lead__{name}"])
    if (later := wanted.not_before(message, now := clock())) > now:
        ours.update(send_at=later, lease=None, leased_until=None)
        return
    if not wanted.still(message, now):
        ours.update(status=MessageStatus.WITHDRAWN, lease=None, leased_until=None, **_without_links(message))
        return
    if message.losses >= MOST_LOSSES:
        _not_sent(message, ours, _given_up(message, f"{message.losses} workers died with it in hand"))
        return
    try:
        emails.renew(message)
        mail_server.open()  # once per batch: it does nothing while the connection stands
        mail_server.send_messages([compose(message)])
    except Exception as error:  # (whatever is wrong with one message must not keep back the others)
        message.attempts += 1
        _not_sent(message, ours, _after_failure(message, error, clock()))
        _hang_up(mail_server)
        return
    sent = {"status": MessageStatus.SENT, "sent_at": clock(), "attempts": message.attempts + 1, "last_error": ""}
    message.lease = lease
    _hand.untold.append((message, sent | _without_links(message)))
    _tell()


def _without_links(message: Message) -> dict[str, object]:
    """What is kept of a message that waits no more, for the staff to read: the patient's private link is not theirs."""
    return {"text": links.redact(message.text), "html": links.redact(message.html)}


def _not_sent(message: Message, ours: MessageQuerySet, outcome: dict[str, object]) -> None:
    """Notes why it was not sent, and whether it is tried again."""
    ours.update(**outcome, attempts=message.attempts, lease=None, leased_until=None)
    if outcome.get("status") == MessageStatus.DEAD:
        _forget(message)
    logger.warning("message %s was not sent: %s", message.pk, outcome["last_error"])


def _tell() -> None:
    """Notes what was sent, before anything else is. Raises the database's errors, and tries again the next time."""
    while _hand.untold:
        message, outcome = _hand.untold[0]
        ours = Message.objects.pending().filter(pk=message.pk, lease=message.lease)
        ours.update(**outcome, lease=None, leased_until=None)
        _forget(message)
        del _hand.untold[0]


def _forget(message: Message) -> None:
    """What still had to be said after an erasure (the receipt, a word to staff) is erased as soon as that is done."""
    if message.kind in (MessageKind.ERASED, *TO_STAFF):
        Message.objects.filter(pk=message.pk, lead__status=LeadStatus.ERASED).update(**Message.PERSONAL)


def _hang_up(mail_server: BaseEmailBackend) -> None:
    with suppress(OSError, smtplib.SMTPException):  # whatever it wanted to say, its messages are accounted for
        mail_server.close()


def _after_failure(message: Message, error: Exception, now: dt.datetime) -> dict[str, object]:
    """Tried again after twice the last pause; given up at once when the server says that it never will (5xx)."""
    if message.attempts >= MOST_ATTEMPTS or _is_final(error):
        return _given_up(message, _why(error))
    pause = min(FIRST_PAUSE * 2 ** (message.attempts - 1), LONGEST_PAUSE)
    return {"send_at": now + pause, "last_error": _why(error)}


def _given_up(message: Message, why: str) -> dict[str, object]:
    return {"status": MessageStatus.DEAD, "last_error": why, **_without_links(message)}


def _codes(error: Exception) -> list[int]:
    """The reply codes in `error` (RFC 5321 §4.2.1): one for each refused recipient, one for a refused command."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _ in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []


def _is_final(error: Exception) -> bool:
    """The server refuses this message for ever. A refused sign-in is the operator's to mend, so it is not."""
    codes = _codes(error)
    return bool(codes) and all(code >= 500 for code in codes) and not isinstance(error, smtplib.SMTPAuthenticationError)


def _why(error: Exception) -> str:
    """For the staff: the kind of error and its codes; the server's own words may repeat the address."""
    return " ".join([type(error).__name__, *map(str, _codes(error))])


def compose(message: Message) -> EmailMultiAlternatives:
    """The message as it goes out; every attempt carries the same Message-ID and date."""
    clinic = terms.current()
    domain = clinic.mailbox.rpartition("@")[2]
    headers = {
        "Message-ID": f"<{message.pk}@{domain}>",
        "Date": formatdate(message.created_at.timestamp()),
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office replies, please
    }
    if message.lead.status not in GONE and message.kind not in TO_STAFF:
        headers["List-Unsubscribe"] = f"<{links.stop_url(message.lead)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=f'"{clinic.clinic_name}" <{clinic.mailbox}>',
        to=[message.to],
        headers=headers,
    )
    mail.attach_alternative(message.html, "text/html")
    if message.calendar:
        # Among the alternatives, where mail programs look for an invitation; its method is named twice (RFC 6047 §2.4).
        mail.attach_alternative(message.calendar, f"text/calendar; method={message.calendar_method}")
    return mail
