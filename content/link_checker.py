"""Link checker: links, retraction notices and archive copies of cited sources.

Uses the network, not the database; network errors are results, never exceptions. Retraction notices come from the
`updated-by` list of Crossref's record of a DOI, which includes Retraction Watch. Archive copies come from the Internet
Archive's availability API.
"""

import json
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urldefrag, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from django.db.models import TextChoices

CROSSREF = "https://api.crossref.org/works/"
ARCHIVE = "https://archive.org/wayback/available?url="
USER_AGENT = "Mozilla/5.0 (compatible; clinic-source-check/1.0)"
MAX_BYTES = 2_000_000  # read of a response
PERMANENT = {301, 308}
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


class _RedirectHandler(HTTPRedirectHandler):
    """Follow http and https redirects; remember if the first was permanent."""

    def __init__(self) -> None:
        self.permanent = False
        self.seen = False

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if not _is_web(newurl):
            raise HTTPError(req.full_url, code, "leads out of the web", headers, fp)
        if not self.seen:
            self.seen, self.permanent = True, code in PERMANENT
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check_link(url: str, *, timeout: float) -> Link:
    """Check `url`, waiting at most `timeout` seconds for each response."""
    if not _is_web(url):
        return Link(LinkResult.DEAD, error="not an address of the web (http or https)")
    redirects = _RedirectHandler()
    try:
        with _opener(redirects).open(_request(url), timeout=timeout) as response:
            status, final_url = response.status, response.geturl()
    except HTTPError as error:
        error.close()
        return Link(
            _result_of_status(error.code), error.code, _other_url(url, error.url or url), str(error.reason)[:200]
        )
    except (OSError, HTTPException, ValueError) as error:
        return Link(
            LinkResult.NO_RESPONSE, error=str(getattr(error, "reason", "") or error or type(error).__name__)[:200]
        )
    final_url = _other_url(url, final_url)
    return Link(LinkResult.MOVED if final_url and redirects.permanent else LinkResult.ALIVE, status, final_url)


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


def _opener(redirects: HTTPRedirectHandler) -> OpenerDirector:
    """Return an opener for http and https only; the default opens files and FTP too."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        redirects,
        HTTPErrorProcessor(),
        UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _request(url: str) -> Request:
    # People write URLs with non-ASCII characters, which must be percent-encoded.
    return Request(quote(url, safe=":/?#[]@!$&'()*+,;=%~"), headers={"User-Agent": USER_AGENT, "Accept": "*/*"})  # noqa: S310


def _json(url: str, *, timeout: float) -> dict[str, Any]:
    """Return the JSON object at `url`; empty on any error."""
    try:
        with _opener(_RedirectHandler()).open(_request(url), timeout=timeout) as response:
            return _dict(json.loads(response.read(MAX_BYTES)))
    except (OSError, HTTPException, ValueError):
        return {}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
