"""Which field a column holds, by the headings that other systems use.

Known by themselves (`heading_rules.tsv`): HubSpot, Salesforce, Mailchimp, Google Contacts (both layouts), Outlook
(desktop and web), Apple, Zoho, Typeform, Calendly, Facebook lead ads. Opt-outs come first: a column that looks like one
and has no field stops the import.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path

from clinic.lib import us_states

from . import opt_outs

# Keys of the fields → labels.
IMPORT_FIELDS: Mapping[str, str] = {
    "stopped": "Email opt-out",
    "no_texts": "Text opt-out",
    "do_not_call": "Do not call",
    "do_not_contact": "Do not contact (email, texts and calls)",
    "email_ok": "Email permission (no: opt-out)",
    "texts_ok": "Text permission (no: opt-out)",
    "calls_ok": "Call permission (no: do not call)",
    "contact_ok": "Contact permission (no: do not contact)",
    "name": "Name",
    "first": "First name",
    "middle": "Middle name",
    "last": "Last name",
    "suffix": "Suffix (Jr., III)",
    "email": "Email",
    "email_2": "Email, if the first is empty",
    "phone": "Phone",
    "phone_2": "Phone, if the first is empty",
    "preferred_channel": "Preferred contact",
    "state": "State",
    "time_zone": "Time zone",
    "zone_guessed": "Time zone guessed",
    "source": "Source",
    "status": "Status",
    "close_reason": "Close reason",
    "owner": "Owner",
    "tags": "Tags",
    "created_at": "Signed up",
}
NO_OPT_OUT = "ignore"  # what somebody chooses for a column that only looks like an opt-out
SEVERAL_COLUMNS = frozenset({*opt_outs.OPT_OUTS, *opt_outs.PERMISSIONS, "email_2", "phone_2", "tags"})

_NOT_THEIRS = (
    "assistant|asst|manager|spouse|emergency|company|account|organi[sz]ation|phonetic|yomi|nickname|file as|referr"
    "|parent|guardian|physician|doctor|provider|pharmacy|insurance|employer|therapist|prescriber|next of kin|partner"
)
# Of several columns for a phone or a state the one people use comes first.
_RANKS = (r"mobile|cell", r"primary|^phone(?: number)?$|^phone 1", r"home|mailing", r"")
_OBJECT = re.compile(
    r"^(?:(?:person account|account|contact|lead|campaign member)\s*:\s*)+", re.IGNORECASE
)  # Salesforce
_EMAIL = re.compile(r"(?<![^@\s])[^@\s]+@[^@\s]+\.[^@\s]+")


@lru_cache(maxsize=4096)
def plain(heading: str) -> str:
    """Return the words of a heading: `email` for “E-mail 1 - Value”, `last name` for “LastName*”."""
    heading = _OBJECT.sub("", heading)
    text = "".join(char for char in unicodedata.normalize("NFKD", heading) if not unicodedata.combining(char))
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"['’ʼ]", "", text)).lower().replace("e-mail", "email")
    words = (
        re.sub(r"(?<=\w)\s*#$", " number", words.strip()).replace("whats app", "whatsapp").replace("i phone", "iphone")
    )
    words = re.sub(r"[^\w\s]|_", " ", words)
    words = re.sub(r"(?<=[a-z])(?=\d)", " ", words)
    words = re.sub(r"\b(do|opt|first|last|full)(not|out|in|name)(?=[a-z]|\b)", r"\1 \2 ", words)
    return re.sub(r"\b(?:value|1 value)$", "", " ".join(words.split())).strip()


@lru_cache(maxsize=4096)
def guess_field(heading: str) -> str:
    """Return the key of IMPORT_FIELDS that a heading names, or ""."""
    words = plain(heading)
    if field := opt_outs.opt_out_field(words):
        return field
    if opt_outs.may_be_opt_out(words, frozenset()):
        return ""
    for field, pattern, never in _rules():
        if pattern.search(words) and not (never and never.search(words)):
            return field
    return ""


def guess_columns(header: Sequence[str], rows: Iterable[Sequence[str]] = ()) -> list[str]:
    """Return the field of each column, "" for an unknown one.

    A field of one column goes to the best of those that name it; a further address or number is the one for when the
    first is empty. Columns without headings are known by their cells.
    """
    found = [guess_field(heading) for heading in header]
    sample = [list(row) for row in rows]
    if not any(header):
        found = _fields_by_cells(len(header), sample)
    for at, heading in enumerate(header):
        cells = [row[at] for row in sample[:50] if at < len(row) and row[at]] if plain(heading) == "estado" else []
        if cells and not any(map(us_states.parse_state, cells)):  # Spanish has one word for state and status
            found[at] = "status"
    if "email" not in found:
        by_cells = _fields_by_cells(len(header), sample)
        found = [field or ("email" if cells == "email" else "") for field, cells in zip(found, by_cells, strict=True)]
    if not {"name", "first", "last"} & {*found}:  # Salesforce calls a person an account
        found = [
            field or ("name" if plain(name) == "account name" else "")
            for field, name in zip(found, header, strict=True)
        ]
    for field in {*found} - SEVERAL_COLUMNS - {""}:
        columns = [at for at, key in enumerate(found) if key == field]
        best = min(columns, key=lambda at: (_rank(header[at]), at))
        for at in columns:
            if at != best:
                found[at] = f"{field}_2" if field in ("email", "phone") else ""
    return found


def looks_like_opt_out(heading: str, cells: Iterable[str]) -> bool:
    """Return whether a column may say who must not be written to or called."""
    return opt_outs.may_be_opt_out(plain(heading), frozenset(cells))


def has_contact_details(row: Sequence[str]) -> bool:
    """Return whether a cell is an address or a number, so that the row is data and no headings."""
    return any(_EMAIL.fullmatch(cell) or len(re.sub(r"\D", "", cell)) >= 10 for cell in row)


@cache
def _rules() -> list[tuple[str, re.Pattern[str], re.Pattern[str] | None]]:
    """Return (field, pattern, what must not be in the heading) of `heading_rules.tsv`."""
    text = (Path(__file__).parent / "heading_rules.tsv").read_text()
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return [
        (field, re.compile(pattern), re.compile(never.replace("NOT_THEIRS", _NOT_THEIRS)) if never else None)
        for field, pattern, never in lines
    ]


def _fields_by_cells(width: int, rows: list[list[str]]) -> list[str]:
    found: list[str] = []
    for column in range(width):
        cells = [row[column] for row in rows if column < len(row) and row[column]][:50]
        emails = sum(bool(_EMAIL.fullmatch(cell)) for cell in cells)
        numbers = sum(len(re.sub(r"\D", "", cell)) >= 10 and not re.search(r"[a-z]", cell) for cell in cells)
        names = sum(bool(re.fullmatch(r"[^\W\d_][^\d@]*", cell)) for cell in cells)
        most = len(cells) / 2
        key = "email" if emails > most else "phone" if numbers > most else "name" if names > most else ""
        found.append("" if key == "name" and "name" in found else key)
    return found


def _rank(heading: str) -> int:
    words = plain(heading)
    return next(rank for rank, pattern in enumerate(_RANKS) if re.search(pattern, words))
