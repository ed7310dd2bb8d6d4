"""Worker job: read the clinic's mailbox over IMAP for bounces, complaints and replies.

Messages stay there unread and unmoved, for people. A message that cannot be read is skipped; trouble with the server is
logged, and the next run goes on where the last one ended.
"""

import datetime as dt
import imaplib
import logging
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from clinic.lib import normalization
from signups.leads.models import Lead
from signups.offer import current_offer

from . import reports
from .choices import MessageChannel
from .email_parser import MAX_LENGTH, EmailKind, ParsedEmail, parse_email
from .failures import is_dead_address_code
from .incoming import Incoming, store
from .mailbox_models import MailboxPosition
from .models import OutboxMessage
from .signals import calendar_reply_received

logger = logging.getLogger(__name__)

MAILBOX_BATCH = 50
LOOK_BACK = dt.timedelta(days=7)  # after the server numbered its messages anew


def read_mailbox(clock: Callable[[], dt.datetime]) -> int:
    """Read up to MAILBOX_BATCH new messages; return how many. Reads none that were there before the first run."""
    if not settings.IMAP_HOST:
        return 0
    try:
        server = _connect()
    except (OSError, imaplib.IMAP4.error) as error:
        logger.warning("the mailbox cannot be read: %s", type(error).__name__)
        return 0
    try:
        return _read(server, clock())
    except (OSError, imaplib.IMAP4.error) as error:
        logger.warning("reading the mailbox ended early: %s", type(error).__name__)
        return 0
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            server.logout()


def _connect() -> imaplib.IMAP4:
    host, port, timeout = settings.IMAP_HOST, settings.IMAP_PORT, settings.EMAIL_TIMEOUT
    if settings.IMAP_SECURITY == "tls":
        server: imaplib.IMAP4 = imaplib.IMAP4_SSL(host, port, ssl_context=ssl.create_default_context(), timeout=timeout)
    else:
        server = imaplib.IMAP4(host, port, timeout=timeout)
        if settings.IMAP_SECURITY == "starttls":
            server.starttls(ssl.create_default_context())
    server.login(settings.IMAP_USER, settings.IMAP_PASSWORD)
    return server


def _read(server: imaplib.IMAP4, now: dt.datetime) -> int:
    server.select(f'"{settings.IMAP_FOLDER}"', readonly=True)
    validity, following = (int((server.response(name)[1] or [b"0"])[0] or 0) for name in ("UIDVALIDITY", "UIDNEXT"))
    position, is_new = MailboxPosition.objects.get_or_create(
        folder=settings.IMAP_FOLDER, defaults={"uid_validity": validity, "last_uid": max(0, following - 1)}
    )
    if is_new:
        return 0
    criterion = f"UID {position.last_uid + 1}:*"
    if position.uid_validity != validity:
        position.uid_validity, position.last_uid = validity, 0
        criterion = f"SINCE {now - LOOK_BACK:%d-%b-%Y}"
    _, found = server.uid("SEARCH", criterion)
    uids = [uid for uid in map(int, (found[0] or b"").split()) if uid > position.last_uid][:MAILBOX_BATCH]
    for uid in uids:
        _, parts = server.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MAX_LENGTH}>)")
        content = next((part[1] for part in parts if isinstance(part, tuple)), b"")
        _take_in(content, now)
        position.last_uid = uid
        position.save()
    return len(uids)


def _take_in(content: bytes, now: dt.datetime) -> None:
    """Act on one message; one that breaks is skipped, so that it holds up no other."""
    try:
        with transaction.atomic():
            act_on_email(content, now=now)
    except Exception as error:
        logger.warning("a message in the mailbox was skipped: %s", type(error).__name__)


def handle_inbound_event(*, event: Any, **kwargs: Any) -> None:
    """Act on mail that the provider received for the clinic's mailbox. Receiver of `anymail.signals.inbound`."""
    if event.message is not None:
        _take_in(event.message.as_bytes()[:MAX_LENGTH], timezone.now())


def act_on_email(content: bytes, *, now: dt.datetime) -> None:
    """Note a bounce, complaint or calendar reply about a message of ours, or store a reply. Idempotent."""
    parsed = parse_email(content, current_offer().mailbox)
    match parsed.kind:
        case EmailKind.BOUNCE if parsed.our_id:
            dead = is_dead_address_code(parsed.status)
            reports.record_returned(parsed.our_id, code=f"bounced {parsed.status}".strip(), dead_address=dead, now=now)
        case EmailKind.COMPLAINT if parsed.our_id:
            reports.record_complaint(parsed.our_id, now=now)
        case EmailKind.CALENDAR:
            answers = calendar_reply_received.send(sender=OutboxMessage, text=parsed.calendar, now=now)
            if not any(handled for _, handled in answers):
                _store_reply(parsed, content, now=now)
        case EmailKind.REPLY:
            _store_reply(parsed, content, now=now)


def _store_reply(parsed: ParsedEmail, content: bytes, *, now: dt.datetime) -> None:
    """Store a reply on the timeline of whom it is from: by its references, else by its address."""
    answered = OutboxMessage.objects.select_related("lead").filter(pk=parsed.our_id).first() if parsed.our_id else None
    lead = answered.lead if answered and answered.to else _lead_of(parsed.sender)
    external_id = parsed.message_id or re.sub(r"\s", "", content[:2000].decode(errors="replace"))
    store(
        Incoming(
            MessageChannel.EMAIL,
            external_id,
            parsed.sender,
            parsed.text,
            subject=normalization.single_line(parsed.subject),
            lead=lead,
            reply_to=answered,
        ),
        now=now,
    )


def _lead_of(address: str) -> Lead | None:
    try:
        return Lead.objects.live().filter(email_key=normalization.email_key(address)).first()
    except ValueError:
        return None
