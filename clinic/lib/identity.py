"""Who is the same person: the one answer that imports, forms, merging and duplicate detection share.

Two records are one person when they have the same address (dots and tags count, but at Gmail they do not), or the same
number, extension included, and near names. A placeholder, or a number that stands on many names, identifies nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from . import phone_numbers
from .person_names import NameMatch, compare_names, parse_name

GMAIL = frozenset({"gmail.com", "googlemail.com"})
MAX_NAMES_OF_NUMBER = 4  # a number of more people is a switchboard's, a shelter's or a placeholder


@dataclass(frozen=True, slots=True)
class Identity:
    """What identifies somebody: `email_key` as of `normalization.email_key`, number in E.164 and extension, or ""."""

    name: str
    email_key: str = ""
    e164: str = ""
    extension: str = ""


def canonical_mailbox(email_key: str) -> str:
    """Return what the addresses of one mailbox share: jo.m+x@googlemail.com is jom@gmail.com."""
    local, at, domain = email_key.lower().rpartition("@")
    if domain not in GMAIL:
        return email_key.lower()
    return f"{local.partition('+')[0].replace('.', '')}{at}gmail.com"


def same_person(one: Identity, other: Identity, *, shared_numbers: Iterable[str] = ()) -> bool:
    """Return whether both are one person.

    Of a number in `shared_numbers` (E.164, on many names) only equal names match, and only without two addresses.
    """
    if one.email_key and canonical_mailbox(one.email_key) == canonical_mailbox(other.email_key):
        return True
    if not same_number(one, other):
        return False
    if one.e164 in shared_numbers:
        both_addresses = bool(one.email_key and other.email_key)
        return not both_addresses and parse_name(one.name).key == parse_name(other.name).key
    return compare_names(one.name, other.name) >= NameMatch.NEAR


def same_number(one: Identity, other: Identity) -> bool:
    """Return whether both have one number that identifies somebody."""
    same = bool(one.e164) and (one.e164, one.extension) == (other.e164, other.extension)
    return same and not phone_numbers.is_placeholder(one.e164)


def is_shared(names: Iterable[str]) -> bool:
    """Return whether a number on which these names stand belongs to too many people to identify one."""
    return len({parse_name(name).key for name in names}) > MAX_NAMES_OF_NUMBER
