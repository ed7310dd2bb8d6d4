"""How a work is cited: as a Vancouver reference, and for reference managers as BibTeX, RIS and CSL-JSON. Pure."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

ET_AL = "et al."
SUFFIXES = {"Jr", "Sr", "2nd", "3rd", "II", "III", "IV"}
# CSL-JSON type -> BibTeX entry, its field for the container, and RIS type.
KINDS = {
    "article-journal": ("article", "journal", "JOUR"),
    "article-newspaper": ("article", "journal", "NEWS"),
    "chapter": ("incollection", "booktitle", "CHAP"),
    "legislation": ("misc", "howpublished", "STAT"),
    "report": ("techreport", "institution", "RPRT"),
    "webpage": ("misc", "howpublished", "ELEC"),
}
PERIODICALS = {"article-journal", "article-newspaper", "legislation"}  # found by volume and page, not by address
LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",  # an escaped brace would still be counted, and end the field
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        **{special: f"\\{special}" for special in "%&#$_"},
    }
)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
VERBATIM = str.maketrans({"\\": "%5C", "{": "%7B", "}": "%7D", " ": "%20"})  # in BibTeX's doi and url


class Work(Protocol):
    """What may be cited; names as in CSL-JSON 1.0, `pages` for its `page`. `authors` as printed: `Duman RS`."""

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
    def url(self) -> str: ...


@dataclass(frozen=True)
class PersonName:
    """A person (`family`, and `given` initials with full stops), or a body, whose whole name is `family`."""

    family: str
    given: str = ""
    suffix: str = ""


def person_name(printed: str) -> PersonName:
    """`Zarate CA Jr` taken apart. A name that does not end in one to three initials is a body's."""
    words = printed.split()
    suffix = words.pop() if len(words) > 2 and words[-1] in SUFFIXES else ""
    family, initials = " ".join(words[:-1]), words[-1] if words else ""
    if not (initials.isalpha() and initials.isupper() and len(initials) <= 3) or family.isupper() or not family:
        return PersonName(on_one_line(printed))
    return PersonName(family, " ".join(f"{initial}." for initial in initials), suffix)


def _names(work: Work) -> list[PersonName]:
    return [person_name(author) for author in work.authors if author != ET_AL]


def on_one_line(text: str) -> str:
    """On one line, without control characters: every format here is read line by line or forbids them."""
    return " ".join(CONTROL.sub(" ", text).split())


def with_full_stop(text: str) -> str:
    """`text` with a full stop, unless something ends it already."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def authors(work: Work) -> str:
    """All up to six, else six and “et al.” (NLM's Citing Medicine, as ICMJE recommends it), with the full stop."""
    shown = work.authors if len(work.authors) <= 6 else [*work.authors[:6], ET_AL]
    return with_full_stop(", ".join(map(on_one_line, shown)))


def locator(work: Work) -> str:
    """Where in its container: `2012;338(6103):68-72`, as far as it is known."""
    where = work.volume + (f"({work.issue})" if work.issue else "") + (f":{work.pages}" if work.pages else "")
    return ";".join(part for part in (str(work.year or ""), where) if part)


def vancouver(work: Work) -> str:
    """The reference without its addresses: `Duman RS, Aghajanian GK. Title. Science. 2012;338(6103):68-72.`"""
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
    """A `.bib` file in UTF-8. Titles stand in two pairs of braces, so that no style changes their capitals."""
    return "\n".join(map(_bibtex_entry, works))


def _bibtex_entry(work: Work) -> str:
    entry, container, _ = KINDS[work.type]
    shortened = ["others"] if ET_AL in work.authors else []
    fields = {
        "author": " and ".join([*map(_bibtex_name, _names(work)), *shortened]),
        "title": f"{{{_latex(work.title)}}}",
        container: _latex(work.container),
        "year": str(work.year or ""),
        "volume": _latex(work.volume),
        "number": _latex(work.issue),
        "pages": re.sub(r"(?<=\w)-(?=\w)", "--", _latex(work.pages)),
        "doi": work.doi.translate(VERBATIM),
        "pmid": work.pmid,
        "url": work.url.translate(VERBATIM),
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
    """A `.ris` file: `TY  - JOUR` to `ER  - `, lines ended by CR LF, as its specification of 2001 asks."""
    return "".join(f"{tag}  - {value}\r\n" for work in works for tag, value in _ris_lines(work))


def _ris_lines(work: Work) -> list[tuple[str, str]]:
    first, _, last = work.pages.replace("–", "-").partition("-")
    optional = [
        ("T2", work.container),
        ("PY", str(work.year or "")),
        ("VL", work.volume),
        ("IS", work.issue),
        ("SP", first),
        ("EP", last),
        ("DO", work.doi),
        ("AN", work.pmid),
        ("UR", work.url),
        ("N1", extra_note(work)),
    ]
    lines = [("TY", KINDS[work.type][2]), ("ID", work.key)]
    lines += [("AU", ", ".join(filter(None, (each.family, each.given, each.suffix)))) for each in _names(work)]
    lines += [
        ("TI", on_one_line(work.title)),
        *((tag, on_one_line(value)) for tag, value in optional if value),
        ("ER", ""),
    ]
    return lines


def extra_note(work: Work) -> str:
    """What RIS and CSL-JSON have no field for: that there are more authors than we know."""
    return "More authors than are listed here." if ET_AL in work.authors else ""


def csl(works: Iterable[Work]) -> list[dict[str, Any]]:
    """CSL-JSON 1.0 items."""
    return [csl_item(work) for work in works]


def csl_json(works: Iterable[Work]) -> str:
    return json.dumps(csl(works), ensure_ascii=False, indent=1)


def csl_item(work: Work) -> dict[str, Any]:
    item = {
        "id": work.key,
        "type": work.type,
        "title": on_one_line(work.title),
        "author": [_csl_name(author) for author in _names(work)],
        "container-title": on_one_line(work.container),
        "volume": work.volume,
        "issue": work.issue,
        "page": work.pages,
        "issued": {"date-parts": [[work.year]]} if work.year else None,
        "DOI": work.doi,
        "PMID": work.pmid,
        "URL": work.url,
        "note": extra_note(work),
    }
    return {field: value for field, value in item.items() if value}


def _csl_name(author: PersonName) -> dict[str, str]:
    if not author.given:
        return {"literal": author.family}
    parts = {"family": author.family, "given": author.given, "suffix": author.suffix}
    return {part: value for part, value in parts.items() if value}
