"""Match the rows of a list to known leads and to each other, as `clinic.lib.identity` says.

The result does not depend on the order of the file: rows are matched fullest first (`sort_key`), and whether a number
stands on too many names to identify anybody is counted over the whole file and the known leads together.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from clinic.lib import bulk_sql, identity, phone_numbers
from signups.leads.models import Lead

# Fields that a row may fill in a known lead: each group as one, when its first field is empty there.
FILLABLE = (
    ("email_key", "email"),
    ("phone_e164", "phone", "phone_extension"),
    ("state",),
    ("owner_id",),
    ("unsubscribed_at",),
    ("do_not_call_at",),
    ("no_texts_at",),
)
OPT_OUT_COLUMNS = ("unsubscribed_at", "do_not_call_at", "no_texts_at")
MATCHED_COLUMNS = ("pk", "name", "time_zone", "zone_is_guessed", *(name for group in FILLABLE for name in group))


@dataclass(slots=True, eq=False)
class KnownPerson:
    """A lead, or an earlier row that will become one: `values` are the fields that a row may fill."""

    values: dict[str, Any]
    lead_id: int | None = None
    row: int | None = None

    @property
    def identity(self) -> identity.Identity:
        data = self.values
        return identity.Identity(data["name"], data["email_key"], data["phone_e164"], data["phone_extension"])

    def fill(self, data: dict[str, Any]) -> dict[str, Any]:
        """Take from `data` what is empty here; return what was taken. Nothing is overwritten."""
        taken: dict[str, Any] = {}
        for group in FILLABLE:
            if not self.values[group[0]] and data[group[0]]:
                taken |= {name: data[name] for name in group}
        if self.values["name"] == self.values["email"] and data["name"] not in ("", data["email"], self.values["name"]):
            taken["name"] = data["name"]
        if self.values["zone_is_guessed"] and not data["zone_is_guessed"]:
            taken |= {"time_zone": data["time_zone"], "zone_is_guessed": False}
        self.values |= taken
        return taken


class PersonIndex:
    """Known people by mailbox and by number."""

    def __init__(self, shared_numbers: Collection[str] = ()) -> None:
        self.shared = {*shared_numbers}
        self.by_mailbox: dict[str, KnownPerson] = {}
        self.by_number: dict[str, list[KnownPerson]] = defaultdict(list)
        self.loaded: set[int] = set()

    @transaction.atomic
    def load_leads(self, people: Iterable[identity.Identity], *, lock: bool = False) -> None:
        """Add the live leads that share a mailbox or a number with any of `people`."""
        bulk_sql.prefer_indexes()
        people = list(people)
        mailboxes = {identity.canonical_mailbox(person.email_key) for person in people if person.email_key}
        numbers = {person.e164 for person in people if person.e164}
        live = Lead.objects.live().order_by("pk")
        live = live.select_for_update() if lock else live
        for leads in (live.with_mailbox(mailboxes), live.with_number(numbers)):
            for values in leads.values(*MATCHED_COLUMNS):
                if values["pk"] not in self.loaded:
                    self.loaded.add(values["pk"])
                    self.add(KnownPerson(values, lead_id=values["pk"]))
        for number in numbers - self.shared:
            if identity.is_shared(person.values["name"] for person in self.by_number[number]):
                self.shared.add(number)

    def find(self, who: identity.Identity) -> KnownPerson | None:
        """Return the person whose mailbox is that of `who`, else the one with their number and a near name."""
        if who.email_key and (found := self.by_mailbox.get(identity.canonical_mailbox(who.email_key))):
            return found
        if not who.e164:
            return None
        near = (
            one
            for one in self.by_number[who.e164]
            if identity.same_person(who, one.identity, shared_numbers=self.shared)
        )
        return next(near, None)

    def add(self, person: KnownPerson) -> None:
        data = person.values
        if data["email_key"]:
            self.by_mailbox.setdefault(identity.canonical_mailbox(data["email_key"]), person)
        if data["phone_e164"] and person not in self.by_number[data["phone_e164"]]:
            self.by_number[data["phone_e164"]].append(person)


@transaction.atomic
def shared_numbers(people: Iterable[identity.Identity]) -> set[str]:
    """Return the numbers that stand on too many names, counted over `people` and the known leads.

    A number counts for every name of the mailboxes it comes with, too: the import may write it down there.
    """
    bulk_sql.prefer_indexes()
    names: dict[str, set[str]] = defaultdict(set)
    names_of: dict[str, set[str]] = defaultdict(set)
    mailboxes: dict[str, set[str]] = defaultdict(set)
    for person in people:
        mailbox = identity.canonical_mailbox(person.email_key)
        names_of[mailbox].add(person.name)
        if person.e164 and not phone_numbers.is_placeholder(person.e164):
            names[person.e164].add(person.name)
            mailboxes[person.e164].add(mailbox)
    for chunk in _chunks(names):
        for number, name in Lead.objects.live().with_number(chunk).order_by().values_list("phone_e164", "name"):
            names[number].add(name)
    for chunk in _chunks({mailbox for found in mailboxes.values() for mailbox in found} - {""}):
        for email_key, name in Lead.objects.live().with_mailbox(chunk).order_by().values_list("email_key", "name"):
            names_of[identity.canonical_mailbox(email_key)].add(name)
    for number, found in mailboxes.items():
        names[number].update(*(names_of[mailbox] for mailbox in found - {""}))
    return {number for number, there in names.items() if len(there) > 1 and identity.is_shared(there - {""})}


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    listed = list(values)
    return (listed[start : start + 1000] for start in range(0, len(listed), 1000))


def sort_key(row: tuple[int, Sequence[str]]) -> tuple[Any, ...]:
    """Order rows by what they say, the fullest first."""
    _, cells = row
    return (-sum(map(bool, cells)), *cells)
