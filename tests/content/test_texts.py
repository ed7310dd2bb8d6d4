"""Legal and crisis texts: drafting, publishing, immutability."""

import datetime as dt

import pytest
from django.test import Client

from clinic import roles
from content.actions import texts
from content.actions.exceptions import EditorialError
from content.models.profile import ClinicProfile
from content.models.texts import CrisisText, LegalText
from tests.factories import content, users

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
TODAY = NOW.date()
LEGAL = {"kind": "terms", "version": "2027-01", "title": "New terms", "summary": "S", "body": "B"}
CRISIS = {"crisis_name": "New line", "crisis_phone": "741741", "crisis_text": "Text 741741.", "emergency_phone": "988"}


@pytest.fixture
def editor(client, clinic, time_machine):
    time_machine.move_to(NOW)
    client.force_login(users.UserFactory(role=roles.EDITOR))
    return client


@pytest.fixture
def head(clinic):
    client = Client()
    client.force_login(users.UserFactory(role=roles.HEAD))
    return client


def test_editor_drafts_and_the_head_publishes(editor, head):
    assert editor.post("/admin/content/legaltext/add/", LEGAL).status_code == 302
    text = LegalText.objects.get(version="2027-01")
    place = f"/admin/content/legaltext/{text.pk}/"
    assert editor.post(f"{place}change/", {**LEGAL, "title": "Better terms"}).status_code == 302
    assert editor.post(f"{place}publish/", {"on": "2026-11-21"}).status_code == 403
    page = head.get(f"{place}publish/").content.decode()
    assert "Better terms" in page
    assert "November 20, 2026" in page
    assert head.post(f"{place}change/", LEGAL).status_code == 403
    assert head.post(f"{place}publish/", {"on": "2026-11-21"}).status_code == 302
    text.refresh_from_db()
    assert (text.effective_from, text.title) == (dt.date(2026, 11, 21), "Better terms")
    assert (text.drafted_by.username, text.published_by.username) != (None, None)


def test_draft_is_in_nobodys_way(editor, clinic):
    editor.post("/admin/content/legaltext/add/", LEGAL)
    assert LegalText.objects.current("terms").get().version == "2026-11"
    assert b"New terms" not in editor.get("/terms/").content


def test_published_version_never_changes(editor, head, clinic):
    text = LegalText.objects.first()
    place = f"/admin/content/legaltext/{text.pk}/"
    assert editor.get(f"{place}change/").status_code == 200
    assert editor.post(f"{place}change/", LEGAL).status_code == 403
    page = head.post(f"{place}publish/", {"on": "2026-11-21"}).content.decode()
    assert "This version is published" in page
    with pytest.raises(EditorialError, match="This version is published"):
        texts.save_text(text, by=users.UserFactory())


def test_no_text_holds_from_before_today(clinic):
    draft = content.LegalTextFactory(version="2027-01", effective_from=None)
    with pytest.raises(EditorialError, match="in the past"):
        texts.publish_text(draft, on=TODAY - dt.timedelta(days=1), by=users.UserFactory(), now=NOW)


def test_text_that_cannot_be_shown_is_not_published(clinic):
    draft = content.LegalTextFactory(version="2027-01", effective_from=None, body="{nothing}")
    with pytest.raises(EditorialError, match=r"line 1: \{nothing\} stands for nothing"):
        texts.publish_text(draft, on=TODAY, by=users.UserFactory(), now=NOW)


def test_crisis_text_is_on_every_page_once_the_head_says_so(editor, head):
    assert editor.post("/admin/content/crisistext/add/", CRISIS).status_code == 302
    text = CrisisText.objects.get()
    assert ClinicProfile.current().crisis_phone == "988"
    place = f"/admin/content/crisistext/{text.pk}/publish/"
    assert editor.post(place, {"on": "2026-11-20"}).status_code == 403
    assert "take effect immediately" in head.post(place, {"on": "2026-11-21"}).content.decode()
    assert head.post(place, {"on": "2026-11-20"}).status_code == 302
    profile = ClinicProfile.current()
    assert {name: getattr(profile, name) for name in CRISIS} == CRISIS
    assert 'href="tel:741741"' in editor.get("/terms/").content.decode()


def test_no_editor_changes_the_crisis_text_in_the_profile(editor, clinic):
    fields = {name: getattr(clinic, name) for name in ("name", "phone", "phone_region", "mailbox", "postal_address")}
    page = editor.post("/admin/content/clinicprofile/1/change/", {**fields, **CRISIS})
    assert 'name="crisis_phone"' not in page.content.decode()
    assert ClinicProfile.current().crisis_phone == "988"


@pytest.mark.parametrize(
    ("field", "words", "reason"),
    [
        ("body", "Ketamine is proven to cure depression.", "“proven” advertises"),
        (
            "body",
            "According to Yale, “ketamine is the answer to all of it”.",
            "not in the ledger to the character",
        ),
        ("title", "Ketamine lifts depression", "states no fact"),
        ("summary", "94% of people with depression got better.", "states no fact"),
    ],
)
def test_legal_text_that_breaks_a_rule_is_neither_saved_nor_published(editor, head, field, words, reason):
    page = editor.post("/admin/content/legaltext/add/", {**LEGAL, field: words})
    assert page.status_code == 200
    assert reason in page.content.decode()
    assert not LegalText.objects.filter(version="2027-01").exists()
    text = content.LegalTextFactory(**{**LEGAL, field: words}, effective_from=None)
    assert reason in head.post(f"/admin/content/legaltext/{text.pk}/publish/", {"on": "2026-11-21"}).content.decode()
    text.refresh_from_db()
    assert text.effective_from is None


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("crisis_phone", "989", "“989” is none of 741741, 911, 988"),
        ("emergency_phone", "119", "“119” is none of"),
        ("crisis_text", "In danger, call 119.", "“119” is none of"),
        ("crisis_text", "Call us in office hours.", "there at any hour"),
        ("crisis_text", "We cure every crisis: call 988.", "“cure” advertises"),
    ],
)
def test_crisis_text_that_misleads_is_not_saved(editor, field, value, reason):
    page = editor.post("/admin/content/crisistext/add/", {**CRISIS, field: value})
    assert page.status_code == 200
    assert reason in page.content.decode()
    assert not CrisisText.objects.exists()


def test_no_editor_changes_alone_what_the_terms_promise(editor, clinic):
    text = content.LegalTextFactory(version="2026-12", body="You have {trial_days} days.")
    page = editor.post("/admin/content/clinicprofile/1/change/", {"trial_days": "3", "guarantee_days": "5"})
    assert 'name="trial_days"' not in page.content.decode()
    assert ClinicProfile.current().trial_days == 7
    ClinicProfile.objects.update(trial_days=3)  # as an administrator might
    assert "You have 7 days." in editor.get(text.get_absolute_url()).content.decode()


def test_nobody_publishes_what_they_drafted(clinic):
    head = users.UserFactory(role=roles.HEAD)
    draft = content.LegalTextFactory(version="2027-01", effective_from=None, drafted_by=head)
    with pytest.raises(EditorialError, match="You drafted this version yourself"):
        texts.publish_text(draft, on=TODAY, by=head, now=NOW)
