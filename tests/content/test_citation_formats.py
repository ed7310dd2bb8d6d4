"""Citation formats, read back by pybtex (BibTeX) and rispy (RIS)."""

import datetime as dt
import json
import re
from dataclasses import dataclass, replace

import pytest
import rispy
from hypothesis import given, settings
from hypothesis import strategies as st
from pybtex.database import parse_string

from content.evidence import citation_formats
from tests.factories.content import SourceFactory

ODD = r"""A {b} \ %&<>"#$_^~ é ß 李 — “q” ü c++ `x` 'y' } \alpha \%"""
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(
    lambda text: citation_formats.on_one_line(text).strip()
)
NAMED = {"textbackslash": "\\", "textbraceleft": "{", "textbraceright": "}", "textasciitilde": "~"}
NAMED |= {"textasciicircum": "^", "textless": "<", "textgreater": ">"}


@dataclass(frozen=True)
class Work:
    key: str = "zarate-2006"
    type: str = "article-journal"
    authors: tuple[str, ...] = ("Zarate CA Jr", "Łoś A", "van der Berg B")
    title: str = "A trial"
    container: str = "Journal of Trials"
    volume: str = "63"
    issue: str = "8"
    pages: str = "856-864"
    year: int | None = 2006
    doi: str = "10.1001/archpsyc.63.8.856"
    pmid: str = "16894061"
    pmcid: str = ""
    url: str = "https://doi.org/10.1001/archpsyc.63.8.856"
    archive_url: str = ""
    published_on: dt.date | None = None
    accessed_on: dt.date | None = None


def unlatex(text):
    """Return what LaTeX prints, for commands of one character."""
    return re.sub(r"\\([a-z]+)\{\}|\\(\W|_)", lambda match: NAMED[match[1]] if match[1] else match[2], text)


def in_bibtex(work):
    return parse_string(citation_formats.bibtex([work]), "bibtex").entries[work.key]


def in_ris(work):
    (item,) = rispy.loads(citation_formats.ris([work]))
    return item


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("Duman RS", ("Duman", "R. S.", "")),
        ("Zarate CA Jr", ("Zarate", "C. A.", "Jr")),
        ("van der Berg B", ("van der Berg", "B.", "")),
        ("D'Souza DC", ("D'Souza", "D. C.", "")),
        ("Åström ÅB", ("Åström", "Å. B.", "")),
        ("U.S. Food and Drug Administration", ("U.S. Food and Drug Administration", "", "")),
        ("Yale University (news office)", ("Yale University (news office)", "", "")),
        ("US FDA", ("US FDA", "", "")),
        ("SAMHSA", ("SAMHSA", "", "")),
    ],
)
def test_people_and_bodies_are_told_apart(printed, name):
    got = citation_formats.person_name(printed)
    assert (got.family, got.given, got.suffix) == name


@pytest.mark.parametrize(
    ("authors", "line"),
    [
        (["Moss A"], "Moss A."),
        (["Moss A", "et al."], "Moss A, et al."),
        ([f"A{n} B" for n in range(7)], "A0 B, A1 B, A2 B, A3 B, A4 B, A5 B, et al."),
    ],
)
def test_authors_are_listed_up_to_six(authors, line):
    assert citation_formats.authors(SourceFactory.build(authors=authors)) == line


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"volume": "338", "issue": "6103", "pages": "68-72", "year": 2012}, "2012;338(6103):68-72"),
        ({"year": 2025}, "2025"),
        ({"year": None, "pages": "7"}, ":7"),
        ({"year": None}, ""),
    ],
)
def test_place_says_what_is_known(fields, line):
    assert citation_formats.locator(SourceFactory.build(**fields)) == line


@pytest.mark.parametrize(
    ("fields", "reference"),
    [
        ({}, "Zarate CA Jr, Łoś A, van der Berg B. A trial. Journal of Trials. 2006;63(8):856-864."),
        ({"title": "Does it?"}, "Zarate CA Jr, Łoś A, van der Berg B. Does it? Journal of Trials. 2006;63(8):856-864."),
        (
            {"type": "webpage", "authors": ("FDA",), "volume": "", "issue": "", "pages": ""},
            "FDA. A trial [Internet]. Journal of Trials; 2006.",
        ),
        (
            {"type": "chapter", "volume": "", "issue": "", "pages": "3-9", "year": None, "authors": ("Moss A",)},
            "Moss A. A trial. In: Journal of Trials. :3-9.",
        ),
    ],
)
def test_vancouver_reference(fields, reference):
    assert citation_formats.vancouver(replace(Work(), **fields)) == reference


def test_bibtex_is_read_back():
    entry = in_bibtex(Work())
    assert entry.type == "article"
    assert dict(entry.fields) == {
        "title": "{A trial}",
        "journal": "Journal of Trials",
        "year": "2006",
        "volume": "63",
        "number": "8",
        "pages": "856--864",
        "doi": "10.1001/archpsyc.63.8.856",
        "eprint": "16894061",
        "eprinttype": "pubmed",
        "pmid": "16894061",
        "url": "https://doi.org/10.1001/archpsyc.63.8.856",
    }
    people = [(author.prelast_names, author.last_names, author.lineage_names) for author in entry.persons["author"]]
    assert people == [([], ["Zarate"], ["Jr"]), ([], ["Łoś"], []), (["van", "der"], ["Berg"], [])]


