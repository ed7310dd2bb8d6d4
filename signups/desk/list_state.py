"""The list of leads that somebody works from: kept in the session, so that every page leads back to it, and onward.

Encrypted: the words of a search may name a person.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from clinic.lib import encryption

KEY = "lead_list"  # in the session: the query of the address, and the leads of that page in their order


@dataclass(frozen=True)
class Neighbours:
    """Where a lead stands on the page of the list: the leads before and after it, if any."""

    position: int
    total: int
    before: int | None
    after: int | None


def remember(request: HttpRequest, shown: list[int]) -> None:
    """Keep the list that is shown."""
    state = {"query": request.GET.urlencode(), "leads": shown}
    if _state(request) != state:
        request.session[KEY] = encryption.encrypt(json.dumps(state))


def leads_url(request: HttpRequest) -> str:
    """Return the address of the list as it was last shown: with its filter, order and page."""
    query = _state(request).get("query", "")
    return reverse("admin:signups_lead_changelist") + (f"?{query}" if query else "")


def neighbours(request: HttpRequest, lead: int) -> Neighbours | None:
    """Return the place of `lead` in the list as it was last shown; None when it was not on it."""
    leads = _state(request).get("leads", [])
    if lead not in leads:
        return None
    at = leads.index(lead)
    before, after = leads[at - 1] if at else None, leads[at + 1] if at + 1 < len(leads) else None
    return Neighbours(at + 1, len(leads), before, after)


def _state(request: HttpRequest) -> dict[str, Any]:
    stored = request.session.get(KEY) if hasattr(request, "session") else None
    try:
        state: dict[str, Any] = json.loads(encryption.decrypt(stored)) if stored else {}
    except encryption.DecryptionError:  # (its key is gone: the list is shown again)
        return {}
    return state


def tidy_address(request: HttpRequest) -> str:
    """Return the address without the empty fields of the filters' form, its columns in one parameter."""
    columns = ".".join(request.GET.getlist("columns"))
    chosen = {name: value for name, value in request.GET.items() if value and name not in ("apply", "columns")}
    return "?" + urlencode(chosen | ({"columns": columns} if columns else {}))
