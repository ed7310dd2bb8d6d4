"""Duplicate detection: leads that share a number, an address or a name, judged as `clinic.lib.person_names` compares.

The database finds the candidates by indexed keys, so that the page costs the same whatever the number of leads; `judge`
says how likely they are one person, and why. Couples, families and colleagues are kept apart.
"""

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from django.db.models import Count, F, QuerySet
from django.db.models.expressions import Combinable

from clinic.lib import email_domains, identity, phone_numbers
from clinic.lib.person_names import NameMatch, compare_names, edit_distance_at_most_one, parse_name
from signups.leads.merge_models import DistinctLeadPair
from signups.leads.models import Lead, LeadQuerySet, address_name_expression, mailbox_expression

GROUPS_SQL = 50  # groups per page
MAX_GROUP_SIZE = 5  # a number that more leads share is a switchboard's
ROLE_ADDRESSES = frozenset({"info", "office", "contact", "admin", "mail", "email", "hello", "sales", "support", "team"})
DISTINCTIVE_LENGTH = 6  # letters before the @ that two people hardly share


@dataclass(frozen=True)
class MatchKey:
    """A property that duplicates share.

    `leads` returns the leads that have one; `key` builds the expression for the lead at the end of a lookup.
    """

    leads: Callable[[], LeadQuerySet]
    key: Callable[[str], Combinable]


MATCH_KEYS: Mapping[str, MatchKey] = {
    "number": MatchKey(
        lambda: Lead.objects.live().exclude(phone_e164=""),
        lambda lookup: F(f"{lookup}phone_e164"),
    ),
    "mailbox": MatchKey(
        lambda: Lead.objects.live().exclude(email_key=""),
        lambda lookup: mailbox_expression(f"{lookup}email_key"),
    ),
    "address": MatchKey(
        lambda: Lead.objects.live().exclude(email_key=""),
        lambda lookup: address_name_expression(f"{lookup}email_key", f"{lookup}name_key"),
    ),
    "name": MatchKey(
        lambda: Lead.objects.live().exclude(name_key=""),
        lambda lookup: F(f"{lookup}name_key"),
    ),
}


class Likelihood(enum.IntEnum):
    """How likely two leads are one person."""

    UNLIKELY = 0
    POSSIBLE = 1
    LIKELY = 2


