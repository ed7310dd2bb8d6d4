"""What an email that came in is: a bounce, a complaint, an automatic answer, or a reply (also a calendar's). Pure."""

import email
import email.policy
import re
import uuid
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.utils import parseaddr
from enum import Enum

from django.utils.html import strip_tags

MAX_LENGTH = 256 * 1024  # bytes that are read of a message
_QUOTED = re.compile(r"^(>|On .{5,200}wrote:|-----Original Message-----|_{20,}|From: .+@)", re.IGNORECASE)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_BULK = {"bulk", "junk", "list", "auto_reply"}


class EmailKind(Enum):
    """How an email is dealt with."""

    BOUNCE = "bounce"
    CALENDAR = "calendar"
    COMPLAINT = "complaint"
    IGNORED = "ignored"
    REPLY = "reply"


@dataclass(frozen=True)
class ParsedEmail:
    """`our_id` is the id of our message that it is about; `status` the enhanced code of a bounce (RFC 3463).

    `calendar` is the iTIP reply of a calendar program (RFC 6047).
    """

    kind: EmailKind
    message_id: str = ""
    sender: str = ""
    subject: str = ""
    text: str = ""
    our_id: uuid.UUID | None = None
    status: str = ""
    calendar: str = ""


def parse_email(content: bytes, mailbox: str) -> ParsedEmail:
    """Classify an email to `mailbox`. Reads reports (RFC 3464, RFC 5965) and ignores automatic answers (RFC 3834)."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    parsed = ParsedEmail(
        EmailKind.IGNORED,
        message_id=_header(message, "Message-ID"),
        sender=parseaddr(_header(message, "From"))[1].lower(),
        subject=_header(message, "Subject"),
    )
    domain = mailbox.rpartition("@")[2]
    if report := _report(message, parsed, domain):
        return report
    calendar = _calendar_reply(message)
    if parsed.sender in ("", mailbox.lower()) or (_is_automatic(message) and not calendar):
        return parsed
    references = f"{_header(message, 'In-Reply-To')} {_header(message, 'References')}"
    kind = EmailKind.CALENDAR if calendar else EmailKind.REPLY
    our_id = _our_id(references, domain)
    return replace(parsed, kind=kind, text=_own_words(message), our_id=our_id, calendar=calendar)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except Exception:  # (the parser of the standard library fails on some malformed headers)
        return ""


def _our_id(text: str, domain: str) -> uuid.UUID | None:
    """Return the id in the last `<id@domain>` of ours in `text`."""
    found = re.findall(rf"<([0-9a-f-]{{36}})@{re.escape(domain)}>", text, re.IGNORECASE)
    try:
        return uuid.UUID(found[-1]) if found else None
    except ValueError:
        return None


def _report(message: EmailMessage, parsed: ParsedEmail, domain: str) -> ParsedEmail | None:
    """Return the bounce or complaint that a multipart/report is, IGNORED for any other report, None for no report."""
    if message.get_content_type() != "multipart/report":
        return None
    parts = {part.get_content_type(): part for part in message.walk()}
    original = parts.get("message/rfc822") or parts.get("text/rfc822-headers")
    our_id = _our_id(original.as_string() if original else "", domain)
    if "message/feedback-report" in parts:
        return replace(parsed, kind=EmailKind.COMPLAINT, our_id=our_id)
    if "message/delivery-status" not in parts:
        return parsed
    fields = parts["message/delivery-status"].as_string()
    if not re.search(r"^Action:\s*failed\b", fields, re.IGNORECASE | re.MULTILINE):
        return parsed  # delayed, delivered, relayed or expanded
    status = re.search(r"^Status:\s*(.*)$", fields, re.IGNORECASE | re.MULTILINE)
    code = _STATUS.search(status[1]) if status else None
    return replace(parsed, kind=EmailKind.BOUNCE, our_id=our_id, status=code[1] if code else "")


def _is_automatic(message: EmailMessage) -> bool:
    """Return whether a program wrote the message: an out-of-office answer, a mailing list."""
    submitted = _header(message, "Auto-Submitted").lower()
    return (
        (submitted != "" and not submitted.startswith("no"))
        or _header(message, "Precedence").lower() in _BULK
        or any(name in message for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
        or _header(message, "Return-Path") == "<>"
    )


def _calendar_reply(message: EmailMessage) -> str:
    """Return the first text/calendar part that answers an invitation, else ""."""
    for part in message.walk():
        if part.get_content_type() in ("text/calendar", "application/ics"):
            content = part.get_payload(decode=True)
            text = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
            if re.search(r"^METHOD:(REPLY|COUNTER)\s*$", text, re.IGNORECASE | re.MULTILINE):
                return text
    return ""


def _own_words(message: EmailMessage) -> str:
    """Return the text without what it quotes."""
    body = message.get_body(("plain", "html"))
    try:
        text = body.get_content() if body else ""
    except (LookupError, UnicodeError, ValueError):  # (an unknown charset, a broken encoding)
        text = ""
    if body is not None and body.get_content_type() == "text/html":
        text = strip_tags(re.sub(r"(?is)<(style|script|blockquote)\b.*?</\1>|<br\s*/?>", "\n", text))
    lines = text.splitlines()
    quoted = next((at for at, line in enumerate(lines) if _QUOTED.match(line.strip())), len(lines))
    return "\n".join(lines[:quoted]).strip()
