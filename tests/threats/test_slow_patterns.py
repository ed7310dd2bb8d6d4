"""No pattern or parser takes long for what a stranger can send: each is linear, or bounded before it."""

import ast
import importlib
import logging
import pkgutil
import re
import time
from functools import partial
from pathlib import Path

import pytest
from django.apps import apps
from django.test import RequestFactory
from django.urls.converters import get_converters

import clinic
import content
import signups
from clinic import log_redaction
from clinic.middleware import public_cache
from clinic.staff_auth import passwords
from content import word_diff
from content.evidence import linter, markup, topics
from content.evidence.ledger import Ledger
from signups.imports import erasure, headings
from tests.signups.conftest import NOW

MAX_SECONDS = 0.5  # of CPU, at the largest size that gets through
SIZE = 100_000
SKIPPED = ("migrations", "management", "settings", "wsgi")  # nothing of them reads what strangers send
MODULES = [
    importlib.import_module(info.name)
    for package in (clinic, content, signups)
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not any(part in info.name.split(".") for part in SKIPPED)
]


def cpu_seconds(action, *args):
    """The least of three, when the first is too much: a neighbor on the same core costs CPU time as well."""
    taken = []
    while len(taken) < 3 and (not taken or min(taken) >= MAX_SECONDS):
        started = time.process_time()
        action(*args)
        taken.append(time.process_time() - started)
    return min(taken)


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


MARKUP = [
    "![", "[", "## a\n", "[^", "[^c]", "<b", "<!--", "**a", "*", "_", "`", "> ", "- a\n", "a\n\n", "::: notice x\n",
    "]", "](", "![](", "[a](", "&", "\\", "“", '"', "‘", "a b. ", "Dr. ", "<", "http://a ", "[a]: b\n", "* * ",
    "1. a\n", "{", "a", "said “a” ", "[[", "> > ", "| a ", "|-|\n", "***a** ", "``", "<a href=", "a@b.co ", "50 % ",
    "\n", ":::\n", "[^c01] ", "{{ a }} ", "    a\n", "\u0301", "a cures 99% of people. ",
]  # fmt: skip


