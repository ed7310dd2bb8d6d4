"""What a failed attempt means: try again, give up, or never use the address again."""

import re
import smtplib

from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused

from clinic.lib.text_messages import TextRefused

# Enhanced status codes (RFC 3463) of class 5 that pass by themselves: mailbox full, system full, network trouble.
PASSING_DETAILS = re.compile(r"5\.(2\.2|3\.1|3\.2|4\.[0-9])\b")
# Bad address, or a mailbox that is closed: nothing sent there can arrive.
DEAD_ADDRESS_DETAILS = re.compile(r"5\.(1\.(0|1|2|3|6|10)|2\.1)\b")
ENHANCED_CODE = re.compile(r"^[245]\.\d{1,3}\.\d{1,3}\b")


def summarize(error: Exception) -> str:
    """Return the type of `error` and its reply codes, for staff.

    The server's own text may repeat the address.
    """
    if isinstance(error, TextRefused):
        return f"TextRefused {error.code}"
    codes = [" ".join(filter(None, (str(code), enhanced))) for code, enhanced in _replies(error)]
    return " ".join([type(error).__name__, *codes])


def is_permanent(error: Exception) -> bool:
    """Return whether this message was rejected for good.

    A rejected login is not permanent: the operator can fix it. Neither is a full mailbox (5.2.2, or 552 without a
    detail, RFC 5321 §4.5.3.1.10).
    """
    if isinstance(error, TextRefused):
        return error.permanent
    if isinstance(error, AnymailRecipientsRefused):
        return True
    if isinstance(error, AnymailAPIError):
        return error.status_code in (400, 406, 422)
    replies = _replies(error)
    if not replies or isinstance(error, smtplib.SMTPAuthenticationError):
        return False
    return all(code >= 500 and not _passes(code, enhanced) for code, enhanced in replies)


def is_dead_address(error: Exception) -> bool:
    """Return whether the rejection says that the address or number itself cannot be reached.

    Without an enhanced code, only a refused recipient does: after DATA a server may have disliked the content.
    """
    if isinstance(error, TextRefused):
        return error.unreachable
    if isinstance(error, AnymailRecipientsRefused):
        return True
    if not isinstance(error, smtplib.SMTPException) or not is_permanent(error):
        return False
    at_recipient = isinstance(error, smtplib.SMTPRecipientsRefused)
    return all(
        is_dead_address_code(enhanced) if enhanced else at_recipient and code in (550, 551, 553)
        for code, enhanced in _replies(error)
    )


def is_dead_address_code(enhanced: str) -> bool:
    """Return whether an enhanced status code (`5.1.1`) says that the mailbox does not exist."""
    return bool(DEAD_ADDRESS_DETAILS.match(enhanced))


def _passes(code: int, enhanced: str) -> bool:
    return bool(PASSING_DETAILS.match(enhanced)) if enhanced else code == 552


def _replies(error: Exception) -> list[tuple[int, str]]:
    """Return (reply code, enhanced status code or "") of each refused recipient, or of the refused command."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [(code, _enhanced_code(text)) for code, text in error.recipients.values()]
    if isinstance(error, smtplib.SMTPResponseException):
        return [(error.smtp_code, _enhanced_code(error.smtp_error))]
    return []


def _enhanced_code(text: bytes | str) -> str:
    plain = text.decode(errors="replace") if isinstance(text, bytes) else text
    found = ENHANCED_CODE.match(plain.strip())
    return found[0] if found else ""
