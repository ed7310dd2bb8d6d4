"""Parse an uploaded CSV file and map its rows to lead fields.

Raises ValueError with a user-facing message.
"""

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

from clinic.lib import identity, normalization, phone_numbers, spreadsheets, us_states, zone_inference
from signups.leads.choices import PHONE_CHANNELS, Channel, LeadStatus

MAX_BYTES = 10_000_000
MAX_ROWS = 50_000
MAX_COLUMNS = 60
IMPORT_SOURCE = "import"  # source of leads whose row names none

# Fields of a column: key → label, and the headings that other systems use for the field.
IMPORT_FIELDS: Mapping[str, tuple[str, frozenset[str]]] = {
    key: (label, frozenset({label.lower(), *others}))
    for key, label, others in (
        ("name", "Name", ("full name", "patient", "contact", "lead")),
        ("first", "First name", ("first", "given name", "forename")),
        ("last", "Last name", ("last", "family name", "surname")),
        ("email", "Email", ("e-mail", "e mail", "mail", "email address", "e-mail address")),
        ("phone", "Phone", ("phone number", "telephone", "tel", "mobile", "cell", "number")),
        ("preferred_channel", "Preferred contact", ("preferred channel", "channel", "contact by")),
        ("state", "State", ("state", "region")),
        ("time_zone", "Time zone", ("timezone", "zone")),
        ("source", "Source", ("source", "campaign", "utm_source")),
        ("status", "Status", ("stage",)),
        ("close_reason", "Close reason", ("close reason", "reason")),
        ("stopped", "Email opt-out", ("unsubscribed", "opted out", "opt out", "do not email", "do not e-mail")),
    )
}
FALSY = frozenset({"", "no", "n", "0", "false"})
STATE_CODES = {name.lower(): code for code, name in us_states.STATE_CHOICES if code}
CHANNELS = {word.lower(): channel for channel in Channel for word in (channel.value, channel.label)}


def parse_csv(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Return (header, rows) of a UTF-8 CSV file, separated by `,`, `;` or tabs.

    Raises ValueError.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("This file isn’t UTF-8 CSV. In Excel, choose File › Save As › CSV UTF-8.") from None
    if "\0" in text:
        raise ValueError("This isn’t a CSV file.")
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        table = [
            [spreadsheets.unescape_cell(cell) for cell in row]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        ]
    except csv.Error:
        raise ValueError("This file couldn’t be read as CSV: check for an unclosed quotation mark.") from None
    if len(table) < 2:
        raise ValueError("The file has a header row but no data.")
    header, *rows = table
    if len(header) > MAX_COLUMNS:
        raise ValueError(f"There are more than {MAX_COLUMNS} columns. Remove the ones you don’t need.")
    if len(rows) > MAX_ROWS:
        raise ValueError(f"There are more than {MAX_ROWS:,} rows. Split it into several files.")
    return header, rows


def guess_columns(header: Sequence[str]) -> list[str]:
    """Guess the field of each column by its heading.

    Returns a key of IMPORT_FIELDS, each at most once, or "" for an unknown heading.
    """
    known = {word: key for key, (_, words) in IMPORT_FIELDS.items() for word in words}
    found: list[str] = []
    for heading in header:
        key = known.get(" ".join(heading.lower().replace("_", " ").split()), "")
        found.append("" if key in found else key)
    return found


def row_values(cells: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Return field → value for one row, as single lines; missing cells are empty."""
    values = dict.fromkeys(IMPORT_FIELDS, "")
    for key, cell in zip(columns, cells, strict=False):
        if key:
            values[key] = normalization.single_line(cell)
    return values


def lead_fields(values: Mapping[str, str], *, region: str, time_zone: str, now: dt.datetime) -> dict[str, Any]:
    """Return the lead fields of one row. Raises ValueError.

    `region` and `time_zone` are the clinic's, used as defaults.
    """
    name = normalization.clean_name(values["name"] or f"{values['first']} {values['last']}")
    email, key = _email(values["email"])
    phone = values["phone"]
    if len(phone) > 40:
        raise ValueError("The phone number is too long.")
    number = phone_numbers.parse_phone(phone, region) if phone else phone_numbers.PhoneNumber("")
    if not (email or phone):
        raise ValueError("There is no email address and no phone number.")
    state = _state(values["state"])
    stated = _time_zone(values["time_zone"])
    derived, guessed = zone_inference.zone_from_hints(state, number.e164, default=time_zone)
    return {
        "name": name,
        "email": email,
        "email_key": key,
        "phone": phone,
        "phone_e164": number.e164,
        "phone_extension": number.extension,
        "preferred_channel": _channel(values["preferred_channel"], email, phone),
        "state": state,
        "time_zone": stated or derived,
        "zone_is_guessed": guessed and not stated,
        "first_touch_source": normalization.clean_source(values["source"]) or IMPORT_SOURCE,
        "status": _status(values["status"]),
        "close_reason": values["close_reason"][:200],
        "unsubscribed_at": None if values["stopped"].lower() in FALSY else now,
    }


def row_mentions(cells: Sequence[str], address: str) -> bool:
    """Return whether any cell contains this e-mail address or number (E.164)."""
    mailbox = identity.canonical_mailbox(address) if "@" in address else ""
    for cell in cells:
        if mailbox and mailbox in (identity.canonical_mailbox(word.strip("<>,;'\"")) for word in cell.split()):
            return True
        digits = re.sub(r"\D", "", cell)
        if not mailbox and len(digits) >= 7 and address.endswith(digits):
            return True
    return False


def _email(text: str) -> tuple[str, str]:
    if not text:
        return "", ""
    try:
        validate_email(text)
    except ValidationError:
        raise ValueError("Invalid email address.") from None
    return text, normalization.strict_email_key(text)


def _channel(text: str, email: str, phone: str) -> Channel:
    if not text:
        return Channel.EMAIL if email else Channel.CALL
    if (channel := CHANNELS.get(text.lower())) is None:
        raise ValueError(f"“Preferred contact” must be one of: {', '.join(Channel.labels)}.")
    if not (phone if channel in PHONE_CHANNELS else email):
        raise ValueError("The preferred contact method needs a phone number or email that this row doesn’t have.")
    return channel


def _state(text: str) -> str:
    if not text:
        return ""
    if text.upper() in STATE_CODES.values():
        return text.upper()
    if text.lower() not in STATE_CODES:
        raise ValueError("“State” must be a US state, by name or two-letter code.")
    return STATE_CODES[text.lower()]


def _time_zone(text: str) -> str:
    if text and text not in _zones():
        raise ValueError("Unknown time zone. Use a name like America/New_York.")
    return text


@cache
def _zones() -> set[str]:
    return available_timezones()


def _status(text: str) -> LeadStatus:
    try:
        return LeadStatus(text.lower() or LeadStatus.NEW)
    except ValueError:
        raise ValueError(f"“Status” must be one of: {', '.join(LeadStatus.labels)}.") from None
