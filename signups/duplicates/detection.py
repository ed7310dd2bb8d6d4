"""Leads that may be one person: one number, or one mailbox however it is spelled, and how alike their names are."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from django.db.models import Count, F, QuerySet
from django.db.models.expressions import Combinable

from signups.leads.merge_models import DistinctLeadPair
from signups.leads.models import Lead, LeadQuerySet, email_local_part_lower

GROUPS_SQL = 50  # shown at once
MAX_GROUP_SIZE = 5  # a number of more people than that is a switchboard's
SIMILARITY_THRESHOLD = 0.8  # of difflib's ratio: “Jon Miller” and “John Miller”, not “Jon Miller” and “Ann Miller”


@dataclass(frozen=True)
class MatchKey:
    """What leads may have in common: those that have one, and `key`, what it is of the lead at the end of a lookup."""

    same: str
    leads: Callable[[], LeadQuerySet]
    key: Callable[[str], Combinable]


MATCH_KEYS: Mapping[str, MatchKey] = {
    "number": MatchKey(
        "the same number",
        lambda: Lead.objects.live().exclude(phone_e164=""),
        lambda lookup: F(f"{lookup}phone_e164"),
    ),
    "mailbox": MatchKey(
        "the same mailbox",
        lambda: Lead.objects.live().exclude(email_key=""),
        lambda lookup: email_local_part_lower(f"{lookup}email_key"),
    ),
}


@dataclass(frozen=True)
class Pair:
    """Two live leads, the older first, and what they have in common."""

    older: Lead
    newer: Lead
    same: str
    near_names: bool


def find_pairs(kind: str = "number", after: int = 0) -> tuple[list[Pair], tuple[str, int] | None]:
    """Those of up to GROUPS numbers or mailboxes, near names first, and the `kind` and `after` of the page after it.

    A page begins after the number or mailbox of the lead `after`: no address of a page holds either.
    Reads every live number and address once: for a page that few open.
    """
    found = list(islice(_groups(kind, after), GROUPS_SQL + 1))
    groups = found[:GROUPS_SQL]
    leads = [lead.pk for _, group in groups for lead in group]
    apart = set(DistinctLeadPair.objects.filter(older__in=leads).values_list("older_id", "newer_id"))
    shown = [
        Pair(older, newer, MATCH_KEYS[name].same, names_similar(older.name, newer.name))
        for name, group in groups
        for older, newer in combinations(group, 2)
        if (older.pk, newer.pk) not in apart
    ]
    following = (groups[-1][0], groups[-1][1][0].pk) if len(found) > GROUPS_SQL else None
    return sorted(shown, key=lambda pair: not pair.near_names), following


def names_similar(one: str, other: str) -> bool:
    """The same words in any order, or nearly the same letters."""
    return difflib.SequenceMatcher(None, _in_order(one), _in_order(other)).ratio() >= SIMILARITY_THRESHOLD


def _in_order(name: str) -> str:
    return " ".join(sorted(name.casefold().replace(",", " ").split()))


def _groups(kind: str, after: int) -> Iterator[tuple[str, list[Lead]]]:
    """The leads of each number from `after` on, then of each mailbox; the database is asked for no more than a page."""
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
    """Each `key` that a few leads have, unless every two of them are known to be two people."""
    shared = leads.order_by().values("key").annotate(held=Count("*")).filter(held__gt=1, held__lte=MAX_GROUP_SIZE)
    both = DistinctLeadPair.objects.order_by().annotate(key=kind.key("older__"), newers=kind.key("newer__"))
    apart = both.filter(newers=F("key")).values("key").annotate(pairs=Count("*"))
    for size in range(2, MAX_GROUP_SIZE + 1):
        shared = shared.exclude(held=size, key__in=apart.filter(pairs=size * (size - 1) // 2).values("key"))
    return shared