@pytest.mark.parametrize("word", MARKUP)
def test_text_of_an_editor_is_checked_in_time(word):
    """The longest of its kind that is parsed at all, and one that is refused for its length."""
    most = markup.MAX_CHARACTERS // len(word)
    for per_word, limit in ((word.count("\n"), markup.MAX_LINES), (word.count("["), markup.MAX_BRACKETS)):
        most = min(most, limit // per_word) if per_word else most
    for times in (most, SIZE // len(word)):
        text = {"title": "a", "summary": "b", "body": word * times}
        check = partial(linter.lint, **text, ledger=Ledger(), values={}, today=NOW.date())
        assert (found := cpu_seconds(check)) < MAX_SECONDS, found


MOST = {"characters": markup.MAX_CHARACTERS, "lines": markup.MAX_LINES, "opening brackets": markup.MAX_BRACKETS}


@pytest.mark.parametrize(("word", "what"), [("a", "characters"), ("\n", "lines"), ("[", "opening brackets")])
def test_a_text_beyond_any_page_is_refused_in_words(word, what):
    with pytest.raises(markup.MarkupError, match=f"{what}, and a page has room for .*split it"):
        markup.parse(word * (MOST[what] + 1), ledger=Ledger(), values={})


PAIRS = [
    ("a ", "a b "),
    ("a b ", "b a "),
    ("a ", "b "),
    ("a\n", "a\nb\n"),
    ("a\nb\n", "b\na\n"),
    ("a b\n", "b a\n"),
    ("a", "b"),
]


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_difference_of_any_two_texts_is_found_in_time(old, new):
    old, new = old * (90_000 // len(old)), new * (90_000 // len(new))
    assert (found := cpu_seconds(word_diff.diff_lines, old, new)) < MAX_SECONDS, found


def test_difference_too_costly_to_find_is_shown_as_one_replacement():
    line = word_diff.diff_words("start " + "a b " * 500 + "end", "start " + "b a " * 500 + "end")
    assert [piece.kind for piece in line] == ["same", "removed", "added", "same"]
    assert (line[0].text.split()[0], line[-1].text.split()[-1]) == ("start", "end")


def patterns_in(value):
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from patterns_in(item)


PATTERNS = {
    f"{module.__name__}.{name}-{number}": pattern
    for module in MODULES
    for name, value in vars(module).items()
    for number, pattern in enumerate(patterns_in(value))
}
SEEDS = [*WORDS, "-", ":", ".", "(", "“a", "x ", "may ", "x@x.", "\u200b", "1-", "gzip ", " ; ", "![", "[^", '"', "{"]
SKIPPED_FILES = {"settings.py", "wsgi.py", "static_files.py"}  # they read what we wrote
CALLS = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
# Patterns made of what is known inside a function only, by the file: as they are there.
MADE_INSIDE = {
    "clinic/middleware/public_cache.py": lambda: public_cache.ACCEPTED.values(),
    "clinic/staff_auth/passwords.py": lambda: ["|".join(passwords.OWN_WORDS)],
    "content/evidence/quotation_check.py": lambda: [r"(?<!\w)[aA]a a a a(?!\w)", r"(?<!\w)a(?!\w)"],
    "content/evidence/topics.py": lambda: patterns_in(vars(topics)),
    "signups/imports/erasure.py": list,  # test_pattern_of_an_erased_address_is_quick
    "signups/imports/headings.py": lambda: [*patterns_in(headings._rules()), *headings._RANKS],
    "signups/messages/email_parser.py": lambda: [r"<([0-9a-f-]{36})@example\.com>"],
}


def written_patterns():
    """Yield (file, function, pattern or None) of every pattern in the code: `re.…`, validators, addresses."""
    for package in (clinic, content, signups):
        top = Path(package.__path__[0])
        for path in sorted(top.rglob("*.py")):
            if path.name in SKIPPED_FILES or {"migrations", "commands"} & {*path.parts}:
                continue
            module = ".".join(path.relative_to(top.parent).with_suffix("").parts).removesuffix(".__init__")
            names = vars(importlib.import_module(module))
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and node.args and takes_pattern(node):
                    place = str(path.relative_to(top.parent))
                    try:
                        yield place, by(node), eval(compile(ast.Expression(node.args[0]), "", "eval"), dict(names))
                    except NameError:
                        yield place, by(node), None


def takes_pattern(node):
    """Return whether this call takes a pattern as its first argument."""
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
        return node.func.attr in CALLS
    return getattr(node.func, "id", getattr(node.func, "attr", "")) in ("RegexValidator", "RegexField", "re_path")


def by(node):
    """Return the method of a pattern that a call uses: `match` tries it at the start of a text only."""
    return node.func.attr if getattr(node.func, "attr", "") in ("match", "fullmatch") else "search"


def patterns_of_fields():
    """Every pattern by which a model's or a form's field, or an address, is checked."""
    for model in apps.get_models():
        for one in model._meta.local_fields:
            yield from (validator.regex for validator in one.validators if hasattr(validator, "regex"))
    for module in MODULES:
        for form in vars(module).values():
            for one in getattr(form, "base_fields", {}).values() if isinstance(form, type) else []:
                yield from (validator.regex for validator in one.validators if hasattr(validator, "regex"))
    yield from (re.compile(converter.regex) for converter in get_converters().values())


def slow_on(pattern, method="search"):
    """Return the word on whose repetition the pattern is slow, or ""."""
    wanted = re.compile(pattern) if isinstance(pattern, str | bytes) else pattern
    for word in SEEDS:
        text = word * (10_000 // len(word)) + "!"
        given = text.encode() if isinstance(wanted.pattern, bytes) else text
        how = (getattr(wanted, method),) if method != "search" else (wanted.sub, given[:0])
        if cpu_seconds(*how, given) >= MAX_SECONDS:
            return word
    return ""


def test_every_pattern_written_anywhere_in_the_code_is_quick():
    found = list(written_patterns())
    assert len(found) > len(PATTERNS)
    assert {place for place, _, pattern in found if pattern is None} == MADE_INSIDE.keys()
    found += [(place, "search", pattern) for place, made in MADE_INSIDE.items() for pattern in made()]
    known = [(place, method, pattern) for place, method, pattern in found if pattern is not None]
    assert [(place, pattern) for place, method, pattern in known if slow_on(pattern, method)] == []


def test_every_pattern_of_a_field_or_an_address_is_quick():
    found = list(patterns_of_fields())
    assert len(found) > 10
    assert [one.pattern for one in found if slow_on(one)] == []


@pytest.mark.parametrize("address", ["a@gmail.com", "a.b@example.com", "+12125550123"])
def test_pattern_of_an_erased_address_is_quick(address):
    local = address.partition("@")[0].replace(".", "")
    for word in [*SEEDS, local, f"{local}+", f"{local}@", f"{local}+a@"]:
        assert cpu_seconds(erasure._may_mention, word * (SIZE // len(word)), [address]) < MAX_SECONDS


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_is_quick_on_adversarial_text(name):
    """Each compiled pattern of the code, found by itself, on many repetitions of each word."""
    for word in SEEDS:
        text = word * (10_000 // len(word))  # a quadratic one takes more than half a second
        assert cpu_seconds(PATTERNS[name].sub, "", text + "!") < MAX_SECONDS, word
