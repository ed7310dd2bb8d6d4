"""Loading of the shipped texts into the database."""

import re
import shutil
from io import StringIO
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.utils import timezone

from clinic.static_files import minify_css
from content import page_rendering
from content.actions import shipped
from content.fixtures import loader
from content.models.articles import Article
from content.models.claims import Claim
from content.models.profile import ClinicProfile
from content.models.sources import Source
from content.models.texts import LegalText

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(tmp_path):
    """Return a copy of the shipped files that a test may change."""
    return shutil.copytree(loader.FILES, tmp_path / "files")


@pytest.mark.sqlite
def test_shipped_texts_load_and_every_page_shows(client):
    loader.load_fixtures()
    paths = ["/", "/learn/", *(article.get_absolute_url() for article in Article.objects.articles())]
    paths += [f"/{kind}/" for kind in LegalText.Kind.values if kind not in LegalText.NOTICES]
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_loading_again_changes_nothing():
    first, second = loader.load_fixtures(), loader.load_fixtures()
    assert (first.created, second.created, second.same) == (second.same, 0, first.created)


def test_claim_whose_sources_an_editor_changed_is_kept_and_brought_back(shipped_content):
    claim = Claim.objects.get(key="c04")
    claim.sources.set(Source.objects.filter(key="xu-2016"))
    assert loader.load_fixtures().unchanged_by_us == 1
    assert loader.load_fixtures(update=True).updated == 1
    assert [source.key for source in claim.sources.all()] == ["zarate-2006"]


def test_what_an_editor_changed_is_kept(shipped_content):
    ClinicProfile.objects.update(name="Harbor Clinic")
    assert loader.load_fixtures().unchanged_by_us == 1
    assert ClinicProfile.current().name == "Harbor Clinic"


def test_update_brings_back_what_the_files_say(shipped_content):
    ClinicProfile.objects.update(name="Harbor Clinic")
    assert loader.load_fixtures(update=True).updated == 1
    assert ClinicProfile.current().name != "Harbor Clinic"


def test_a_text_people_agreed_to_is_never_replaced(files):
    loader.load_fixtures(files)
    terms = files / "terms.md"
    terms.write_text(terms.read_text() + "\nOne more rule.\n")
    with pytest.raises(loader.FixtureError, match=r"terms\.md: .*people may have agreed to this version"):
        loader.load_fixtures(files, update=True)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("landing.md", "@xu-2016", "@xu-2017", "landing.md: line {line}: there is no source “xu-2017”"),
        ("landing.md", "[^c28]", "[^c99]", "landing.md: line {line}: there is no claim “c99”"),
        (
            "claims.yaml",
            "sources: [zarate-2006]",
            "sources: []",
            "claims.yaml: {{'key': 'c04'}}: sources: at least",
        ),
        ("sources.yaml", "  people: 7\n", "  people:\n", "A trial says how many people took part"),
        ("claims.yaml", "topics: [duration]", "topics: [time]", "Topics are a list of some of efficacy, duration"),
        ("claims.yaml", "- key: c31", "- key: advice", "“advice” has a meaning of its own in texts"),
        ("landing.md", "::: quotation Q1", "::: quotation Q5", "line {line}: the wording of quotation “Q5” was not"),
        (
            "landing.md",
            "author: michaela-white",
            "author: nobody",
            "landing.md: {{'slug': 'landing'}}: Person matching",
        ),
        ("quotations.yaml", "source: yale-news-2012", "source: nowhere", "quotations.yaml: "),
        ("profile.yaml", "time_zone: America/New_York", "time_zone: Mars/Olympus", "profile.yaml: "),
        ("profile.yaml", 'start: "09:00"', 'start: "19:00"', "ends before it starts"),
        ("profile.yaml", "name: Joyous", "name: [", "profile.yaml: "),
    ],
)
def test_mistake_in_a_file_is_named_and_nothing_is_loaded(files, file, old, new, message):
    text = (files / file).read_text()
    assert old in text
    line = text[: text.index(old)].count("\n") + 1
    (files / file).write_text(text.replace(old, new, 1))
    with pytest.raises(loader.FixtureError) as error:
        loader.load_fixtures(files)
    assert message.format(line=line) in str(error.value)
    assert Source.objects.count() == 0


