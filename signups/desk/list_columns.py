"""The columns of the lead list, as chosen in the address: `?columns=email.status`."""

from collections.abc import Mapping

from django.core.exceptions import BadRequest

PARAMETER = "columns"
# Column -> label and, where the list can be sorted by it, the orders up and down (`list_order.ORDERS`).
COLUMNS: Mapping[str, tuple[str, tuple[str, str] | None]] = {
    "email": ("Email", None),
    "phone": ("Phone", None),
    "next": ("Next step", None),
    "due": ("Due", ("due", "due")),
    "status": ("Status", None),
    "trial": ("Trial", None),
    "owner": ("Owner", None),
    "contact": ("Last contact", ("contact", "-contact")),
    "created": ("Signed up", ("created", "")),
    "zone": ("Local time", None),
    "state": ("State", None),
    "source": ("Source", None),
}
DEFAULT = tuple(COLUMNS)[:9]


def chosen_columns(text: str) -> tuple[str, ...]:
    """Return the columns that `text` names, in their usual order. Raises BadRequest for an unknown one."""
    if not text:
        return DEFAULT
    named = text.split(".")
    if not set(named) <= set(COLUMNS) or len(set(named)) < len(named):
        raise BadRequest("That column doesn’t exist.")
    return tuple(name for name in COLUMNS if name in named)