def test_ris_is_read_back():
    assert in_ris(Work()) == {
        "type_of_reference": "JOUR",
        "id": "zarate-2006",
        "authors": ["Zarate, C. A., Jr", "Łoś, A.", "van der Berg, B."],
        "title": "A trial",
        "secondary_title": "Journal of Trials",
        "year": "2006",
        "volume": "63",
        "number": "8",
        "start_page": "856",
        "end_page": "864",
        "doi": "10.1001/archpsyc.63.8.856",
        "accession_number": "16894061",
        "urls": ["https://doi.org/10.1001/archpsyc.63.8.856"],
    }


def test_csl_item_has_the_shape_of_its_schema():
    """The schema of CSL-JSON 1.0.

    https://resource.citationstyles.org/schema/v1.0/input/json/csl-data.json
    """
    assert [citation_formats.csl_item(Work())] == [
        {
            "id": "zarate-2006",
            "type": "article-journal",
            "title": "A trial",
            "author": [
                {"family": "Zarate", "given": "C. A.", "suffix": "Jr"},
                {"family": "Łoś", "given": "A."},
                {"family": "van der Berg", "given": "B."},
            ],
            "container-title": "Journal of Trials",
            "volume": "63",
            "issue": "8",
            "page": "856-864",
            "issued": {"date-parts": [[2006]]},
            "DOI": "10.1001/archpsyc.63.8.856",
            "PMID": "16894061",
            "URL": "https://doi.org/10.1001/archpsyc.63.8.856",
        }
    ]


def test_authors_left_out_at_the_source_are_said_to_be():
    work = replace(Work(), authors=("Li N", "et al.", "Duman RS"))
    assert citation_formats.bibtex([work]).count("author = {Li, N. and Duman, R. S. and others}") == 1
    assert (in_ris(work)["authors"], in_ris(work)["notes"]) == (
        ["Li, N.", "Duman, R. S."],
        ["More authors than are listed here."],
    )
    assert citation_formats.csl_item(work)["note"] == "More authors than are listed here."


@pytest.mark.parametrize("kind", citation_formats.FORMAT_TYPES)
def test_every_type_of_source_is_read_back(kind):
    work = replace(Work(), type=kind)
    entry, container, tag = citation_formats.FORMAT_TYPES[kind]
    assert (in_bibtex(work).type, in_bibtex(work).fields[container]) == (entry, "Journal of Trials")
    assert in_ris(work)["type_of_reference"] == tag


def test_every_type_an_editor_may_choose_has_its_formats():
    from content.models.sources import Source

    assert set(Source.Type.values) == set(citation_formats.FORMAT_TYPES)


def test_odd_characters_survive():
    work = replace(Work(), title=ODD, container=ODD, authors=("Moss & {Reed} #1",))
    assert unlatex(in_bibtex(work).fields["title"]) == f"{{{ODD}}}"
    assert unlatex(in_bibtex(work).fields["journal"]) == ODD
    assert unlatex(in_bibtex(work).persons["author"][0].last_names[0]) == "{Moss & {Reed} #1}"
    assert (in_ris(work)["title"], in_ris(work)["authors"]) == (ODD, ["Moss & {Reed} #1"])
    assert citation_formats.csl_item(work)["title"] == ODD


@settings(max_examples=60)
@given(title=TEXTS, author=TEXTS)
def test_any_title_and_name_survive_on_one_line(title, author):
    work = replace(Work(), title=title, authors=(author,))
    expected = citation_formats.on_one_line(title)
    assert unlatex(in_bibtex(work).fields["title"]) == f"{{{expected}}}"
    assert in_ris(work)["title"] == expected
    assert len(in_ris(work).get("authors", [])) == len(in_bibtex(work).persons["author"])


def test_several_works_are_several_records():
    works = [replace(Work(), key=f"work-{n}") for n in range(3)]
    assert list(parse_string(citation_formats.bibtex(works), "bibtex").entries) == ["work-0", "work-1", "work-2"]
    assert [item["id"] for item in rispy.loads(citation_formats.ris(works))] == ["work-0", "work-1", "work-2"]


def test_a_brace_in_an_address_does_not_end_its_field():
    entry = in_bibtex(replace(Work(), doi="10.1/a{b", url="https://x.example/?a=%20#{}"))
    assert (entry.fields["doi"], entry.fields["url"]) == ("10.1/a%7Bb", "https://x.example/?a=%20#%7B%7D")


def test_days_access_pmcid_and_archive_are_in_every_format():
    work = Work(
        type="webpage",
        pmcid="PMC3424167",
        archive_url="https://web.archive.org/web/2012/https://example.org/",
        published_on=dt.date(2012, 10, 4),
        accessed_on=dt.date(2026, 11, 23),
        year=2012,
        volume="",
        issue="",
        pages="",
    )
    fields = in_bibtex(work).fields
    assert (fields["date"], fields["urldate"], fields["pmcid"]) == ("2012-10-04", "2026-11-23", "PMC3424167")
    assert (fields["eprint"], fields["eprinttype"]) == ("16894061", "pubmed")
    assert fields["note"] == rf"Archived: \url{{{work.archive_url}}}"
    item = in_ris(work)
    assert (item["date"], item["access_date"], item["custom2"]) == ("2012/10/04/", "2026/11/23/", "PMC3424167")
    assert work.archive_url in str(item)
    [csl] = json.loads(citation_formats.csl_json([work]))
    assert csl["issued"] == {"date-parts": [[2012, 10, 4]]}
    assert csl["accessed"] == {"date-parts": [[2026, 11, 23]]}
    assert (csl["PMCID"], csl["archive_location"]) == ("PMC3424167", work.archive_url)
    assert citation_formats.vancouver(work).endswith("Journal of Trials; 2012 Oct 4 [cited 2026 Nov 23].")
