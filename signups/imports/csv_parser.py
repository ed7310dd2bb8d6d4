"""Reading somebody else's table of people: which column holds what, and what a row says of whom. Raises ValueError in
words for whoever brought the table."""

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from clinic.lib import normalization, spreadsheets, us_states
from signups.leads.choices import PHONE_CHANNELS, Channel, LeadStatus

MAX_BYTES = 10_000_000
MAX_ROWS = 50_000
MAX_COLUMNS = 60
IMPORT_SOURCE = "import"  # of those whose table does not say where they first came from

# What a column may hold: key → what it is called here, and the headings by which it is known elsewhere.
IMPORT_FIELDS: Mapping[str, tuple[str, frozenset[str]]] = {
    key: (label, frozenset({label.lower(), *others}))
    for key, label, others in (
        ("name", "Name", ("full name", "patient", "contact", "lead")),
        ("first", "First name", ("first", "given name", "forename")),
        ("last", "Last name", ("last", "family name", "surname")),
        ("email", "E-mail", ("email", "e mail", "mail", "email address", "e-mail address")),
        ("phone", "Phone", ("phone number", "telephone", "tel", "mobile", "cell", "number")),
        ("preferred_channel", "Reach by", ("preferred channel", "channel", "contact by")),
        ("state", "Lives in", ("state", "region")),
        ("time_zone", "Time zone", ("timezone", "zone")),
        ("source", "First came from", ("source", "campaign", "utm_source")),
        ("status", "Status", ("stage",)),
        ("close_reason", "Why it is closed", ("close reason", "reason")),
        ("stopped", "Stopped our e-mail", ("unsubscribed", "opted out", "opt out", "do not email", "do not e-mail")),
    )
}
FALSY = frozenset({"", "no", "n", "0", "false"})
STATE_CODES = {name.lower(): code for code, name in us_states.STATE_CHOICES if code}
CHANNELS = {word.lower(): channel for channel in Channel for word in (channel.value, channel.label)}


def parse_csv(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV file as spreadsheets save it: in UTF-8, its cells kept apart by `,`, `;` or tabs."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("This is not text in UTF-8. In the spreadsheet, save it as “CSV UTF-8”.") from None
    if "\0" in text:
        raise ValueError("This is no CSV file.")
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        table = [
            [spreadsheets.unescape_cell(cell) for cell in row]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        ]
    except csv.Error:
        raise ValueError("This is no CSV file: a quotation mark is not closed, or a cell is very long.") from None
    if len(table) < 2:
        raise ValueError("There are no rows below the headings.")
    header, *rows = table
    if len(header) > MAX_COLUMNS:
        raise ValueError(f"There are more than {MAX_COLUMNS} columns. Take out those that are not needed.")
    if len(rows) > MAX_ROWS:
        raise ValueError(f"There are more than {MAX_ROWS:,} rows. Cut the table into several files.")
    return header, rows


def guess_columns(header: Sequence[str]) -> list[str]:
    """What each column holds, by its heading: a key of FIELDS, each at most once, or "" for what we do not know."""
    known = {word: key for key, (_, words) in IMPORT_FIELDS.items() for word in words}
    found: list[str] = []
    for heading in header:
        key = known.get(" ".join(heading.lower().replace("_", " ").split()), "")
        found.append("" if key in found else key)
    return found


def row_values(cells: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Field → what the row says, on one line; cells that the row does not have are empty."""
    said = dict.fromkeys(IMPORT_FIELDS, "")
    for key, cell in zip(columns, cells, strict=False):
        if key:
            said[key] = normalization.single_line(cell)
    return said


def lead_fields(said: Mapping[str, str], *, region: str, time_zone: str, now: dt.datetime) -> dict[str, Any]:
    """The fields of the lead that a row tells of. `region` and `time_zone` are the clinic's. Raises ValueError."""
    name = normalization.clean_name(said["name"] or f"{said['first']} {said['last']}")
    email, key = _email(said["email"])
    phone = said["phone"]
    if len(phone) > 40:
        raise ValueError("The phone number is too long.")
    e164 = normalization.phone_e164(phone, region) if phone else ""
    if not (email or phone):
        raise ValueError("There is no e-mail address and no phone number.")
    return {
        "name": name,
        "email": email,
        "email_key": key,
        "phone": phone,
        "phone_e164": e164,
        "preferred_channel": _channel(said["preferred_channel"], email, phone),
        "state": _state(said["state"]),
        "time_zone": _time_zone(said["time_zone"]) or time_zone,
        "first_touch_source": normalization.clean_source(said["source"]) or IMPORT_SOURCE,
        "status": _status(said["status"]),
        "close_reason": said["close_reason"][:200],
        "unsubscribed_at": None if said["stopped"].lower() in FALSY else now,
    }


def row_mentions(cells: Sequence[str], address: str) -> bool:
    """Whether a row names this mailbox or number (E.164), in whatever column."""
    mailbox = normalization.canonical_mailbox(address) if "@" in address else ""
    for cell in cells:
        if mailbox and mailbox in (normalization.canonical_mailbox(word.strip("<>,;'\"")) for word in cell.split()):
            return True
        digits = re.sub(r"\D", "", cell)
        if not mailbox and len(digits) >= 7 and address.endswith(digits):
            return True
    return False


def _email(typed: str) -> tuple[str, str]:
    if not typed:
        return "", ""
    try:
        validate_email(typed)
    except ValidationError:
        raise ValueError("The e-mail address is none: it should look like name@example.com.") from None
    return typed, normalization.strict_email_key(typed)


def _channel(typed: str, email: str, phone: str) -> Channel:
    if not typed:
        return Channel.EMAIL if email else Channel.CALL
    if (channel := CHANNELS.get(typed.lower())) is None:
        raise ValueError(f"“Reach by” is one of: {', '.join(Channel.labels)}.")
    if not (phone if channel in PHONE_CHANNELS else email):
        raise ValueError("They are to be reached by what the row does not tell: the number or the address.")
    return channel


def _state(typed: str) -> str:
    if not typed:
        return ""
    if typed.upper() in STATE_CODES.values():
        return typed.upper()
    if typed.lower() not in STATE_CODES:
        raise ValueError("“Lives in” is a state of the United States, by its name or two letters.")
    return STATE_CODES[typed.lower()]


def _time_zone(typed: str) -> str:
    if typed and typed not in _zones():
        raise ValueError("The time zone is none: it should look like America/New_York.")
    return typed


@cache
def _zones() -> set[str]:
    return available_timezones()


def _status(typed: str) -> LeadStatus:
    try:
        return LeadStatus(typed.lower() or LeadStatus.NEW)
    except ValueError:
        raise ValueError(f"“Status” is one of: {', '.join(LeadStatus.labels)}.") from None
