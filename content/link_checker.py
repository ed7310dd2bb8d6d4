"""How the works that pages rest on fare out there. Asks the network, knows no database; nothing here raises for it.

Retraction notices come from Crossref's record of a DOI: `updated-by` lists what publishers and Retraction Watch said
about the work since. An archive copy is what the Internet Archive's availability service names.
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
MAX_BYTES = 2_000_000  # of an answer that is read
PERMANENT = {301, 308}
BLOCKED = {401, 402, 403, 405, 406, 407, 429, 451}  # the page may well be there for a person
LATER = {408, 425}
SERIOUS_NOTICES = ("retraction", "withdrawal", "removal", "expression_of_concern")


class LinkResult(TextChoices):
    ALIVE = "alive", "alive"
    MOVED = "moved", "moved for good"
    SHUT = "shut", "not shown to machines"
    SILENT = "silent", "did not answer"
    DEAD = "dead", "dead"


@dataclass(frozen=True)
class Link:
    """`status` is HTTP's, 0 without an answer; `leads_to` is where redirects ended, empty when nowhere else."""

    outcome: LinkResult
    status: int = 0
    leads_to: str = ""
    why: str = ""


class _Redirects(HTTPRedirectHandler):
    """As Python's, within the web only, and it remembers whether the first one was for good."""

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
    """What is found at `url`, waiting at most `timeout` seconds for each answer of a server."""
    if not _is_web(url):
        return Link(LinkResult.DEAD, why="not an address of the web (http or https)")
    redirects = _Redirects()
    try:
        with _opener(redirects).open(_request(url), timeout=timeout) as answer:
            status, leads_to = answer.status, answer.geturl()
    except HTTPError as error:
        error.close()
        return Link(_refusal(error.code), error.code, _elsewhere(url, error.url or url), str(error.reason)[:200])
    except (OSError, HTTPException, ValueError) as error:
        return Link(LinkResult.SILENT, why=str(getattr(error, "reason", "") or error or type(error).__name__)[:200])
    elsewhere = _elsewhere(url, leads_to)
    return Link(LinkResult.MOVED if elsewhere and redirects.permanent else LinkResult.ALIVE, status, elsewhere)


def archive_copy(url: str, *, timeout: float) -> str:
    """The address of a copy in the Internet Archive; empty when there is none or it did not say."""
    found = _json(ARCHIVE + quote(url, safe=""), timeout=timeout)
    closest = _dict(_dict(found.get("archived_snapshots")).get("closest"))
    copy = closest.get("url")
    return copy if closest.get("available") is True and isinstance(copy, str) and _is_web(copy) else ""


def retraction_notices(doi: str, *, timeout: float) -> list[str] | None:
    """What was said against the work since, such as `retraction, 2021-03-04, doi:10.1/x`; None when Crossref did not
    say (it knows most journals, and no others)."""
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


def _refusal(status: int) -> LinkResult:
    if status in BLOCKED:
        return LinkResult.SHUT
    return LinkResult.SILENT if status in LATER or status >= 500 else LinkResult.DEAD


def _elsewhere(asked: str, answered: str) -> str:
    """`answered`, unless it differs from `asked` by its fragment or a last slash only."""
    return "" if urldefrag(asked).url.rstrip("/") == urldefrag(answered).url.rstrip("/") else answered


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _opener(redirects: HTTPRedirectHandler) -> OpenerDirector:
    """For http and https alone: Python's default one would read files and FTP too."""
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
    # Written as people write addresses: what is not ASCII is coded here.
    return Request(quote(url, safe=":/?#[]@!$&'()*+,;=%~"), headers={"User-Agent": USER_AGENT, "Accept": "*/*"})  # noqa: S310


def _json(url: str, *, timeout: float) -> dict[str, Any]:
    """The object at `url`; empty when there is none to be had."""
    try:
        with _opener(_Redirects()).open(_request(url), timeout=timeout) as answer:
            return _dict(json.loads(answer.read(MAX_BYTES)))
    except (OSError, HTTPException, ValueError):
        return {}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
