"""Duplicate detection by phone number or mailbox, ranked by name similarity."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from django.db.models import Count, F, QuerySet
from django.db.models.expressions import Combinable

from signups.leads.merge_models import DistinctLeadPair
from signups.leads.models import Lead, LeadQuerySet, mailbox_expression

GROUPS_SQL = 50  # groups per page
MAX_GROUP_SIZE = 5  # a number that more leads share is a switchboard's
SIMILARITY_THRESHOLD = 0.8  # of difflib's ratio: “Jon Miller” and “John Miller”, not “Jon Miller” and “Ann Miller”


@dataclass(frozen=True)
class MatchKey:
    """A property that duplicates share.

    `leads` returns the leads that have one; `key` builds the expression for the lead at the end of a lookup.
    """

    same: str
    leads: Callable[[], LeadQuerySet]
    key: Callable[[str], Combinable]


MATCH_KEYS: Mapping[str, MatchKey] = {
    "number": MatchKey(
        "the same phone number",
        lambda: Lead.objects.live().exclude(phone_e164=""),
        lambda lookup: F(f"{lookup}phone_e164"),
    ),
    "mailbox": MatchKey(
        "the same email address",
        lambda: Lead.objects.live().exclude(email_key=""),
        lambda lookup: mailbox_expression(f"{lookup}email_key"),
    ),
}


@dataclass(frozen=True)
class Pair:
    """Two live leads, the older first, and the property they share."""

    older: Lead
    newer: Lead
    same: str
    near_names: bool


def find_pairs(kind: str = "number", after: int = 0) -> tuple[list[Pair], tuple[str, int] | None]:
    """Return the pairs of one page, similar names first, and the next page.

    The next page is (`kind`, `after`) or None. `after` is a lead id, so that the URL contains no phone number or
    address. Reads every live number and address once, which suits a rarely used page.
    """
    found = list(islice(_groups(kind, after), GROUPS_SQL + 1))
    groups = found[:GROUPS_SQL]
    leads = [lead.pk for _, group in groups for lead in group]
    distinct = set(DistinctLeadPair.objects.filter(older__in=leads).values_list("older_id", "newer_id"))
    shown = [
        Pair(older, newer, MATCH_KEYS[name].same, names_similar(older.name, newer.name))
        for name, group in groups
        for older, newer in combinations(group, 2)
        if (older.pk, newer.pk) not in distinct
    ]
    following = (groups[-1][0], groups[-1][1][0].pk) if len(found) > GROUPS_SQL else None
    return sorted(shown, key=lambda pair: not pair.near_names), following


def names_similar(one: str, other: str) -> bool:
    """Return whether the names have the same words in any order, or nearly the same."""
    return difflib.SequenceMatcher(None, _sorted_words(one), _sorted_words(other)).ratio() >= SIMILARITY_THRESHOLD


def _sorted_words(name: str) -> str:
    return " ".join(sorted(name.casefold().replace(",", " ").split()))


def _groups(kind: str, after: int) -> Iterator[tuple[str, list[Lead]]]:
    """Yield (key name, leads) for each shared number after `after`, then each mailbox.

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
