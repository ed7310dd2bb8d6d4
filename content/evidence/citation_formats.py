"""Citation formatters: Vancouver, BibTeX, RIS and CSL-JSON. Pure."""

import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

ET_AL = "et al."
SUFFIXES = {"Jr", "Sr", "2nd", "3rd", "II", "III", "IV"}
# CSL-JSON type -> BibTeX entry, its field for the container, and RIS type.
FORMAT_TYPES = {
    "article-journal": ("article", "journal", "JOUR"),
    "article-newspaper": ("article", "journal", "NEWS"),
    "chapter": ("incollection", "booktitle", "CHAP"),
    "legislation": ("misc", "howpublished", "STAT"),
    "report": ("techreport", "institution", "RPRT"),
    "webpage": ("misc", "howpublished", "ELEC"),
}
PERIODICALS = {"article-journal", "article-newspaper", "legislation"}  # located by volume and page, not by URL
LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",  # BibTeX counts escaped braces too, so one would end the field
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        **{special: f"\\{special}" for special in "%&#$_"},
    }
)
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
VERBATIM = str.maketrans({"\\": "%5C", "{": "%7B", "}": "%7D", " ": "%20"})  # in BibTeX's doi and url


class Work(Protocol):
    """A citable work; names as in CSL-JSON 1.0, with `pages` for `page`.

    `authors` are as printed: `Duman RS`.
    """

    @property
    def key(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def authors(self) -> Sequence[str]: ...
    @property
    def title(self) -> str: ...
    @property
    def container(self) -> str: ...
    @property
    def volume(self) -> str: ...
    @property
    def issue(self) -> str: ...
    @property
    def pages(self) -> str: ...
    @property
    def year(self) -> int | None: ...
    @property
    def doi(self) -> str: ...
    @property
    def pmid(self) -> str: ...
    @property
    def pmcid(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def archive_url(self) -> str: ...
    @property
    def published_on(self) -> dt.date | None: ...
    @property
    def accessed_on(self) -> dt.date | None: ...


@dataclass(frozen=True)
class PersonName:
    """A person with initials in `given`, or an organization in `family`."""

    family: str
    given: str = ""
    suffix: str = ""


def person_name(printed: str) -> PersonName:
    """Parse `Zarate CA Jr`.

    A name without one to three final initials is an organization's.
    """
    words = printed.split()
    suffix = words.pop() if len(words) > 2 and words[-1] in SUFFIXES else ""
    family, initials = " ".join(words[:-1]), words[-1] if words else ""
    if not (initials.isalpha() and initials.isupper() and len(initials) <= 3) or family.isupper() or not family:
        return PersonName(on_one_line(printed))
    return PersonName(family, " ".join(f"{initial}." for initial in initials), suffix)


def _names(work: Work) -> list[PersonName]:
    return [person_name(author) for author in work.authors if author != ET_AL]


def on_one_line(text: str) -> str:
    """Return `text` on one line without control characters, which the formats forbid."""
    return " ".join(CONTROL_CHARACTERS.sub(" ", text).split())


def with_full_stop(text: str) -> str:
    """Return `text` with a full stop, unless it ends with punctuation."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def authors(work: Work) -> str:
    """Return up to six authors, else six and “et al.”, with a full stop.

    NLM's Citing Medicine, as ICMJE recommends.
    """
    listed = work.authors if len(work.authors) <= 6 else [*work.authors[:6], ET_AL]
    return with_full_stop(", ".join(map(on_one_line, listed)))


def locator(work: Work) -> str:
    """Return the known position in the container: `2012;338(6103):68-72`."""
    position = work.volume + (f"({work.issue})" if work.issue else "") + (f":{work.pages}" if work.pages else "")
    return ";".join(part for part in (_issued(work) + _cited(work), position) if part)


def _issued(work: Work) -> str:
    """Return the year, with month and day where they are known: `2012 Oct 4`."""
    return f"{work.published_on:%Y %b} {work.published_on.day}" if work.published_on else str(work.year or "")


def _cited(work: Work) -> str:
    """Return when a web page was last seen: ` [cited 2026 Nov 23]`."""
    seen = work.accessed_on if work.type == "webpage" else None
    return f" [cited {seen:%Y %b} {seen.day}]" if seen else ""


def vancouver(work: Work) -> str:
    """Return the reference: `Duman RS. Title. Science. 2012;338(6103):68-72.`"""
    title, container = on_one_line(work.title), on_one_line(work.container)
    if work.type == "webpage":
        title = f"{title} [Internet]"
    if work.type == "chapter":
        container = f"In: {container}"
    if work.type not in PERIODICALS and work.year and container:
        return f"{authors(work)} {with_full_stop(title)} {container}; {with_full_stop(locator(work))}"
    parts = [
        authors(work),
        with_full_stop(title),
        *(with_full_stop(part) for part in (container, locator(work)) if part),
    ]
    return " ".join(parts)


def bibtex(works: Iterable[Work]) -> str:
    """Return a `.bib` file; double braces keep the capitals of titles in every style."""
    return "\n".join(map(_bibtex_entry, works))


def _bibtex_entry(work: Work) -> str:
    entry, container, _ = FORMAT_TYPES[work.type]
    others = ["others"] if ET_AL in work.authors else []
    day = work.published_on
    fields = {
        "author": " and ".join([*map(_bibtex_name, _names(work)), *others]),
        "title": f"{{{_latex(work.title)}}}",
        container: _latex(work.container),
        "year": str(work.year or ""),
        "date": day.isoformat() if day else "",
        "volume": _latex(work.volume),
        "number": _latex(work.issue),
        "pages": re.sub(r"(?<=\w)-(?=\w)", "--", _latex(work.pages)),
        "doi": work.doi.translate(VERBATIM),
        "eprint": work.pmid,
        "eprinttype": "pubmed" if work.pmid else "",
        "pmid": work.pmid,
        "pmcid": work.pmcid,
        "url": work.url.translate(VERBATIM),
        "urldate": work.accessed_on.isoformat() if work.accessed_on else "",
        "note": f"Archived: \\url{{{work.archive_url.translate(VERBATIM)}}}" if work.archive_url else "",
    }
    lines = "".join(f"  {field} = {{{value}}},\n" for field, value in fields.items() if value)
    return f"@{entry}{{{work.key},\n{lines}}}\n"


def _latex(text: str) -> str:
    return on_one_line(text).translate(LATEX)


def _bibtex_name(author: PersonName) -> str:
    if not author.given:
        return f"{{{_latex(author.family)}}}"
    return ", ".join(part for part in (_latex(author.family), author.suffix, author.given) if part)


def ris(works: Iterable[Work]) -> str:
    """Return a `.ris` file with CR LF line endings (RIS specification of 2001)."""
    return "".join(f"{tag}  - {value}\r\n" for work in works for tag, value in _ris_lines(work))


def _ris_lines(work: Work) -> list[tuple[str, str]]:
    first, _, last = work.pages.replace("–", "-").partition("-")
    optional = [
        ("T2", work.container),
        ("PY", str(work.year or "")),
        ("DA", _ris_day(work.published_on)),
        ("Y2", _ris_day(work.accessed_on)),
        ("VL", work.volume),
        ("IS", work.issue),
        ("SP", first),
        ("EP", last),
        ("DO", work.doi),
        ("AN", work.pmid),
        ("C2", work.pmcid),
        ("UR", work.url),
        ("L4", work.archive_url),
        ("N1", extra_note(work)),
    ]
    lines = [("TY", FORMAT_TYPES[work.type][2]), ("ID", work.key)]
    lines += [("AU", ", ".join(filter(None, (name.family, name.given, name.suffix)))) for name in _names(work)]
    lines += [
        ("TI", on_one_line(work.title)),
        *((tag, on_one_line(value)) for tag, value in optional if value),
        ("ER", ""),
    ]
    return lines


def _ris_day(day: dt.date | None) -> str:
    return f"{day:%Y/%m/%d}/" if day else ""


def extra_note(work: Work) -> str:
    """Return a note on unlisted authors, for which RIS and CSL-JSON have no field."""
    return "More authors than are listed here." if ET_AL in work.authors else ""


def csl_json(works: Iterable[Work]) -> str:
    """Return a CSL-JSON 1.0 file."""
    return json.dumps([csl_item(work) for work in works], ensure_ascii=False, indent=1)


def csl_item(work: Work) -> dict[str, Any]:
    """Return one CSL-JSON 1.0 item."""
    item = {
        "id": work.key,
        "type": work.type,
        "title": on_one_line(work.title),
        "author": [_csl_name(author) for author in _names(work)],
        "container-title": on_one_line(work.container),
        "volume": work.volume,
        "issue": work.issue,
        "page": work.pages,
        "issued": _csl_day(work.published_on) or ({"date-parts": [[work.year]]} if work.year else None),
        "accessed": _csl_day(work.accessed_on),
        "DOI": work.doi,
        "PMID": work.pmid,
        "PMCID": work.pmcid,
        "URL": work.url,
        "archive": "Internet Archive" if "archive.org/" in work.archive_url else "",
        "archive_location": work.archive_url,
        "note": extra_note(work),
    }
    return {field: value for field, value in item.items() if value}


def _csl_day(day: dt.date | None) -> dict[str, Any] | None:
    return {"date-parts": [[day.year, day.month, day.day]]} if day else None


def _csl_name(author: PersonName) -> dict[str, str]:
    if not author.given:
        return {"literal": author.family}
    parts = {"family": author.family, "given": author.given, "suffix": author.suffix}
    return {part: value for part, value in parts.items() if value}
