"""Details of a source from its DOI, PubMed number or address; uses the network, never the database."""

import datetime as dt
import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from django.utils.text import slugify

from clinic.lib.outgoing_requests import fetch
from content.link_checker import CROSSREF, USER_AGENT

PUBMED = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/esummary.fcgi?db=pubmed&retmode=json&id="
HEADERS = {"User-Agent": USER_AGENT, "Accept": "*/*"}
PATIENCE = 10  # seconds: an editor waits
DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+")
PMID = re.compile(r"(?:^|pubmed\.ncbi\.nlm\.nih\.gov/|^pmid:?\s*)(\d{4,9})/?$", re.IGNORECASE)
TYPES = {"journal-article": "article-journal", "book-chapter": "chapter", "report": "report"}
Fields = dict[str, Any]


class LookupFailed(Exception):
    """Raised when nothing was found; the message is for the editor, who fills the form by hand."""


def look_up(typed: str, *, today: dt.date) -> Fields:
    """Return the fields of a source, as its form takes them. Raises LookupFailed."""
    typed = typed.strip()
    if match := PMID.search(typed):
        fields = _from_pubmed(match[1])
    elif match := DOI.search(unquote(typed)):
        fields = _from_crossref(match[0].rstrip(".,;)"))
    elif urlsplit(typed).scheme in ("http", "https"):
        fields = _from_page(typed) | {"accessed_on": today}
    else:
        raise LookupFailed("Enter a DOI (10.…), a PubMed number or an address (https://…).")
    fields["key"] = _key(fields)
    return {name: value for name, value in fields.items() if value} | {"status": "recheck"}


def _from_crossref(doi: str) -> Fields:
    work = _dict(_json(CROSSREF + quote(doi, safe="")).get("message"))
    if not work:
        raise LookupFailed(f"Crossref knows no work with the DOI {doi}.")
    parts = _list(_first(_list(_dict(work.get("issued")).get("date-parts"))))
    return {
        "type": TYPES.get(str(work.get("type")), "webpage"),
        "authors": "\n".join(filter(None, (_crossref_name(_dict(each)) for each in _list(work.get("author"))))),
        "title": _text(_first(_list(work.get("title")))),
        "container": _text(_first(_list(work.get("container-title")))),
        "volume": _text(work.get("volume")),
        "issue": _text(work.get("issue")),
        "pages": _text(work.get("page") or work.get("article-number")),
        "year": parts[0] if parts and isinstance(parts[0], int) else None,
        "doi": doi,
        "url": f"https://doi.org/{doi}",
    }


def _crossref_name(person: Mapping[str, Any]) -> str:
    """Return a name as printed: `Zarate CA Jr`."""
    if not person.get("family"):
        return _text(person.get("name"))
    initials = "".join(part[0] for part in re.split(r"[\s.\-]+", _text(person.get("given"))) if part)
    return " ".join(
        filter(None, (_text(person["family"]), initials.upper()[:3], _text(person.get("suffix")).rstrip(".")))
    )


def _from_pubmed(pmid: str) -> Fields:
    work = _dict(_dict(_json(PUBMED + pmid).get("result")).get(pmid))
    if not work.get("title"):
        raise LookupFailed(f"PubMed knows no work with the number {pmid}.")
    ids = {_text(_dict(each).get("idtype")): _text(_dict(each).get("value")) for each in _list(work.get("articleids"))}
    year, doi = _text(work.get("pubdate"))[:4], ids.get("doi", "")
    return {
        "type": "article-journal",
        "authors": "\n".join(_text(_dict(each).get("name")) for each in _list(work.get("authors"))),
        "title": _text(work["title"]).rstrip("."),
        "container": _text(work.get("fulljournalname")),
        "volume": _text(work.get("volume")),
        "issue": _text(work.get("issue")),
        "pages": _text(work.get("pages")),
        "year": int(year) if year.isdigit() else None,
        "doi": doi,
        "pmid": pmid,
        "pmcid": ids.get("pmc", ""),
        "url": f"https://doi.org/{doi}" if doi else f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
    }


class _Head(HTMLParser):
    """Reader of a page's title and meta elements."""

    def __init__(self) -> None:
        super().__init__()
        self.meta: dict[str, list[str]] = {}
        self.title, self._in_title = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        name = values.get("name") or values.get("property") or ""
        if tag == "meta" and name and values.get("content"):
            self.meta.setdefault(name.lower(), []).append(_text(values["content"]))
        self._in_title = tag == "title" and not self.title

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False


def _from_page(url: str) -> Fields:
    head = _Head()
    head.feed(_body(url).decode("utf-8", "replace"))

    def meta(*names: str) -> str:
        return next((head.meta[name][0] for name in names if name in head.meta), "")

    day = re.search(r"\d{4}-\d\d-\d\d", meta("article:published_time", "citation_date", "dc.date", "date"))
    site = meta("og:site_name", "citation_journal_title") or (urlsplit(url).hostname or "").removeprefix("www.")
    title = meta("citation_title", "og:title", "dc.title") or _text(head.title)
    if not title:
        raise LookupFailed("That page has no title.")
    return {
        "type": "webpage",
        "authors": "\n".join(head.meta.get("citation_author") or head.meta.get("author") or [site]),
        "title": title[:400],
        "container": site[:200],
        "published_on": _day(day[0]) if day else None,
        "year": int(day[0][:4]) if day else None,
        "doi": meta("citation_doi"),
        "url": url,
    }


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _key(fields: Mapping[str, Any]) -> str:
    """Return a key such as `zarate-2006`."""
    first = str(fields.get("authors", "")).split("\n")[0]
    family = re.sub(r"(?: [A-Z]{1,3})?(?: (?:Jr|Sr|\dnd|\drd|I{2,3}|IV))?$", "", first)
    return slugify(f"{family[:30]}-{fields.get('year') or ''}").strip("-")[:50]


def _body(url: str) -> bytes:
    try:
        response = fetch(quote(url, safe=":/?#[]@!$&'()*+,;=%~"), timeout=PATIENCE, headers=HEADERS)
    except (OSError, HTTPException, ValueError) as error:
        raise LookupFailed(f"No answer from {urlsplit(url).hostname} ({error}).") from None
    if response.status != 200:
        raise LookupFailed(f"{urlsplit(url).hostname} answers {response.status}.")
    return response.body


def _json(url: str) -> dict[str, Any]:
    try:
        return _dict(json.loads(_body(url)))
    except ValueError:
        raise LookupFailed(f"{urlsplit(url).hostname} answers something unreadable.") from None


def _text(value: object) -> str:
    """Return a value of the answer as one line of plain text."""
    if not isinstance(value, str | int):
        return ""
    return " ".join(re.sub(r"<[^>]{0,200}>|[\x00-\x1f\x7f]", " ", str(value)).split())


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(values: list[Any]) -> Any:
    return values[0] if values else None
