"""Leads that may be one person: one number, or one mailbox however it is spelled, and how alike their names are."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from django.db.models import Count, F

from .models import Lead
from .models.leads import LeadQuerySet

GROUPS = 50  # of each kind, shown at once
IN_A_GROUP = 5  # a number of more people than that is a switchboard's
NEAR = 0.8  # of difflib's ratio: “Jon Miller” and “John Miller”, not “Jon Miller” and “Ann Miller”


@dataclass(frozen=True)
class Pair:
    """Two live leads, the older first, and what they have in common."""

    older: Lead
    newer: Lead
    same: str
    near_names: bool


def pairs() -> list[Pair]:
    """Near names first. Reads every live number and address once: for a page that few open."""
    live = Lead.objects.live()
    found = [
        *_pairs(live.exclude(phone_e164=""), "phone_e164", "the same number"),
        *_pairs(live.with_mailbox(), "mailbox", "the same mailbox"),
    ]
    return sorted(found, key=lambda pair: not pair.near_names)


def near(one: str, other: str) -> bool:
    """The same words in any order, or nearly the same letters."""
    return difflib.SequenceMatcher(None, _in_order(one), _in_order(other)).ratio() >= NEAR


def _in_order(name: str) -> str:
    return " ".join(sorted(name.casefold().replace(",", " ").split()))


def _pairs(leads: LeadQuerySet, key: str, same: str) -> Iterator[Pair]:
    shared = leads.order_by().values(key).annotate(held=Count("*")).filter(held__gt=1, held__lte=IN_A_GROUP)
    keys = [group[key] for group in shared.order_by(key)[:GROUPS]]
    groups: dict[str, list[Lead]] = {}
    for lead in leads.filter(**{f"{key}__in": keys}).select_related("owner").annotate(key=F(key)).order_by("pk"):
        groups.setdefault(lead.key, []).append(lead)
    for group in groups.values():
        for older, newer in combinations(group, 2):
            yield Pair(older, newer, same, near(older.name, newer.name))
