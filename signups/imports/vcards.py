"""Contacts in a vCard file (RFC 6350, and versions 2.1 and 3.0) as rows of a table."""

from collections.abc import Iterator
from typing import Any

MAX_CARDS = 5_000
CARD_HEADER = ["First name", "Middle name", "Last name", "Name", "Email", "Email 2", "Phone", "Phone 2", "State"]


def read_vcards(text: str) -> Iterator[list[str]]:
    """Yield the headings and one row for each card. Raises ValueError."""
    count = text.upper().count("BEGIN:VCARD")
    if count > MAX_CARDS:
        raise ValueError(
            f"This file has {count:,} contacts; at most {MAX_CARDS:,} can be read. Split it into several files."
        )
    import vobject  # takes 80 ms, so only this function imports it

    yield list(CARD_HEADER)
    try:
        for card in vobject.readComponents(text, ignoreUnreadable=True, allowQP=True):
            yield _row(card)
    except Exception:
        raise ValueError("A contact in this file cannot be read. Export the contacts again, or as CSV.") from None


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
