"""JSON-LD, expanded by pyld with a local context."""

import datetime as dt
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyld import jsonld

from content import structured_data
from content.models.articles import Article
from tests.factories.content import ArticleFactory, ClaimFactory, PersonFactory, QuotationFactory, SourceFactory

SCHEMA = "https://schema.org/"
CONTEXT = {"@context": {"@vocab": SCHEMA, **{name: {"@type": "@id"} for name in ("url", "sameAs", "dayOfWeek")}}}


def load_nothing_from_afar(url, options):
    assert url == "https://schema.org"
    return {"contextUrl": None, "documentUrl": url, "document": CONTEXT}


def expanded(script):
    """Return the nodes of a page by type, as expanded by pyld."""
    nodes = jsonld.expand(json.loads(script), {"documentLoader": load_nothing_from_afar})
    return {node["@type"][0].removeprefix(SCHEMA): node for node in nodes}


def value(node, *names):
    for name in names:
        (node,) = node[SCHEMA + name]
    return node.get("@value", node.get("@id"))


def data_of(client, path):
    page = client.get(path).content.decode()
    (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    return script


@pytest.fixture
def nodes(client, clinic):
    trial = SourceFactory(key="trial", title="A trial", pmid="123", url="https://doi.org/10.1000/x")
    ClaimFactory(key="c1", sources=[trial])
    QuotationFactory(key="Q1", text="exact words", speaker="Ada Moss", source=trial)
    ArticleFactory(
        kind=Article.Kind.LANDING,
        slug="landing",
        title="Care at {clinic}",
        author=PersonFactory(key="ada", name="Ada Moss"),
        body="::: quotation Q1\n:::\n\n::: question Is it & <free>?\nYes, *it* is & stays so. [^c1]\n:::\n",
    )
    return expanded(data_of(client, "/"))


def test_page_says_who_wrote_it_and_what_it_rests_on(nodes):
    page = nodes["MedicalWebPage"]
    assert value(page, "name") == "Care at Harbor Clinic"
    assert value(page, "datePublished") == "2026-11-01"
    assert value(page, "author") == nodes["Person"]["@id"]
    assert value(page, "publisher") == nodes["MedicalClinic"]["@id"]
    assert {SCHEMA + "citation", SCHEMA + "hasPart"} & page.keys() == set()  # what readers see once is not sent twice


def test_article_cites_its_sources_and_quotations(client, clinic):
    trial = SourceFactory(key="trial", title="A trial", pmid="123", url="https://doi.org/10.1000/x")
    ClaimFactory(key="c1", sources=[trial])
    QuotationFactory(key="Q1", text="exact words", speaker="Ada Moss", source=trial)
    ArticleFactory(slug="a-page", body="It helps some. [^c1]\n\n::: quotation Q1\n:::\n")
    page = expanded(data_of(client, "/learn/a-page/"))["MedicalWebPage"]
    assert value(page, "citation", "name") == "A trial"
    assert value(page, "citation", "sameAs") == "https://pubmed.ncbi.nlm.nih.gov/123/"
    assert page[SCHEMA + "citation"][0]["@type"] == [SCHEMA + "ScholarlyArticle"]
    assert (value(page, "hasPart", "text"), value(page, "hasPart", "creditText")) == ("exact words", "Ada Moss")
    assert page[SCHEMA + "hasPart"][0]["@type"] == [SCHEMA + "Quotation"]


def test_page_that_nobody_reviewed_claims_no_review(nodes):
    assert {SCHEMA + "reviewedBy", SCHEMA + "lastReviewed"} & nodes["MedicalWebPage"].keys() == set()


def test_clinic_makes_the_offer_of_the_page(nodes):
    clinic = nodes["MedicalClinic"]
    assert (value(clinic, "name"), value(clinic, "telephone")) == ("Harbor Clinic", "+18005550199")
    assert value(clinic, "openingHoursSpecification", "dayOfWeek") == "https://schema.org/Monday"
    assert clinic[SCHEMA + "makesOffer"][0]["@type"] == [SCHEMA + "Offer"]
    assert value(clinic, "makesOffer", "price") == 0
    assert value(clinic, "makesOffer", "name") == "First 7 days of the care program"


def test_number_that_nobody_can_dial_is_not_given(client, clinic):
    clinic.phone = "995-265-656"
    clinic.save()
    ArticleFactory(kind=Article.Kind.LANDING, slug="landing")
    assert SCHEMA + "telephone" not in expanded(data_of(client, "/"))["MedicalClinic"]


def test_questions_are_answered_without_tags_and_numbers_of_notes(nodes):
    faq = nodes["FAQPage"]
    assert value(faq, "mainEntity", "name") == "Is it & <free>?"
    assert value(faq, "mainEntity", "acceptedAnswer", "text") == "Yes, it is & stays so."


def test_reviewer_is_named_with_the_day(client, clinic):
    reviewer = PersonFactory(key="cora", name="Dr. Cora Reed")
    at = dt.datetime(2026, 11, 5, 14, tzinfo=dt.UTC)
    ArticleFactory(
        slug="a-page", reviewer=reviewer, reviewer_key="cora", reviewer_name="Dr. Cora Reed", last_reviewed=at
    )
    page = expanded(data_of(client, "/learn/a-page/"))["MedicalWebPage"]
    assert value(page, "lastReviewed") == "2026-11-05"
    assert value(page, "reviewedBy").endswith("/#cora")


@given(st.text(st.characters(codec="utf-8")) | st.sampled_from(["</script><script>", "<!--<script>", "&lt;", "\u2028"]))
def test_no_text_ends_the_data_block(text):
    script = structured_data.json_ld_script([{"@type": "Thing", "name": text}])
    assert not set("<>&") & set(script)
    assert json.loads(script)["@graph"][0].get("name", "") == text


def test_every_type_of_source_has_its_own():
    from content.models.sources import Source

    assert set(structured_data.WORKS) == set(Source.Type.values)
