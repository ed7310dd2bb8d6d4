"""Log redaction: no names, addresses, numbers or private links in log lines."""

import logging
import re
from typing import Any

from clinic.middleware.request_id import request_id

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}  # others are logged as "other"
MAX_LENGTH = 8_000  # characters of one message or traceback; a client can make it as long as it likes

# For text from libraries (a database error quotes the rejected row); the project's own messages name nobody.
# Each pattern is linear: a word is tried from its first character only.
REDACTION_PATTERNS = (
    (re.compile(r"/(my|confirm|hosts)/[^\s/'\"?]+"), r"/\1/…"),
    (re.compile(r"(?<![\w-])[\w-]{16,}:[\w-]{6,}:[\w-]{20,}"), "(token)"),
    (re.compile(r"(?<![^\s@\"'<>()=,;:\[\]])[^\s@\"'<>()=,;:\[\]]+@[^\s@\"'<>()=,;:\[\]]+"), "(email)"),
    (re.compile(r"(?<![\w.:-])\+?\(?\d[\d ().-]{8,}\d(?![\w:])"), "(number)"),
    (re.compile(r"(DETAIL:).*"), r"\1 …"),
)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def redact(text: str) -> str:
    """Replace links, tokens, addresses, numbers and database details in `text`, and cut out its middle if too long."""
    if len(text) > MAX_LENGTH:
        text = f"{text[: MAX_LENGTH // 2]}\n(cut)\n{text[-MAX_LENGTH // 2 :]}"
    for pattern, replacement in REDACTION_PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Redact the message and the traceback of every record, keep the message in its line, and add `request_id`."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = CONTROL.sub(lambda found: repr(found[0])[1:-1], redact(record.message))
        record.request_id = request_id.get()
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        return redact(super().formatException(ei))


class RedactPathFilter(logging.Filter):
    """Log the view name instead of the path, which can contain a private link.

    A 4xx response is logged as a one-line warning with the exception's class only: its message may repeat user input.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request = record.__dict__.pop("request", None)  # absent when an earlier handler has filtered the record
        if request is not None and hasattr(request, "path"):
            match, status = getattr(request, "resolver_match", None), getattr(record, "status_code", 0)
            method = request.method if request.method in METHODS else "other"
            parts = [str(status or ""), method, match.view_name if match else "no view"]
            if 400 <= status < 500:
                record.levelno, record.levelname = logging.WARNING, "WARNING"
                if record.exc_info and record.exc_info[0]:
                    parts.append(record.exc_info[0].__name__)
                if status == 403 and (user := getattr(request, "_cached_user", None)) and user.pk:  # asks no database
                    parts.append(f"user {user.pk}")
                record.exc_info = record.exc_text = None
            record.msg, record.args = "%s", (" ".join(parts),)
        return True
