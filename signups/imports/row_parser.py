"""What one row of a list says about a person.

Only a row that names nobody, or gives no way to reach them, is rejected. Any other cell that cannot be read is left
out, with a note that says so without repeating what the cell holds.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from clinic.lib import identity, normalization, phone_numbers, us_states, zone_inference
from signups.leads.choices import PHONE_CHANNELS, Channel, LeadStatus

from . import opt_outs
from .headings import IMPORT_FIELDS
from .opt_outs import is_set, says_no

IMPORT_SOURCE = "import"  # source of leads whose row names none
EMPTY_CELL = re.compile(
    r"-+|–|—|\.+|\?+|x+|n/?a|#n/a|nil|null|\(?none\)?|unknown|not (?:provided|given)|tbd|no (?:e-?mail|phone)",
    re.IGNORECASE,
)
CHANNELS = {word.lower(): channel for channel in Channel for word in (channel.value, channel.label)}
CHANNELS |= {"e-mail": Channel.EMAIL, "phone": Channel.CALL, "sms": Channel.TEXT}
SEVERAL_ADDRESSES = re.compile(r"\s*(?:;|,|:::|\||\s/\s|\s)\s*")
# What the pipelines of other systems call a status.
STATUSES = {
    LeadStatus.NEW: "new|open|open - not contacted|not contacted|fresh|lead|subscriber|uncontacted|created|to contact|",
    LeadStatus.CONTACTED: "contacted|attempted to contact|attempted|in progress|working|working - contacted|connected|"
    "contact in future|pre-qualified|nurturing|open deal|engaged|responded|called",
    LeadStatus.QUALIFIED: "qualified|marketing qualified lead|sales qualified lead|opportunity",
    LeadStatus.CONVERTED: "converted|customer|patient|won|closed - converted|closed won",
    LeadStatus.CLOSED: "closed|lost|unqualified|disqualified|not qualified|bad timing|junk lead|junk|lost lead|"
    "not interested|closed - not converted|closed lost|dead|spam|inactive",
}
_STATUS_WORDS = {word: status for status, words in STATUSES.items() for word in words.split("|")}
DATE_FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M %p", "%m/%d/%Y", "%m/%d/%y", "%b %d, %Y", "%B %d, %Y", "%b %d, %Y %I:%M %p", "%d %b %Y",
)  # fmt: skip

SERIAL_DATE = re.compile(r"(?:3[6-9]|[4-6]\d)\d{3}(?:\.\d+)?")  # days since 1899-12-30, as spreadsheets count them


@dataclass(frozen=True, slots=True)
class Defaults:
    """The clinic's country and zone, where dates without a zone are, and the moment of the import."""

    region: str
    time_zone: str
    now: dt.datetime


@dataclass(slots=True)
class PersonRow:
    """A readable row: fields of a lead, names of tags and owner, and what could not be read."""

    fields: dict[str, Any]
    tags: list[str] = field(default_factory=list)
    owner: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def identity(self) -> identity.Identity:
        data = self.fields
        return identity.Identity(data["name"], data["email_key"], data["phone_e164"], data["phone_extension"])


