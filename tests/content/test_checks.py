"""A check against the source is a person's act, and ends when what was compared changes."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from clinic import roles, setup_checklist
from content.actions import ledger, publication, sign_offs
from content.actions.exceptions import EditorialError
from content.models.articles import Article
from content.models.claims import Claim
from content.models.sources import Quotation, Source
from content.validators import validate_names
from tests.factories import content, users

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)


@pytest.fixture
def editor(client, clinic):
    user = users.UserFactory(role=roles.EDITOR, first_name="Edna", last_name="Reed")
    client.force_login(user)
    return user


def test_page_says_who_checked_and_when_or_that_nobody_did(client, clinic):
    source = content.SourceFactory(key="trial")
    content.ClaimFactory(key="c1", sources=[source], checked_on=None, checked_by="")
    content.ClaimFactory(key="c2", sources=[source], checked_by="Ada Moss", detail="Twice.")
    content.QuotationFactory(key="Q1", source=source)
    content.ArticleFactory(slug="a-page", body="One. [^c1] Two. [^c2]\n\n::: quotation Q1\n:::\n")
    page = client.get("/learn/a-page/").content.decode()
    assert page.count("Not yet checked against the source by us.") == 2
    assert "Quoted word for word.</strong> Not yet checked against the source by us." in page
    assert "Twice. Checked against the source by Ada Moss on November 1, 2026." in page


@pytest.mark.parametrize("factory", [content.ClaimFactory, content.QuotationFactory])
def test_check_bears_the_name_of_who_made_it(client, editor, factory, time_machine):
    time_machine.move_to(NOW)
    entry = factory()
    place = f"/admin/content/{entry._meta.model_name}/{entry.pk}/"
    assert client.post(f"{place}check/").status_code == 302
    entry.refresh_from_db()
    assert (entry.checked_on, entry.checked_by) == (NOW.date(), "Edna Reed")
    assert "by Edna Reed on Nov 20, 2026" in client.get(f"{place}change/").content.decode()


def test_nobody_checks_against_a_source_whose_details_are_unknown_or_without_a_name(editor):
    claim = content.ClaimFactory(sources=[content.SourceFactory(key="unseen", status="recheck")])
    with pytest.raises(EditorialError, match="Verify the details of the source first: unseen"):
        ledger.check_entry(claim, by=editor, now=NOW)
    with pytest.raises(EditorialError, match="Your account has no name"):
        ledger.check_entry(content.ClaimFactory(), by=users.UserFactory(), now=NOW)


@pytest.mark.parametrize(
    ("model", "changed", "ends"),
    [
        (Claim, ["text"], True),
        (Claim, ["sources"], True),
        (Claim, ["confidence"], False),
        (Quotation, ["speaker"], True),
        (Quotation, ["note"], False),
        (Source, ["doi"], True),
        (Source, ["status"], False),
    ],
)
def test_check_ends_when_what_was_compared_changes(clinic, model, changed, ends):
    source = content.SourceFactory()
    checked = {"checked_on": NOW.date(), "checked_by": "Ada Moss"}
    content.ClaimFactory(sources=[source], **checked)
    content.QuotationFactory(source=source, **checked)
    ledger.clear_checks(model.objects.get(), changed)
    rows = [Claim, Quotation] if model is Source else [model]
    assert [row.objects.get().checked_by for row in rows] == ["" if ends else "Ada Moss"] * len(rows)


def test_unverified_source_holds_back_a_publication(editor, clinic):
    reviewer = users.UserFactory(role=roles.REVIEWER)
    content.PersonFactory(user=reviewer)
    content.SourceFactory(key="unseen", status="recheck")
    article = content.ArticleFactory(published_at=None, body="So it was. [@unseen]")
    newest = article.revisions.latest()
    read = {"revision_id": newest.pk, "state_hash": sign_offs.state_hash(article, newest)}
    sign_offs.sign_off_article(article, **read, review_by=dt.date(2027, 1, 1), by=reviewer, now=NOW)
    with pytest.raises(EditorialError, match="Verify the details of source “unseen” first"):
        publication.publish_article(article, by=editor, now=NOW)


@pytest.mark.parametrize("last", ["et al.", "et al", "Et Al.", "et. al.", "and others", "… et al."])
def test_authors_are_named_one_by_one(last):
    with pytest.raises(ValidationError, match="Name every author"):
        validate_names(["Moss A", last])
    validate_names(["Moss A", "Etal B", "Alvarez ET"])


def test_row_says_where_it_is_used(client, editor):
    source = content.SourceFactory(key="trial")
    claim = content.ClaimFactory(key="c1", sources=[source])
    content.ArticleFactory(title="On its uses", body="One. [^c1]")
    content.ArticleFactory(title="Something else")
    for row in (source, claim):
        page = client.get(f"/admin/content/{row._meta.model_name}/{row.pk}/change/").content.decode()
        assert "On its uses" in page
        assert "Something else" not in page


def test_in_production_the_shipped_pages_are_drafts_until_a_clinician_approves_them(client, settings):
    settings.PUBLISH_SHIPPED_PAGES = False
    call_command("load_content", verbosity=0)
    call_command("load_content", update=True, verbosity=0)
    assert not Article.objects.once_published().exists()
    assert client.get("/learn/how-ketamine-works/").status_code == 404
    page = client.get("/")
    assert page.status_code == 200
    assert "A clinician is reviewing" in page.content.decode()
    assert 'href="tel:988"' in page.content.decode()
    assert client.get("/terms/").status_code == 200
    assert any("drafts until a medical reviewer" in step for step in setup_checklist.pending_steps())
