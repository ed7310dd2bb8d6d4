"""Contacts in a vCard file (RFC 6350, and versions 2.1 and 3.0) as rows of a table.

Lines are unfolded, taken apart and unescaped by vobject; no objects are built of them, which would take ten times as
long.
"""

import io
import quopri
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MAX_CARDS = 50_000
NEEDED = re.compile(r"(?:[\w-]{1,60}\.)?(?:BEGIN|END|N|FN|EMAIL|TEL|ADR|CATEGORIES|NOTE)[;:]", re.IGNORECASE)
CARD_HEADER = ["First name", "Middle name", "Last name", "Name", "Email", "Email 2", "Phone", "Phone 2", "State"]
CARD_HEADER += ["Categories", "Note"]  # of no field, but they may say an opt-out
REGION = 4  # of the fields of an address


@dataclass
class Card:
    """The lines of one contact: (types in upper case, value as it is written) by the name of the property."""

    lines: dict[str, list[tuple[set[str], str]]] = field(default_factory=lambda: defaultdict(list))

    def values(self, name: str) -> list[str]:
        return [_plain(value) for _, value in self.lines[name]]

    def fields(self, name: str) -> list[str]:
        """Return the fields of the first structured value, such as that of N."""
        from vobject.vcard import splitFields

        found = splitFields(self.lines[name][0][1]) if self.lines[name] else []
        return [" ".join(one) if isinstance(one, list) else str(one) for one in found]


def read_vcards(text: str) -> Iterator[list[str]]:
    """Yield the headings and one row for each card. Raises ValueError."""
    yield list(CARD_HEADER)
    cards = len(re.findall(r"^BEGIN:VCARD", text, re.IGNORECASE | re.MULTILINE))
    if cards > MAX_CARDS:
        raise ValueError(
            f"This file has {cards:,} contacts; at most {MAX_CARDS:,} can be read. Split it into several files."
        )
    for number, card in enumerate(_cards(_logical_lines(text)), start=1):
        if card is None:
            raise ValueError(
                f"Contact number {number:,} of this file is cut short. Export the contacts again, or as CSV."
            )
        yield _row(card)


def _logical_lines(text: str) -> Iterator[str]:
    """Yield the unfolded lines that name somebody, without pictures and the like."""
    from vobject import base  # takes 80 ms, so only these functions import it

    if "QUOTED-PRINTABLE" in text.upper():
        lines: Iterable[str] = (line for line, _ in base.getLogicalLines(io.StringIO(text), allowQP=True))
    else:
        lines = re.sub(r"\r\n?", "\n", text).replace("\n ", "").replace("\n\t", "").split("\n")
    return (line for line in lines if NEEDED.match(line))


def _cards(lines: Iterable[str]) -> Iterator[Card | None]:
    """Group the lines by contact, None for one without an end; a line that cannot be taken apart is left out."""
    from vobject import base

    card: Card | None = None
    for line in lines:
        try:
            name, parameters, value, _ = base.parseLine(line)
        except base.ParseError:
            continue
        match name.upper(), value.strip().upper():
            case "BEGIN", "VCARD":
                if card:
                    yield None
                card = Card()
            case "END", "VCARD":
                if card:
                    yield card
                card = None
            case kind, _ if card:
                types = {word.upper() for each in parameters for word in ",".join(each).split(",")}
                card.lines[kind].append((types, _decoded(value, types, parameters)))
    if card:
        yield None


def _decoded(value: str, types: set[str], parameters: list[list[str]]) -> str:
    """Return a value whose quoted-printable encoding (vCard 2.1) is undone."""
    if "QUOTED-PRINTABLE" not in types:
        return value
    charset = next((each[1] for each in parameters if each[0].upper() == "CHARSET" and len(each) > 1), "utf-8")
    content = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        return content.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return content.decode("cp1252", "replace")


def _row(card: Card) -> list[str]:
    last, first, middle = [*card.fields("N"), "", "", ""][:3]
    full_name = "" if first or middle or last else next(iter(card.values("FN")), "")
    numbers = sorted(card.lines["TEL"], key=lambda line: not {"CELL", "MOBILE", "IPHONE"} & line[0])
    phones = [_plain(value).removeprefix("tel:") for types, value in numbers if not {"FAX", "PAGER"} & types]
    region = [*card.fields("ADR"), *[""] * 7][REGION]
    remarks = ["; ".join(card.values(name)) for name in ("CATEGORIES", "NOTE")]
    emails = card.values("EMAIL")
    return [first, middle, last, full_name, *[*emails, "", ""][:2], *[*phones, "", ""][:2], region, *remarks]


def _plain(value: str) -> str:
    """Return a text value without its escapes."""
    return re.sub(r"\\([,;:\\nN])", lambda found: "\n" if found[1] in "nN" else found[1], value)
