"""What a log line may say: no name, address, number or private link, and which request it belongs to."""

import logging
import re

from clinic.middleware.request_id import request_id

# Our own lines name nobody. These catch what others say: a database quotes the row that it refused.
REDACTION_PATTERNS = (
    (re.compile(r"/(my|confirm|hosts)/[^\s/'\"?]+"), r"/\1/…"),
    (re.compile(r"[\w-]{16,}:[\w-]{6,}:[\w-]{20,}"), "(token)"),
    (re.compile(r"[^\s@\"'<>()=,;:\[\]]+@[^\s@\"'<>()=,;:\[\]]+"), "(e-mail)"),
    (re.compile(r"(?<![\w.:-])\+?\(?\d[\d ().-]{8,}\d(?![\w:])"), "(number)"),
    (re.compile(r"(DETAIL:).*"), r"\1 …"),
)


def redact(text: str) -> str:
    for pattern, instead in REDACTION_PATTERNS:
        text = pattern.sub(instead, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Scrubs the message and the traceback, whoever wrote them."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = redact(record.message)
        record.request_id = request_id.get()
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's name
        return redact(super().formatException(ei))  # type: ignore[arg-type]


class RedactPathFilter(logging.Filter):
    """Names the view instead of the path in Django's records of a request: a path can be a patient's private link.

    What was refused (400 to 499) is no fault of ours: a warning of one line, with the kind of reason, which as a whole
    may repeat what was typed.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request = record.__dict__.pop("request", None)  # (the next handler finds it done)
        if request is not None and hasattr(request, "path"):
            match, status = getattr(request, "resolver_match", None), getattr(record, "status_code", 0)
            said = [str(status or ""), request.method, match.view_name if match else "no view"]
            if 400 <= status < 500:
                record.levelno, record.levelname = logging.WARNING, "WARNING"
                if record.exc_info and record.exc_info[0]:
                    said.append(record.exc_info[0].__name__)
                record.exc_info = record.exc_text = None
            record.msg, record.args = "%s", (" ".join(said),)
        return True
