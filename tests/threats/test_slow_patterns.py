"""No pattern or parser takes long for what a stranger can send: each is linear, or bounded before it."""

import logging
import time

import pytest
from django.test import RequestFactory

from clinic import log_redaction

MAX_SECONDS = 0.5  # of CPU, at the largest size that gets through
SIZE = 100_000


def cpu_seconds(action, *args):
    started = time.process_time()
    action(*args)
    return time.process_time() - started


WORDS = [
    "a",
    "a.",
    "a-",
    "a:",
    "1",
    "1 ",
    "(1",
    "1-",
    "+",
    "@",
    "a@",
    "@a",
    "a@a.",
    "/my/",
    "DETAIL:",
    "a" * 20 + ":",
    "\n",
    " ",
]


@pytest.mark.parametrize("word", WORDS)
def test_log_line_of_any_text_is_redacted_at_once(word):
    for ending in ["", "x", "@", ":", "\n"]:
        assert cpu_seconds(log_redaction.redact, word * (SIZE // len(word)) + ending) < MAX_SECONDS
    for pattern, replacement in log_redaction.REDACTION_PATTERNS:  # beyond the bound too
        assert cpu_seconds(pattern.sub, replacement, word * (SIZE // len(word))) < MAX_SECONDS, pattern.pattern


@pytest.mark.parametrize("method", ["X" * 60_000, "a." * 30_000, "GET\n" * 9_000, "ann@example.com"])
def test_a_long_method_holds_no_process(method):
    request = RequestFactory().get("/")
    request.method = method
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "%s", ("x",), None)
    record.request, record.status_code = request, 405
    log_redaction.RedactPathFilter().filter(record)
    assert record.getMessage() == "405 other no view"
    assert cpu_seconds(log_redaction.RedactingFormatter("{message}", style="{").format, record) < MAX_SECONDS


def test_middle_of_a_long_message_is_cut_and_its_ends_stay_redacted():
    text = log_redaction.redact("ann@example.com " + "x" * SIZE + " bob@example.com")
    assert len(text) < 2 * log_redaction.MAX_LENGTH
    assert (text.startswith("(email) "), text.endswith(" (email)")) == (True, True)


def test_an_address_longer_than_any_mailbox_is_redacted_whole():
    assert log_redaction.redact(f"to {'a' * 300}@example.com now") == "to (email) now"
