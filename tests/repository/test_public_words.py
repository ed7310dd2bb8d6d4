"""Words of the pages that visitors and patients read: one word for one thing, in US English."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = (
    "*.html",
    "public/**/*.html",
    "portal/**/*.html",
    "content/**/*.html",
    "components/*",
    "crispy_clinic/**/*",
    "emails/*",
)
CODE = (
    *(f"signups/{feature}/forms.py" for feature in ("trials", "callbacks", "calls", "privacy", "portal", "web")),
    *(f"signups/{feature}/*views.py" for feature in ("trials", "callbacks", "calls", "privacy", "portal", "consents")),
    *("signups/web/*.py", "signups/leads/choices.py", "signups/scheduling/callback_times.py", "content/feeds.py"),
    *(f"clinic/lib/{name}.py" for name in ("normalization", "us_states", "time_zones", "opening_hours")),
)
# Phrase -> what to say instead.
TRANSLATED = {
    r"e-mail\w*": "email",
    r"free (?:\S+ )?days(?! of our care program)": "free trial",
    r"(?:your|their|his|her) own page|(?<!replace )your page|first page": "private page; home page",
    r"slips?": "by mistake, typo",
    r"take (?:\S+ )?(?:back|along)|taken back|took it (?:back|over)": "undo, withdraw your permission, download",
    r"by (?:itself|themselves)": "automatically",
    r"somebody|whoever|(?<!people for )whom": "someone, anyone who, who",
    r"need(?:s|ed)? not": "do not have to",
    r"(?<!all )at once|for good": "right away, permanently",
    r"fits? you": "is right for you",
    r"cancell(?:ed|ing)": "canceled, canceling",
    r"towards": "toward",
    r"tick(?:s|ed)?": "check",
    r"suits?": "works for",
    r"any more(?! news)": "anymore",
    r"sees? to it": "will process it",
    r"(?:answer|reply to) this message": "reply to this email",
    r"writ(?:e|es|ten) to (?:us|me|you)": "email us, email you",
    r"erase everything": "delete your data",
    r"[ap]\.m\.": "AM, PM",
    r"utc[−+-]?\d*": "Eastern Time",
    r"shall we": "do you want us to",
    r"a person (?:calls|reads|will)": "we’ll, a real person",
    r"one press|the button once more": "one click, again",
    r"mend(?:s|ed)?": "fix",
    r"where you are": "your time",
    r"night and day|day and night": "24/7",
    r"on its way": "scheduled; we’ve emailed it",
}
# Phrase in a file that may stay -> why.
EXCEPTIONS = {
    ("clinic/lib/time_zones.py", "utc"): "the name of a choice among the world's time zones",
}
WORDS = re.compile(r"(?<![\w-])(?:" + "|".join(f"(?:{phrase})" for phrase in TRANSLATED) + r")(?![\w-])", re.IGNORECASE)
MARKUP = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", re.DOTALL)
SAID_IN_MARKUP = re.compile(r'(?:aria-label|title|content|alt|with text)="([^"]*)"')


def template_text(source: str) -> str:
    """Return what a template says: its text and its spoken attributes."""
    return " ".join([MARKUP.sub(" ", source), *SAID_IN_MARKUP.findall(source)])


def code_text(source: str) -> str:
    """Return the sentences in string literals, without docstrings."""
    tree = ast.parse(source)
    documented = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    docstrings = {ast.get_docstring(node, clean=False) for node in documented}
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return "\n".join(text for text in strings if text not in docstrings and (" " in text or text[:1].isupper()))


def public_texts() -> Iterator[tuple[str, str]]:
    """Yield (path, text) of everything that says something to visitors and patients."""
    for pattern in TEMPLATES:
        for path in sorted((ROOT / "templates").glob(pattern)):
            if path.is_file() and path.name != "styleguide.html":
                yield str(path.relative_to(ROOT)), template_text(path.read_text())
    for pattern in CODE:
        for path in sorted(ROOT.glob(pattern)):
            yield str(path.relative_to(ROOT)), code_text(path.read_text())
    for path in [*sorted((ROOT / "content/files").glob("*.md")), ROOT / "content/files/people.yaml"]:
        yield str(path.relative_to(ROOT)), path.read_text()
    profile = (ROOT / "content/files/profile.yaml").read_text()
    yield "content/files/profile.yaml", profile[profile.index("crisis_text") :]
    outage = ROOT / "deploy/nginx/unavailable.html"
    yield str(outage.relative_to(ROOT)), template_text(outage.read_text())


def test_public_texts_use_the_words_that_people_know():
    hits = ((path, match) for path, text in public_texts() for match in WORDS.finditer(text))
    found = {(path, " ".join(match[0].lower().split())) for path, match in hits}
    assert sorted(found - EXCEPTIONS.keys()) == []
    assert sorted(EXCEPTIONS.keys() - found) == []


def test_enough_is_read():
    paths = [path for path, _ in public_texts()]
    assert len(paths) > 100
    assert {path.split("/")[0] for path in paths} == {"templates", "signups", "content", "clinic", "deploy"}


@pytest.mark.parametrize(
    "text",
    [
        "<p>They end by themselves.</p>",
        '<a aria-label="Your own page">x</a>',
        "We send an e-mail.",
        "You need not\nprepare",
        "Your free 7 days",
        "Tick the box",
        "at 8 a.m. today",
    ],
)
def test_translated_phrases_are_found(text):
    assert WORDS.search(template_text(text))


@pytest.mark.parametrize(
    "text",
    [
        "The trial is 7 free days of our care program.",
        "<a data-x='e-mail' href='/by-themselves/'>automatically</a>",
        "Your private page",
        "tickets, suitable, format once",
    ],
)
def test_other_words_are_left_alone(text):
    assert not WORDS.search(template_text(text))


def test_docstrings_are_not_said_to_anyone():
    assert code_text('"""Ends by itself."""\nx = "Ends automatically."\nkey = "cancelled"') == "Ends automatically."