def row_values(cells: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Return field → value for one row, as single lines; of several columns of a field the first that is filled."""
    values = dict.fromkeys(IMPORT_FIELDS, "")
    for key, cell in zip(columns, cells, strict=False):
        if key in values and cell and (not values[key] or _outweighs(key, values[key])):
            values[key] = normalization.single_line(cell)
    return values


def _outweighs(key: str, value: str) -> bool:
    """Return whether another column of this opt-out or permission may say more than `value`."""
    if key == "tags":
        return False
    return (key in opt_outs.OPT_OUTS and not is_set(value)) or (key in opt_outs.PERMISSIONS and not says_no(value))


def parse_row(values: Mapping[str, str], defaults: Defaults) -> PersonRow:
    """Return what a row says. Raises ValueError with the reason why it is rejected."""
    notes: list[str] = []
    email, key = _email(values["email"], values["email_2"], notes)
    phone, number = _phone(values["phone"], values["phone_2"], defaults.region, notes)
    name = _name(values, email, notes)
    if not (key or number.e164):
        unusable = f" {notes[-1]}" if notes else ""
        raise ValueError(f"No email address or phone number that works.{unusable}")
    state = _read("State", us_states.parse_state, values["state"], notes)
    stated = _read("Time zone", zone_inference.parse_zone, values["time_zone"], notes)
    derived, guessed = zone_inference.zone_from_hints(state, number.e164, default=defaults.time_zone)
    status, close_reason = _status(values, notes)
    tags = [tag.strip(" \"'") for tag in re.split(r"[;,]", values["tags"])] if values["tags"] else []
    stopped = _opt_outs(values, tags, defaults, notes)
    fields = {
        "name": name,
        "email": email,
        "email_key": key,
        "phone": phone,
        "phone_e164": number.e164,
        "phone_extension": number.extension,
        "preferred_channel": _channel(values["preferred_channel"], key, number.e164, notes),
        "state": state,
        "time_zone": stated or derived,
        "zone_is_guessed": is_set(values["zone_guessed"]) if stated else guessed,
        "first_touch_source": normalization.clean_source(values["source"]) or IMPORT_SOURCE,
        "status": status,
        "close_reason": close_reason,
        "unsubscribed_at": stopped.get("stopped"),
        "do_not_call_at": stopped.get("do_not_call"),
        "no_texts_at": stopped.get("no_texts"),
        "created_at": _moment(values["created_at"], defaults, notes) or defaults.now,
    }
    return PersonRow(fields, [tag for tag in tags if tag], values["owner"], notes)


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


def _opt_outs(
    values: Mapping[str, str], tags: Sequence[str], defaults: Defaults, notes: list[str]
) -> dict[str, dt.datetime]:
    """Return what the person does not want (`stopped`, `do_not_call`, `no_texts`), each with since when.

    A cell may hold the date; status, tags and reasons of other systems say it too.
    """
    found: dict[str, dt.datetime] = {}
    for kind, permission in opt_outs.OPT_OUTS.items():
        if values[kind] and is_set(values[kind]):
            found[kind] = _stated_moment(values[kind], defaults)
        elif values[permission] and says_no(values[permission]):
            found[kind] = defaults.now
    for text in (values["status"], values["close_reason"], values["preferred_channel"], *tags):
        if text and (kind := opt_outs.opt_out_in_words(text)) and kind not in found:
            found[kind] = defaults.now
            notes.append("Status, tags, reason or preferred contact were read as an opt-out.")
    if everything := found.pop("do_not_contact", None):
        found = dict.fromkeys(("stopped", "do_not_call", "no_texts"), everything) | found
    return found


def _stated_moment(text: str, defaults: Defaults) -> dt.datetime:
    """Return the moment that a cell holds, if it is one of the past; else that of the import."""
    moment = _parse_moment(text, defaults.time_zone) if text[:1].isdigit() and len(text) > 4 else None
    return moment if moment and moment <= defaults.now else defaults.now


def _name(values: Mapping[str, str], email: str, notes: list[str]) -> str:
    name = values["name"] or " ".join(filter(None, (values["first"], values["middle"], values["last"])))
    if values["suffix"] and name and not values["name"]:
        name = f"{name} {values['suffix']}"
    if EMPTY_CELL.fullmatch(name) and name != "NULL":
        name = ""
    try:
        return normalization.clean_name(name)
    except ValueError:
        if email:
            notes.append("No name: the email address stands for it until somebody adds one.")
            return email[: normalization.NAME_LENGTH]
        if len(name) > normalization.NAME_LENGTH:
            raise ValueError(f"The name is longer than {normalization.NAME_LENGTH} characters.") from None
        raise ValueError("No name and no email address.") from None


def _email(first: str, second: str, notes: list[str]) -> tuple[str, str]:
    """Return (address, key) of the first usable address in either cell, or ("", "")."""
    if normalization.PLAIN_EMAIL.fullmatch(first):  # the common case
        return first, first.lower()
    tried = ""
    for cell in (first, second):
        if not cell or EMPTY_CELL.fullmatch(cell):
            continue
        parts = [normalization.clean_email(cell)]
        if parts[0].count("@") != 1:
            parts = [normalization.clean_email(part) for part in SEVERAL_ADDRESSES.split(cell) if "@" in part] or parts
        for part in parts:
            try:
                validate_email(part)
                key = normalization.strict_email_key(part)
            except (ValidationError, ValueError):
                tried = "The email address could not be read."
            else:
                if len(parts) > 1:
                    notes.append("Of several email addresses only the first was taken.")
                return part, key
    if tried:
        notes.append(tried)
    return "", ""


def _phone(first: str, second: str, region: str, notes: list[str]) -> tuple[str, phone_numbers.PhoneNumber]:
    """Return (number as given, number) of the first usable number in either cell."""
    why = ""
    for cell in (first, second):
        if not cell or EMPTY_CELL.fullmatch(cell):
            continue
        for part, several in _numbers(cell):
            try:
                number = phone_numbers.parse_phone(part, region)
            except phone_numbers.PhoneNumberError as error:
                meant = "The phone number was left out: it looks like a number abroad without its +."
                why = why or (meant if error.suggestion else f"The phone number was left out. {error}")
                continue
            if phone_numbers.is_placeholder(number.e164):
                why = why or "The phone number was left out: it is a placeholder."
                continue
            if several:
                notes.append("Of several phone numbers only the first was taken.")
            return phone_numbers.tidy_phone(part)[:40], number
    if why:
        notes.append(why)
    return "", phone_numbers.PhoneNumber("")


def _numbers(cell: str) -> list[tuple[str, bool]]:
    """Return the numbers in a cell, and whether there are several."""
    if len(cell) < 16:  # no room for two
        return [(cell, False)]
    parts = [part for part in phone_numbers.SEVERAL.split(cell) if len(re.sub(r"\D", "", part)) >= 7]
    return [(part, True) for part in parts] if len(parts) > 1 else [(cell, False)]


def _read(label: str, parse: Any, text: str, notes: list[str]) -> str:
    if not text or EMPTY_CELL.fullmatch(text):
        return ""
    if not (found := parse(text)):
        notes.append(f"{label} could not be read.")
    return str(found)


def _channel(text: str, email: str, e164: str, notes: list[str]) -> Channel:
    default = Channel.EMAIL if email else Channel.CALL
    if not text or EMPTY_CELL.fullmatch(text):
        return default
    channel = CHANNELS.get(text.lower())
    if channel and (e164 if channel in PHONE_CHANNELS else email):
        return channel
    notes.append("Preferred contact could not be used.")
    return default


def _status(values: Mapping[str, str], notes: list[str]) -> tuple[LeadStatus, str]:
    """Return (status, close reason). Somebody converted comes as qualified, since only a trial makes a patient here."""
    text = values["status"]
    status = _STATUS_WORDS.get(text.lower())
    if status is None:
        notes.append("Status could not be read: imported as new.")
        return LeadStatus.NEW, ""
    if status == LeadStatus.CONVERTED:
        notes.append("Imported as qualified: only a trial can be converted.")
        return LeadStatus.QUALIFIED, ""
    if status == LeadStatus.CLOSED:
        data = values["close_reason"] or ("" if text.lower() == "closed" else text)
        return status, (data or "Closed before the import")[:200]
    return status, ""


def _moment(text: str, defaults: Defaults, notes: list[str]) -> dt.datetime | None:
    if not text or EMPTY_CELL.fullmatch(text):
        return None
    moment = _parse_moment(text, defaults.time_zone)
    if moment is None or not dt.datetime(2000, 1, 1, tzinfo=dt.UTC) <= moment <= defaults.now:
        notes.append("The date could not be read.")
        return None
    return moment


@lru_cache(maxsize=4096)
def _parse_moment(text: str, time_zone: str) -> dt.datetime | None:
    """Return the moment in UTC; without a zone it is in the clinic's."""
    if serial := SERIAL_DATE.fullmatch(text):
        day = dt.datetime(1899, 12, 30) + dt.timedelta(days=float(serial[0]))  # noqa: DTZ001 - the zone follows
        return day.replace(tzinfo=ZoneInfo(time_zone)).astimezone(dt.UTC)
    text, utc = re.subn(r"\s*UTC$", "", text)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        for form in DATE_FORMATS:
            try:
                moment = dt.datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows
                break
            except ValueError:
                continue
        else:
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC if utc else ZoneInfo(time_zone))
    return moment.astimezone(dt.UTC)
