"""The order of the lead list, and a position in it: keyset pagination by an indexed column and the id."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet

from signups.leads.models import Lead

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class ListOrder:
    """An order by `field`; leads without a value count as the oldest."""

    field: str
    descending: bool
    nullable: bool = False

    @property
    def is_by_time(self) -> bool:
        return self.field.endswith("_at")

    def parts(self, *, forward: bool) -> list[bool | None]:
        """Return the parts of the list, in order: with a value (False), without one (True); None is the whole."""
        if not self.nullable:
            return [None]
        return [False, True] if self.descending == forward else [True, False]


DEFAULT_ORDER = ListOrder("created_at", descending=True)
ORDERS: Mapping[str, ListOrder] = {
    "": DEFAULT_ORDER,
    "created": ListOrder("created_at", descending=False),
    "name": ListOrder("name_folded", descending=False),
    "-name": ListOrder("name_folded", descending=True),
    "contact": ListOrder("last_contact_at", descending=False, nullable=True),
    "-contact": ListOrder("last_contact_at", descending=True, nullable=True),
}


@dataclass(frozen=True)
class KeysetCursor:
    """A position in the list: just after or before a lead, by its value and id.

    Without a lead it is the start (`after`) or the end of the list. A lead without a value has `value` None.
    """

    order: ListOrder = DEFAULT_ORDER
    after: bool = True
    pk: int | None = None
    value: Any = None

    PATTERN = re.compile(r"(after|before)-(\d{1,17}|none|name)-(\d{1,18})", re.ASCII)

    @classmethod
    def read(cls, text: str, order: ListOrder = DEFAULT_ORDER) -> "KeysetCursor":
        """Parse the page parameter. Raises BadRequest for an invalid value."""
        if text in ("", "last"):
            return cls(order, after=text == "")
        if not (found := cls.PATTERN.fullmatch(text)) or (found[2] == "name") == order.is_by_time:
            raise BadRequest("That page doesn’t exist.")
        if found[2] == "none" and not order.nullable:
            raise BadRequest("That page doesn’t exist.")
        return cls(order, found[1] == "after", int(found[3]), cls._value(found[2], int(found[3]), order))

    @staticmethod
    def _value(text: str, pk: int, order: ListOrder) -> Any:
        if text == "none":
            return None
        if order.is_by_time:
            return EPOCH + int(text) * MICROSECOND
        # (The address holds no name: it is read from the lead.)
        return Lead.objects.filter(pk=pk).values_list(order.field, flat=True).first() or ""

    def write(self, side: str, lead: Lead) -> str:
        """Return the page parameter of the leads `side` (after or before) of `lead`."""
        if not self.order.is_by_time:
            return f"{side}-name-{lead.pk}"
        at = getattr(lead, self.order.field)
        return f"{side}-{'none' if at is None else (at - EPOCH) // MICROSECOND}-{lead.pk}"

    def page(self, leads: QuerySet[Lead], size: int) -> tuple[list[Lead], bool]:
        """Return up to `size` leads in the order of the list, and whether more follow."""
        rows: list[Lead] = []
        for part in self._parts(leads):
            rows += part[: size + 1 - len(rows)]
            if len(rows) > size:
                break
        more = len(rows) > size
        rows = rows[:size]
        return (rows if self.after else rows[::-1]), more

    def _parts(self, leads: QuerySet[Lead]) -> Iterator[QuerySet[Lead]]:
        """Yield what is left of the list from here on, away from the lead, by its parts."""
        descending = self.order.descending == self.after
        sign = "-" if descending else ""
        field, found = self.order.field, self.pk is None
        for without in self.order.parts(forward=self.after):
            part = leads.order_by(f"{sign}{field}", f"{sign}id")
            if without is not None:
                part = part.filter(**{f"{field}__isnull": without})
            if not found:
                if without is not None and without != (self.value is None):
                    continue
                part, found = self._beyond(part, "lt" if descending else "gt"), True
            yield part

    def _beyond(self, part: QuerySet[Lead], side: str) -> QuerySet[Lead]:
        """Narrow a part of the list to what comes after the lead."""
        further = Q(**{f"id__{side}": self.pk})
        if self.value is None:
            return part.filter(further)
        field = self.order.field
        # (The second condition is implied by the first: it lets PostgreSQL begin in the middle of the index.)
        return part.filter(
            Q(**{f"{field}__{side}": self.value}) | Q(further, **{field: self.value}),
            **{f"{field}__{side}e": self.value},
        )
