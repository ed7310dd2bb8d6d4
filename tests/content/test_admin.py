"""Editors' forms: a page can render what they accept."""

import datetime as dt

import pytest

from clinic import roles
from content.models.claims import Claim
from content.models.sources import Quotation, Source
from tests.factories import content, users

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client, clinic):
    client.force_login(users.UserFactory(role=roles.EDITOR))
    return client


def test_quotation_on_a_page_stays_checked(editor):
    quotation = content.QuotationFactory(key="Q1")
    content.ArticleFactory(body="::: quotation Q1\r\n:::")
    form = {"text": quotation.text, "speaker": quotation.speaker, "source": quotation.source_id, "note": ""}
    response = editor.post(f"/admin/content/quotation/{quotation.pk}/change/", form)
    assert (response.status_code, "could not be shown any more" in response.content.decode()) == (200, True)
    assert Quotation.objects.get().wording_checked


def test_key_that_texts_refer_to_does_not_change(editor):
    source = content.SourceFactory(key="trial")
    editor.post(f"/admin/content/source/{source.pk}/change/", {"key": "other"})
    source.refresh_from_db()
    assert source.key == "trial"


def test_text_of_a_later_day_waits_for_it(clinic, client, time_machine):
    content.LegalTextFactory(version="2027-01", title="Later terms", effective_from="2027-01-01")
    content.ArticleFactory(slug="later", published_at=dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    time_machine.move_to("2026-12-31T12:00:00Z")
    assert b"Later terms" not in client.get("/terms/").content
    assert client.get("/learn/later/").status_code == 404
    time_machine.move_to("2027-01-01T12:00:00Z")
    assert b"Later terms" in client.get("/terms/").content
    assert client.get("/learn/later/").status_code == 200


SOURCE = {
    "key": "moss-2020",
    "type": "article-journal",
    "authors": "Moss A\r\n\r\n Reed B ",
    "title": "A trial",
    "year": "2020",
    "doi": "https://doi.org/10.1000/x.1",
    "url": "https://doi.org/10.1000/x.1",
    "evidence_type": "trial",
    "sample_size": "73",
    "status": "recheck",
    "recheck_fields": "year\r\npages",
    "link_check-TOTAL_FORMS": "0",
    "link_check-INITIAL_FORMS": "0",
}


def test_source_takes_names_one_a_line_and_a_doi_as_an_address(editor):
    response = editor.post("/admin/content/source/add/", {**SOURCE, "authors": "Moss A\net al."})
    assert "Name every author" in response.content.decode()
    assert editor.post("/admin/content/source/add/", SOURCE).status_code == 302
    source = Source.objects.get()
    assert (source.authors, source.doi, source.recheck_fields) == (
        ["Moss A", "Reed B"],
        "10.1000/x.1",
        ["year", "pages"],
    )
    page = editor.get(f"/admin/content/source/{source.pk}/change/").content.decode()
    assert "Moss A\nReed B</textarea>" in page


def test_topics_of_a_claim_are_boxes(editor):
    source = content.SourceFactory(key="moss-2020")
    page = editor.get("/admin/content/claim/add/").content.decode()
    assert 'type="checkbox" name="topics" value="risk"' in page
    form = {"key": "c1", "text": "It can raise blood pressure.", "sources": [source.pk], "confidence": "high"}
    assert editor.post("/admin/content/claim/add/", {**form, "topics": ["risk"]}).status_code == 302
    assert Claim.objects.get().topics == ["risk"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("opening_hours", '[{"weekday": 7, "start": "09:00", "end": "17:00"}]', "is not 0 (Monday) to 6 (Sunday)"),
        ("opening_hours", '[{"weekday": 0, "start": "17:00", "end": "09:00"}]', "ends before it starts"),
        ("opening_hours", '[{"weekday": 0}]', "needs weekday 0–6, start and end as HH:MM"),
        ("opening_hours", '[{"weekday": 0, "start": "09", "end": "17:00"}]', "start and end as HH:MM"),
        ("opening_hours", '[{"weekday": 0, "start": "09:00", "end": "17:00:30"}]', "start and end as HH:MM"),
        ("opening_hours", '[{"weekday": true, "start": "09:00", "end": "17:00"}]', "is not 0 (Monday) to 6 (Sunday)"),
        ("opening_hours", '"always"', "Opening hours are a list"),
        ("time_zone", "Mars/Olympus", "is not a time zone"),
    ],
)
def test_impossible_profile_is_refused_in_words(editor, field, value, message):
    response = editor.post("/admin/content/clinicprofile/1/change/", {field: value})
    assert message in response.content.decode()


def test_there_is_one_profile(editor):
    assert editor.get("/admin/content/clinicprofile/add/").status_code == 403
