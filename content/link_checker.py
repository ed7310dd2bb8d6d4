"""Link checker: links, retraction notices and archive copies of cited sources.

Uses the network, not the database; network errors are results, never exceptions. Retraction notices come from the
`updated-by` list of Crossref's record of a DOI, which includes Retraction Watch. Archive copies come from the Internet
Archive's availability API.
"""

import json
from dataclasses import dataclass
from http.client import HTTPException, responses
from typing import Any
from urllib.parse import quote, urldefrag, urlsplit

from django.db.models import TextChoices

from clinic.lib.outgoing_requests import PlainHttpRefused, RequestRefused, Response, fetch

CROSSREF = "https://api.crossref.org/works/"
ARCHIVE = "https://archive.org/wayback/available?url="
USER_AGENT = "Mozilla/5.0 (compatible; clinic-source-check/1.0)"
BLOCKED = {401, 402, 403, 405, 406, 407, 429, 451}  # statuses of pages that people may well see
TEMPORARY = {408, 425}
SERIOUS_NOTICES = ("retraction", "withdrawal", "removal", "expression_of_concern")


class LinkResult(TextChoices):
    """Outcome of a link check."""

    ALIVE = "alive", "alive"
    MOVED = "moved", "Moved permanently"
    BLOCKED = "shut", "Blocked"
    NO_RESPONSE = "silent", "did not answer"
    DEAD = "dead", "dead"


@dataclass(frozen=True)
class Link:
    """Result for one URL; `status` is 0 without a response.

    `final_url` is where redirects ended, empty if at the same page.
    """

    outcome: LinkResult
    status: int = 0
    final_url: str = ""
    error: str = ""


def check_link(url: str, *, timeout: float) -> Link:
    """Check `url` by https, waiting at most `timeout` seconds altogether."""
    if not _is_web(url):
        return Link(LinkResult.DEAD, error="not an address of the web (http or https)")
    try:
        response = _fetch(url, timeout=timeout, max_bytes=0)
    except RequestRefused as error:
        return Link(LinkResult.DEAD, error=f"it leads to an address that is not looked at: {error}")
    except (OSError, HTTPException, ValueError) as error:
        return Link(LinkResult.NO_RESPONSE, error=str(error or type(error).__name__)[:200])
    final_url = _other_url(url, response.url)
    if response.status >= 400:
        reason = responses.get(response.status, "")
        return Link(_result_of_status(response.status), response.status, final_url, reason)
    moved = final_url and response.moved
    return Link(LinkResult.MOVED if moved else LinkResult.ALIVE, response.status, final_url)


def archive_copy(url: str, *, timeout: float) -> str:
    """Return the URL of a copy in the Internet Archive; empty if none is known."""
    availability = _json(ARCHIVE + quote(url, safe=""), timeout=timeout)
    closest = _dict(_dict(availability.get("archived_snapshots")).get("closest"))
    copy = closest.get("url")
    return copy if closest.get("available") is True and isinstance(copy, str) and _is_web(copy) else ""


def retraction_notices(doi: str, *, timeout: float) -> list[str] | None:
    """Return retraction notices such as `retraction, 2021-03-04, doi:10.1/x`.

    None without a Crossref record, which most journals have and other works have not.
    """
    work = _dict(_json(CROSSREF + quote(doi, safe=""), timeout=timeout).get("message"))
    if str(work.get("DOI", "")).lower() != doi.lower():
        return None
    updates = work.get("updated-by")
    return [
        _notice(update) for update in map(_dict, updates if isinstance(updates, list) else []) if _is_serious(update)
    ]


def _is_serious(update: dict[str, Any]) -> bool:
    return any(
        word in str(update.get("type", "")).lower().replace("-", "_").replace(" ", "_") for word in SERIOUS_NOTICES
    )


def _notice(update: dict[str, Any]) -> str:
    day = str(_dict(update.get("updated")).get("date-time", ""))[:10]
    parts = [str(update["type"]).replace("_", " "), day, f"doi:{update['DOI']}" if update.get("DOI") else ""]
    return ", ".join(part for part in parts if part)


def _result_of_status(status: int) -> LinkResult:
    if status in BLOCKED:
        return LinkResult.BLOCKED
    return LinkResult.NO_RESPONSE if status in TEMPORARY or status >= 500 else LinkResult.DEAD


def _other_url(requested: str, final: str) -> str:
    """Return `final`, or "" for the same page.

    URLs that differ by fragment or last slash only are the same page.
    """
    return "" if urldefrag(requested).url.rstrip("/") == urldefrag(final).url.rstrip("/") else final


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _fetch(url: str, **limits: Any) -> Response:
    """Fetch an address as people write it: with non-ASCII characters, which must be percent-encoded.

    What is cited by http is asked by https, unless it is of a network that the operator allows.
    """
    encoded = quote(url, safe=":/?#[]@!$&'()*+,;=%~")
    headers = {"User-Agent": USER_AGENT, "Accept": "*/*"}
    try:
        return fetch(encoded, headers=headers, **limits)
    except PlainHttpRefused:
        return fetch(f"https{encoded.removeprefix('http')}", headers=headers, **limits)


def _json(url: str, *, timeout: float) -> dict[str, Any]:
    """Return the JSON object at `url`; empty on any error."""
    try:
        response = _fetch(url, timeout=timeout)
        return _dict(json.loads(response.body)) if response.status == 200 else {}
    except (OSError, HTTPException, ValueError):
        return {}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