def test_command_says_what_it_did():
    out = StringIO()
    call_command("load_content", stdout=out)
    assert out.getvalue().startswith("Content: ")


def test_command_ends_with_the_finding(monkeypatch):
    def load(*, update):
        raise loader.FixtureError("landing.md: line 3: there is no source “x”")

    monkeypatch.setattr(loader, "load_fixtures", load)
    with pytest.raises(CommandError, match="line 3: there is no source “x”"):
        call_command("load_content")


def test_clinics_name_and_terms_come_from_the_profile_alone(client, shipped_content):
    ClinicProfile.objects.update(name="Harbor *Clinic*", phone="800-555-0199", trial_days=9, guarantee_days=45)
    shipped.refresh_articles(now=timezone.now())  # as in a clinic's first hour
    shipped.refresh_texts()
    for path in ("/", "/terms/", "/privacy/", "/start/", "/learn/how-ketamine-works/"):
        page = client.get(path).content.decode()
        assert "Harbor *Clinic*" in page
        assert "Joyous" not in page.replace("joyous.example", "").replace("Joyous, address", "")
        assert " 7 free" not in page
        assert "995-265-656" not in page
    assert 'href="tel:+18005550199"' in client.get("/").content.decode()


def test_number_nobody_can_dial_is_not_shown(client, shipped_content):
    page = client.get("/").content.decode()
    assert "995-265-656" not in page
    assert "request a call or email" in page


def test_landing_page_carries_what_it_must(client, shipped_content):
    page = client.get("/").content.decode()
    for words in (
        "the rapid therapeutic response of ketamine",
        "Ronald Duman",
        "Michaela White",
        "Head of Customer Care at Joyous",
        "https://medicine.yale.edu/news-article/4112/",
        "7 days free",
        "No credit card",
        "No contract",
        "30-day money-back guarantee",
        "Free hands-on onboarding and support",
        "off-label",
        "wears off",
        'href="tel:988"',
    ):
        assert words in page, words
    assert not re.search(r"\{\w+\}", page)  # no placeholder is left, not even in the description for search engines
    assert "According to Yale" not in page
    assert "SaasBox" not in page


def test_every_quotation_shown_is_checked_and_exact(shipped_content):
    profile = ClinicProfile.current()
    published = {}
    for article in Article.objects.all():
        page = page_rendering.build_page(
            title=article.title, summary=article.summary, body=article.body, profile=profile
        )
        published |= page.quotations
    assert sorted(published) == ["Q1", "Q2", "Q3", "Q4"]
    assert all(quotation.wording_checked for quotation in published.values())


def test_every_link_within_the_site_leads_somewhere(client, shipped_content):
    paths = ["/", "/learn/", *(article.get_absolute_url() for article in Article.objects.articles())]
    pages = {path: client.get(path).content.decode() for path in [*paths, "/terms/", "/privacy/", "/start/"]}
    broken = []
    for path, page in pages.items():
        for link in re.findall(r'href="([/#][^"]*)"', page):
            target, _, fragment = link.partition("#")
            there = pages.get(target or path)
            if there is None and not target.startswith("/static/"):
                there = client.get(target).content.decode() if client.get(target).status_code == 200 else None
            if not target.startswith("/static/") and (there is None or (fragment and f'id="{fragment}"' not in there)):
                broken.append((path, link))
    assert broken == []


def test_landing_page_is_light(client, shipped_content):
    """HTML and CSS take at most 14 KB: one round trip (RFC 6928)."""
    sent = [client.get("/").content, minify_css(finders_read("clinic/site.css").decode()).encode()]
    assert sum(len(brotli.compress(text)) for text in sent) <= 14 * 1024
    assert max(len(finders_read(f"clinic/{name}.js")) for name in ("forms", "citation_popover")) <= 4 * 1024
    # Before it can be read: the page and one style sheet. Data blocks are not run, and modules wait for the page.
    page = client.get("/").content.decode()
    holding_up = re.findall(r'<script(?! type="(?:application/ld\+json|module)")', page)
    assert (page.count('rel="stylesheet"'), holding_up) == (1, [])


def finders_read(path):
    return Path(finders.find(path)).read_bytes()
