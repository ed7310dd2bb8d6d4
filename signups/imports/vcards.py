"""Contacts in a vCard file (RFC 6350, and versions 2.1 and 3.0) as rows of a table."""

import re
from collections.abc import Iterator
from typing import Any

MAX_CARDS = 50_000
PART = 500  # cards that are parsed at a time
NEEDED = re.compile(r"(?:[\w-]{1,60}\.)?(?:BEGIN|END|VERSION|N|FN|EMAIL|TEL|ADR)[;:]", re.IGNORECASE)
CARD_HEADER = ["First name", "Middle name", "Last name", "Name", "Email", "Email 2", "Phone", "Phone 2", "State"]


def read_vcards(text: str) -> Iterator[list[str]]:
    """Yield the headings and one row for each card. Raises ValueError.

    A few cards are parsed at a time, so that memory does not grow with the file.
    """
    import vobject  # takes 80 ms, so only this function imports it

    yield list(CARD_HEADER)
    starts = [found.start() for found in re.finditer(r"^BEGIN:VCARD", text, re.IGNORECASE | re.MULTILINE)]
    if len(starts) > MAX_CARDS:
        raise ValueError(
            f"This file has {len(starts):,} contacts; at most {MAX_CARDS:,} can be read. Split it into several files."
        )
    for first in range(0, len(starts), PART):
        end = starts[first + PART] if first + PART < len(starts) else len(text)
        try:
            for card in vobject.readComponents(
                _needed_lines(text[starts[first] : end]), ignoreUnreadable=True, allowQP=True
            ):
                yield _row(card)
        except Exception:
            raise ValueError(
                f"A contact between number {first + 1:,} and {min(first + PART, len(starts)):,} of this file cannot be "
                "read. Export the contacts again, or as CSV."
            ) from None


def _needed_lines(text: str) -> str:
    """Return the cards without pictures and other lines that name nobody, unless lines are broken in another way."""
    if "QUOTED-PRINTABLE" in text.upper():
        return text
    lines = re.sub(r"\r?\n[ \t]", "", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line for line in lines if NEEDED.match(line))


def _row(card: Any) -> list[str]:
    contents = card.contents
    name = contents["n"][0].value if "n" in contents else None
    parts = [_text(getattr(name, part, "")) for part in ("given", "additional", "family")]
    full_name = _text(contents["fn"][0].value) if "fn" in contents and not any(parts) else ""
    emails = [_text(line.value) for line in contents.get("email", [])]
    phones = [_text(line.value) for line in sorted(contents.get("tel", []), key=_rank) if not _is_fax(line)]
    address = contents["adr"][0].value if "adr" in contents else None
    region = _text(getattr(address, "region", ""))
    return [*parts, full_name, *[*emails, "", ""][:2], *[*phones, "", ""][:2], region]


def _rank(line: Any) -> int:
    """Sort mobile numbers first."""
    return 0 if {"CELL", "MOBILE", "IPHONE"} & _types(line) else 1


def _is_fax(line: Any) -> bool:
    return bool({"FAX", "PAGER"} & _types(line))


def _types(line: Any) -> set[str]:
    return {kind.upper() for kind in line.params.get("TYPE", [])} | {single.upper() for single in line.singletonparams}


def _text(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value or "").removeprefix("tel:")
