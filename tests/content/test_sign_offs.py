"""What a sign-off binds: a signed page changes by a second person's act only."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clinic import roles
from content.actions import drafts, ledger, publication, sign_offs
from content.actions import profile as actions_profile
from content.actions.exceptions import EditorialError
from content.models.claims import Claim
from content.models.people import Person
from content.models.profile import ClinicProfile, ProfileProposal
from content.models.revisions import Revision
from content.models.snapshots import LedgerRevision
from content.models.sources import Quotation, Source
from tests.conftest import open_clinic
from tests.factories import content, users

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)
BODY = (
    "## What was seen\n\nKetamine was given to 73 people at {clinic}. [^c1]\n\n"
    "Ada Moss said so.\n\n::: quotation Q1\n:::\n\n::: team\n:::\n"
)


def signed_page():
    """A published article that a clinician signed, with one row of each kind behind it."""
    source = content.SourceFactory(key="trial")
    content.ClaimFactory(key="c1", sources=[source])
    content.QuotationFactory(key="Q1", source=source)
    author = content.PersonFactory(key="author", on_landing_page=True)
    article = content.ArticleFactory(slug="a-page", body=BODY, author=author)
    reviewer = users.UserFactory(username="rita", role=roles.REVIEWER)
    content.PersonFactory(key="rita", name="Rita Reed, MD", role="Psychiatrist", user=reviewer)
    sign(article, reviewer)
    return article, reviewer


def sign(article, by, now=NOW):
    newest = article.revisions.latest()
    return sign_offs.sign_off_article(
        article,
        revision_id=newest.pk,
        state_hash=sign_offs.state_hash(article, newest),
        review_by=dt.date(2027, 11, 20),
        by=by,
        now=now,
    )


def refusal(action, *args, **kwargs):
    with pytest.raises(EditorialError) as refused:
        action(*args, **kwargs)
    return refused.value.reasons


@pytest.fixture
def signed(clinic):
    return signed_page()


@pytest.fixture
def editor(client, clinic):
    client.force_login(users.UserFactory(username="ed", role=roles.EDITOR))
    return client


def form_of(client, path):
    """Return the fields of an admin form as a browser would send them."""
    form = client.get(path).context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in data.items() if value is not None and value is not False}
    return {**data, "link_check-TOTAL_FORMS": 0, "link_check-INITIAL_FORMS": 0}


def change(client, path, **changed):
    response = client.post(path, form_of(client, path) | changed)
    assert response.status_code == 302, response.context["errors"]


def change_path(row):
    return f"/admin/content/{row._meta.model_name}/{row.pk}/change/"


CHANGES = {
    "quotation": lambda: (Quotation.objects.get(), {"text": "the only treatment that cures everyone"}),
    "speaker": lambda: (Quotation.objects.get(), {"speaker": "Somebody Else"}),
    "claim": lambda: (Claim.objects.get(), {"detail": "In 7,300 people."}),
    "source": lambda: (Source.objects.get(), {"url": "https://shop.example/"}),
    "reviewer": lambda: (Person.objects.get(key="rita"), {"role": "Professor at Yale"}),
    "author": lambda: (Person.objects.get(key="author"), {"name": "Ada Mossberg"}),
    "profile": lambda: (ClinicProfile.current(), {"name": "Another Clinic", "phone": "800-555-0100"}),
    "states": lambda: (ClinicProfile.current(), {"states": '["NJ"]'}),
}
ALONE = ("reviewer", "profile", "states")  # a second person confirms these before any page asks for a new approval


@pytest.mark.parametrize("what", CHANGES)
def test_change_of_a_row_shows_on_no_signed_page_and_puts_it_on_the_queue(editor, signed, what):
    article, _ = signed
    before = editor.get("/learn/a-page/").content
    row, changed = CHANGES[what]()
    change(editor, change_path(row), **changed)
    assert editor.get("/learn/a-page/").content == before
    listed = editor.get("/admin/content/article/?progress=changed").context["cl"].result_list
    assert [each.pk for each in listed] == ([] if what in ALONE else [article.pk])


def test_second_person_confirms_what_readers_see_of_the_clinic(editor, signed, client):
    profile = ClinicProfile.current()
    change(editor, change_path(profile), name="Another Clinic", phone="800-555-0100", call_minutes="45")
    profile.refresh_from_db()
    assert (profile.name, profile.phone, profile.call_minutes) == ("Harbor Clinic", "800-555-0199", 45)
    page = editor.get(change_path(profile)).content.decode()
    assert "<ins>Another</ins>" in page
    proposal = ProfileProposal.objects.get()
    editor.post(f"/admin/content/clinicprofile/proposals/{proposal.pk}/confirm/")
    assert ClinicProfile.current().name == "Harbor Clinic"
    proposal_of_two = refusal(actions_profile.confirm_change, proposal.pk, by=proposal.proposed_by, now=NOW)
    assert proposal_of_two == ["You proposed this yourself: somebody else must confirm it."]
    head = users.UserFactory(role=roles.HEAD)
    client.force_login(head)
    assert "Confirm these changes" in client.get(change_path(profile)).content.decode()
    assert client.post(f"/admin/content/clinicprofile/proposals/{proposal.pk}/confirm/").status_code == 302
    assert (ClinicProfile.current().name, ClinicProfile.current().phone) == ("Another Clinic", "800-555-0100")
    assert b"Harbor Clinic" in client.get("/learn/a-page/").content  # as it was signed
    assert b"Another Clinic" in client.get("/start/").content
    revision = LedgerRevision.objects.filter(kind="clinicprofile").first()
    assert (revision.author, revision.values["name"]) == (proposal.proposed_by, "Another Clinic")
    assert refusal(actions_profile.drop_change, proposal.pk, by=head, now=NOW)


def test_proposal_that_breaks_a_rule_or_a_page_is_not_confirmed(signed):
    editor, head = users.UserFactory(role=roles.EDITOR), users.UserFactory(role=roles.HEAD)
    for values in ({"name": "The proven cure"}, {"time_zone": "Mars/Olympus"}):
        proposal = actions_profile.propose_change(values, by=editor, now=NOW)
        assert refusal(actions_profile.confirm_change, proposal.pk, by=head, now=NOW)
        assert ClinicProfile.current().name == "Harbor Clinic"
    assert ProfileProposal.objects.undecided().count() == 1  # the newer one of the same editor


def test_signing_again_shows_the_new_row_and_names_the_change(editor, signed):
    article, reviewer = signed
    change(editor, change_path(Claim.objects.get()), text="Ketamine was first given to 73 people.")
    newest = article.revisions.latest()
    found, *others = sign_offs.changes_to_sign(article, newest)
    assert [(other.row, other.field) for other in others] == [("Claim c1", "checked on"), ("Claim c1", "checked by")]
    assert (found.row, found.field) == ("Claim c1", "text")
    assert [(piece.kind, piece.text.strip()) for piece in found.pieces if piece.kind != "same"] == [("added", "first")]
    assert found.sentences == ("Ketamine was given to 73 people at Harbor Clinic.",)
    assert found.sources == ("trial: A trial called trial",)
    assert b"<ins>" in editor.get(f"/admin/content/article/{article.pk}/change/").content
    change(editor, change_path(Claim.objects.get()), detail="As corrected.")
    assert b"As corrected." not in editor.get("/learn/a-page/").content
    sign(article, reviewer, now=LATER)
    assert b"As corrected." in editor.get("/learn/a-page/").content
    article.refresh_from_db()
    assert article.changed_at == LATER


def test_kind_of_a_change_is_named(editor, signed):
    article, _ = signed
    Claim.objects.update(text="Ketamine was given to 71 rats.")
    [found] = sign_offs.changes_to_sign(article, article.revisions.latest())
    assert {"number", "species"} <= set(found.kinds)
    assert b"Claim c1</strong>, text (number, " in editor.get(f"/admin/content/article/{article.pk}/change/").content


def test_row_that_changes_under_the_reviewer_is_not_signed(signed):
    article, reviewer = signed
    newest = article.revisions.latest()
    read = sign_offs.state_hash(article, newest)
    Quotation.objects.update(text="changed meanwhile")
    assert refusal(
        sign_offs.sign_off_article,
        article,
        revision_id=newest.pk,
        state_hash=read,
        review_by=dt.date(2027, 1, 1),
        by=reviewer,
        now=NOW,
    ) == ["Its evidence was changed while you read it. Please read it again."]


def test_signed_draft_is_not_published_over_other_rows(signed):
    article, reviewer = signed
    editor = users.UserFactory(role=roles.EDITOR)
    words = article.words | {"title": "Another title"}
    drafts.save_draft(article, words=words, based_on=article.revisions.latest().pk, by=editor, now=NOW)
    sign(article, reviewer)
    Source.objects.update(title="Another work")
    assert refusal(publication.publish_article, article, by=editor, now=NOW) == [
        "Its evidence was changed since Rita Reed, MD approved it. It needs a new approval."
    ]


def test_words_that_were_signed_once_do_not_come_back_over_newer_ones(signed):
    article, reviewer = signed
    editor = users.UserFactory(role=roles.EDITOR)
    old = article.revisions.latest()
    newest = drafts.save_draft(
        article, words=article.words | {"title": "Corrected"}, based_on=old.pk, by=editor, now=NOW
    )
    sign(article, reviewer)
    publication.publish_article(article, by=editor, now=NOW)
    drafts.revert_to(article, to=old, based_on=newest.pk, by=editor, now=NOW)
    assert refusal(publication.publish_article, article, by=editor, now=NOW) == [
        "Edited since Rita Reed, MD approved it. It needs a new approval."
    ]


def test_nobody_signs_a_row_that_they_wrote(clinic, signed):
    article, reviewer = signed
    claim = Claim.objects.get()
    claim.detail = "Mine."
    claim.save()
    ledger.record_revision(claim, by=reviewer, now=NOW)
    assert refusal(sign, article, reviewer) == ["You changed claim c1, so someone else must approve this page."]


def test_nobody_signs_a_text_of_which_they_wrote_an_earlier_edit(signed):
    article, reviewer = signed
    for by, title in ((reviewer, "Mine"), (users.UserFactory(), "Mine, spelled right")):
        based_on = article.revisions.latest().pk
        drafts.save_draft(article, words=article.words | {"title": title}, based_on=based_on, by=by, now=NOW)
    assert refusal(sign, article, reviewer) == ["You wrote part of this text, so someone else must approve it."]


def test_author_of_a_page_never_reviews_it(signed):
    _, reviewer = signed
    article = content.ArticleFactory(author=reviewer.person)
    assert refusal(sign, article, reviewer) == ["You are the author of this page, so someone else must approve it."]


def test_credential_counts_once_somebody_else_confirmed_it(editor, signed):
    article, reviewer = signed
    change(editor, change_path(reviewer.person), role="Professor at Yale")
    reviewer.person.refresh_from_db()
    assert refusal(sign, article, reviewer) == [
        "Your name and role aren’t confirmed yet. Someone else must confirm them (Authors and reviewers)."
    ]
    head = users.UserFactory(role=roles.HEAD)
    assert refusal(ledger.confirm_credential, reviewer.person, by=reviewer, now=NOW) == [
        "Only somebody who may confirm people’s names and roles can do this."
    ]
    change(editor, change_path(reviewer.person), bio="Somebody.")
    writer = users.UserFactory(role=roles.HEAD)
    values = {**LedgerRevision.objects.first().values, "bio": ""}
    LedgerRevision.objects.create(kind="person", key="rita", values=values, author=writer, created_at=NOW)
    ledger.confirm_credential(reviewer.person, by=head, now=NOW)
    sign(article, reviewer, now=LATER)
    article.refresh_from_db()
    assert article.reviewer_role == "Professor at Yale"


def test_nobody_confirms_a_credential_that_they_wrote_or_bear(clinic):
    head = users.UserFactory(role=roles.HEAD)
    person = content.PersonFactory(user=head, confirmed=False)
    assert refusal(ledger.confirm_credential, person, by=head, now=NOW) == ["Nobody confirms their own name and role."]
    other = content.PersonFactory()
    ledger.record_revision(other, by=head, now=NOW)
    assert refusal(ledger.confirm_credential, other, by=head, now=NOW) == [
        "You wrote this name and role yourself: somebody else must confirm them."
    ]


def test_every_version_of_a_row_is_kept_with_its_author(editor, signed):
    quotation = Quotation.objects.get()
    change(editor, change_path(quotation), text="the second words")
    change(editor, change_path(quotation), text="the third words")
    versions = [(each.values["text"], each.author and each.author.username) for each in ledger.revisions_of(quotation)]
    assert versions == [("the third words", "ed"), ("the second words", "ed"), ("these exact words", None)]
    history = editor.get(f"/admin/content/quotation/{quotation.pk}/history/").content.decode()
    assert "<del>second</del><ins>third</ins>" in history


class OneEditor(TestCase):
    """Whatever one editor saves, a signed page stays as it is until somebody else signs."""

    WORDS = st.text("abc 1é", min_size=1, max_size=8)
    STEPS = st.sampled_from([*sorted(CHANGES), "draft", "revert", "publish", "schedule"])
    EDITS = st.lists(st.tuples(STEPS, WORDS), max_size=6)

    @settings(max_examples=8, deadline=None)
    @given(EDITS)
    def test_no_sequence_of_their_edits_changes_a_signed_page(self, edits):
        open_clinic()
        article, _ = signed_page()
        content.ArticleFactory(kind="landing", slug="landing", body="::: care\n:::\n")
        editor = users.UserFactory(role=roles.EDITOR)
        self.client.force_login(editor)
        paths = ["/", "/learn/", "/learn/a-page/", "/learn/a-page/claims.json", "/learn/a-page/sources.bib", "/terms/"]
        before = [self.client.get(path).content for path in paths]
        for what, words in edits:
            if what in CHANGES:
                row, changed = CHANGES[what]()
                changed = {
                    name: value if name in ("url", "phone", "states") else words for name, value in changed.items()
                }
                self.client.post(change_path(row), form_of(self.client, change_path(row)) | changed)
            else:
                self.workflow(article, what, words)
            assert [self.client.get(path).content for path in paths] == before

    def workflow(self, article, what, words):
        place, newest = f"/admin/content/article/{article.pk}/", article.revisions.latest()
        form = {**newest.words, "title": words, "based_on": newest.pk}
        oldest = Revision.objects.filter(article=article).last()
        path, data = {
            "draft": ("change/", form),
            "revert": (f"revisions/{oldest.pk}/revert/", {}),
            "publish": ("publish/", {}),
            "schedule": ("schedule/", {"at": "2099-01-01T11:00"}),
        }[what]
        assert self.client.post(place + path, data).status_code in (200, 302)