@dataclass(frozen=True)
class Verdict:
    """How likely it is, and why, as parts of a sentence."""

    likelihood: Likelihood
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Two live leads, the older first, and the verdict on them."""

    older: Lead
    newer: Lead
    verdict: Verdict


NAME_REASONS = {
    NameMatch.SAME: "same name",
    NameMatch.NEAR: "similar names",
    NameMatch.GENERATION: "same name, but only one has Jr. or Sr.",
    NameMatch.MIDDLE_NAME: "one goes by the other’s middle name",
    NameMatch.SURNAME_CHANGED: "same first name, different last names",
    NameMatch.FAMILY: "same last name, different first names",
    NameMatch.DIFFERENT: "different names",
}


def judge(one: Lead, other: Lead) -> Verdict:
    """Return how likely two leads are one person, and why."""
    name = compare_names(one.name, other.name)
    same = _same_contact(one, other)
    near = _near_contact(one, other, certain=_is_telling(one.name, name)) if name >= NameMatch.NEAR and not same else []
    reasons = (*same, *near, NAME_REASONS[name])
    if name >= NameMatch.NEAR and (same or near):
        return Verdict(Likelihood.LIKELY, reasons)
    if name == NameMatch.SAME and parse_name(one.name).is_rare:
        return Verdict(Likelihood.POSSIBLE, ("same rare name",))
    explained = NameMatch.SURNAME_CHANGED <= name < NameMatch.NEAR
    possible = same and (explained or _lacks_a_name(one, other, same))
    return Verdict(Likelihood.POSSIBLE if possible else Likelihood.UNLIKELY, reasons)


def _lacks_a_name(one: Lead, other: Lead, same: list[str]) -> bool:
    """Return whether one of two leads has no given name: an address for a name or, with one mailbox, “Mr. Khan”."""
    if one.name == one.email or other.name == other.email:
        return True
    return "same email address" in same and 1 in (len(parse_name(one.name).words), len(parse_name(other.name).words))


def _same_contact(one: Lead, other: Lead) -> list[str]:
    """Return which address or number both have, as words."""
    found = ["same phone number"] if identity.same_number(one.identity, other.identity) else []
    mailboxes = {identity.canonical_mailbox(lead.email_key) for lead in (one, other)}
    return found + (["same email address"] if len(mailboxes) == 1 and one.email_key else [])


def _is_telling(name: str, match: NameMatch) -> bool:
    """Return whether two leads have one name, which is none of the many who are called so."""
    return match == NameMatch.SAME and not parse_name(name).is_common


def _near_contact(one: Lead, other: Lead, *, certain: bool) -> list[str]:
    """Return which address or number is nearly that of the other, as words; `certain` says that their name is one."""
    found = []
    if one.email_key and other.email_key and _near_addresses(one.email_key, other.email_key, digits=certain):
        found.append("similar email addresses")
    if one.phone_e164 and other.phone_e164 and _near_numbers(one.phone_e164, other.phone_e164):
        found.append("similar phone numbers")
    return found


def _near_addresses(one: str, other: str, *, digits: bool) -> bool:
    """Return whether the addresses differ by a slip, a tag, or only by the provider.

    Numbered addresses of one domain are two people’s, unless `digits` may be slips.
    """
    locals_ = [email.partition("@")[0].partition("+")[0].replace(".", "") for email in (one, other)]
    domains = [email.partition("@")[2] for email in (one, other)]
    if locals_[0] == locals_[1]:
        slip = edit_distance_at_most_one(*domains) or domains[0] in email_domains.suggest_domain(domains[1])
        distinctive = len(locals_[0]) >= DISTINCTIVE_LENGTH or any(char.isdigit() for char in locals_[0])
        return domains[0] == domains[1] or slip or (distinctive and locals_[0] not in ROLE_ADDRESSES)
    letters = ["".join(char for char in local if not char.isdigit()) for local in locals_]
    return domains[0] == domains[1] and (digits or letters[0] != letters[1]) and edit_distance_at_most_one(*locals_)


def _near_numbers(one: str, other: str) -> bool:
    """Return whether the numbers differ by one slip, by a swap of two digits, or by the country code alone."""
    if one == other or phone_numbers.is_placeholder(one) or phone_numbers.is_placeholder(other):
        return False
    return edit_distance_at_most_one(one, other) or one[-10:] == other[-10:] or _two_digits_swapped(one, other)


def _two_digits_swapped(one: str, other: str) -> bool:
    wrong = [at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    if len(one) != len(other) or len(wrong) != 2:
        return False
    first, last = wrong
    return one[first] == other[last] and one[last] == other[first]


def find_pairs(
    kind: str = "number", after: int = 0, *, unlikely: bool = False
) -> tuple[list[Pair], tuple[str, int] | None]:
    """Return the pairs of one page, the likeliest first, and the next page.

    The next page is (`kind`, `after`) or None. `after` is a lead id, so that the URL contains no phone number or
    address. With `unlikely`, return instead those who share a number or an address and are probably two people.
    """
    found = list(islice(_groups(kind, after), GROUPS_SQL + 1))
    groups = found[:GROUPS_SQL]
    leads = [lead.pk for _, group in groups for lead in group]
    distinct = set(DistinctLeadPair.objects.filter(older__in=leads).values_list("older_id", "newer_id"))
    pairs = {
        (older.pk, newer.pk): Pair(older, newer, judge(older, newer))
        for name, group in groups
        for older, newer in combinations(group, 2)
        if (older.pk, newer.pk) not in distinct and not _found_before(name, older, newer)
    }
    shown = [pair for pair in pairs.values() if (pair.verdict.likelihood == Likelihood.UNLIKELY) == unlikely]
    if unlikely:
        shown = [pair for pair in shown if _same_contact(pair.older, pair.newer)]
    following = (groups[-1][0], groups[-1][1][0].pk) if len(found) > GROUPS_SQL else None
    return sorted(shown, key=lambda pair: -pair.verdict.likelihood), following


def _found_before(kind: str, older: Lead, newer: Lead) -> bool:
    """Return whether the pair belongs to an earlier key of MATCH_KEYS, on whose page it stands."""
    if kind == "number":
        return False
    mailboxes = {identity.canonical_mailbox(lead.email_key) for lead in (older, newer)}
    earlier = bool(older.phone_e164) and older.phone_e164 == newer.phone_e164
    if kind != "mailbox":
        earlier = earlier or (bool(older.email_key) and len(mailboxes) == 1)
    if kind == "name" and older.email_key and newer.email_key:
        locals_ = [lead.email_key.partition("@")[0].partition("+")[0].replace(".", "") for lead in (older, newer)]
        earlier = earlier or locals_[0] == locals_[1]
    return earlier


def _groups(kind: str, after: int) -> Iterator[tuple[str, list[Lead]]]:
    """Yield (key name, leads) for each shared number after `after`, then for each other key.

    Queries one page per key.
    """
    names = list(MATCH_KEYS)
    for name in names[names.index(kind) :]:
        leads: QuerySet[Any, Any] = MATCH_KEYS[name].leads().annotate(key=MATCH_KEYS[name].key(""))
        shared = _shared(leads, MATCH_KEYS[name])
        if name == kind and after:
            shared = shared.filter(key__gt=leads.filter(pk=after).values_list("key", flat=True).first() or "")
        keys = [group["key"] for group in shared.order_by("key")[: GROUPS_SQL + 1]]
        groups: dict[str, list[Lead]] = {key: [] for key in keys}
        for lead in leads.filter(key__in=keys).select_related("owner").order_by("pk"):
            groups[lead.key].append(lead)
        yield from ((name, group) for group in groups.values())


def _shared(leads: QuerySet[Any, Any], kind: MatchKey) -> QuerySet[Any, Any]:
    """Return each `key` that 2 to MAX_GROUP_SIZE leads share.

    Excludes keys whose pairs are all marked as distinct.
    """
    shared: QuerySet[Any, Any] = (
        leads.order_by().values("key").annotate(size=Count("*")).filter(size__gt=1, size__lte=MAX_GROUP_SIZE)
    )
    both = DistinctLeadPair.objects.order_by().annotate(key=kind.key("older__"), newers=kind.key("newer__"))
    distinct = both.filter(newers=F("key")).values("key").annotate(pairs=Count("*"))
    for size in range(2, MAX_GROUP_SIZE + 1):
        shared = shared.exclude(size=size, key__in=distinct.filter(pairs=size * (size - 1) // 2).values("key"))
    return shared
