"""What staff type is theirs until it is saved: over refusals, other buttons, conflicts and the end of a session."""

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test import Client

from clinic import roles
from clinic.desk_pages import page_behind
from signups.duplicates import merging
from signups.leads.actions import write_note
from signups.leads.note_models import NoteDraft
from signups.privacy import erasure
from tests.factories import callbacks, calls, leads, users
from tests.signups.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def lead(user):
    return leads.LeadFactory(owner=user)


def address(lead, deed="change"):
    return f"/admin/signups/lead/{lead.pk}/{deed}/"


def note(text, **more):
    return {"text": text, "form_key": uuid.uuid4(), **more}


def box(response, name='id="note_text"'):
    """The words in a box of the page."""
    return response.content.decode().split(name)[1].split(">", 1)[1].split("</textarea>")[0].strip()


def test_a_draft_is_its_authors_alone_unreadable_in_the_database_and_gone_once_saved(client, user, lead):
    assert client.post(address(lead, "draft"), {"text": "Prefers morn"}).status_code == 204
    assert client.post(address(lead, "draft"), {"text": "Prefers mornings"}).status_code == 204
    assert box(client.get(address(lead))) == "Prefers mornings"
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM signups_notedraft")
        assert [("mornings" in text) for (text,) in cursor.fetchall()] == [False]
    other = Client()
    other.force_login(users.UserFactory(role=roles.HEAD))
    assert "Prefers mornings" not in other.get(address(lead)).content.decode()
    assert client.post(address(lead, "note"), note("Prefers mornings")).status_code == 303
    assert (box(client.get(address(lead))), NoteDraft.objects.count()) == ("", 0)


def test_a_draft_that_says_more_than_what_was_saved_stays(client, user, lead):
    client.post(address(lead, "draft"), {"text": "Prefers mornings. Has a dog."})
    client.post(address(lead, "note"), note("Prefers mornings."))
    assert box(client.get(address(lead))) == "Prefers mornings. Has a dog."
    client.post(address(lead, "draft"), {"text": "  "})
    assert NoteDraft.objects.count() == 0


def test_a_draft_is_erased_with_the_person_and_survives_a_merge(client, user, lead):
    other = leads.LeadFactory()
    for each in (lead, other):
        client.post(address(each, "draft"), {"text": "About them"})
    head = users.UserFactory(role=roles.HEAD)
    merging.merge_leads(lead=lead, other=other, from_other=set(), by=head, now=NOW)
    assert box(client.get(address(lead))) == "About them"
    erasure.erase_lead(lead, by=head, now=NOW)
    assert {draft.text for draft in NoteDraft.objects.filter(lead=lead)} <= {""}


@pytest.mark.parametrize(
    ("deed", "data", "status", "kept"),
    [
        ("note", note("x" * 5001), 422, "x" * 5001),
        ("note", {"text": "Has a dog.", "form_key": "1"}, 422, "Has a dog."),
        (
            "change-status",
            {"seen": "contacted", "to": "closed", "reason": "Moved away"},
            409,
            'value="Moved away" selected',
        ),
        ("log-outreach", {"outcome": "eloped", "note": "Has a dog."}, 422, None),
    ],
)
def test_a_refused_form_comes_back_filled(client, user, lead, deed, data, status, kept):
    refused = client.post(address(lead, deed), data)
    assert refused.status_code == status
    if kept:
        assert kept in refused.content.decode()


def test_a_conflicting_edit_comes_back_beside_the_other_sides_change(client, user, lead):
    first = leads.NoteFactory(lead=lead, text="Prefers mornings.", author=user, created_at=NOW - HOUR)
    edit = {"lead": lead, "by": user, "now": NOW, "form_key": uuid.uuid4()}
    write_note(text="Prefers evenings.", supersedes=first, **edit)
    refused = client.post(address(lead, "note"), note("Prefers noon.", supersedes=first.public_id))
    page = refused.content.decode()
    assert (refused.status_code, "Prefers evenings." in page) == (409, True)
    newest = lead.notes.current().get()
    assert box(refused, f'id="note_{newest.public_id}"') == "Prefers noon."
    assert '<details class="disclosure" open>' in page
    again = note("Prefers noon.", supersedes=newest.public_id)
    assert client.post(address(lead, "note"), again).status_code == 303


def test_a_note_sent_after_the_session_ended_is_there_after_signing_in(client, user, lead, time_machine):
    callback = callbacks.CallbackRequestFactory(lead__owner=None)
    call = calls.OnboardingCallFactory(lead__owner=user, starts_at=NOW)
    sent = {
        address(lead, "note"): (lead, address(lead)),
        f"/admin/signups/callbackrequest/{callback.public_id}/attempt/": (
            callback.lead,
            f"/admin/signups/callbackrequest/{callback.public_id}/",
        ),
        f"/admin/signups/onboardingcall/{call.public_id}/complete/": (
            call.lead,
            f"/admin/signups/onboardingcall/{call.public_id}/",
        ),
    }
    for number, (deed, (about, page)) in enumerate(sent.items()):
        client.force_login(user)
        client.get("/admin/")
        time_machine.move_to(NOW + (number + 1) * 31 * HOUR / 60, tick=False)
        answer = client.post(deed, {"text": "Has a dog.", "note": "Has a dog.", "outcome": "reached"}, follow=True)
        assert answer.redirect_chain[0][0] == f"/admin/login/?next={page}"
        assert "Your note is kept as a draft." in answer.content.decode()
        client.force_login(user)
        assert box(client.get(address(about))) == "Has a dog."
    assert lead.notes.count() == callback.attempts.count() == 0


def test_nothing_is_kept_of_a_form_that_another_site_sent(user, lead, time_machine):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    strict.get("/admin/")
    time_machine.move_to(NOW + HOUR, tick=False)
    assert strict.post(address(lead, "note"), note("Planted.")).status_code == 302
    assert NoteDraft.objects.count() == 0


def test_an_address_that_only_takes_a_post_leads_back_to_its_page(client, user, lead):
    callback = callbacks.CallbackRequestFactory()
    for deed in ("note", "log-outreach", "convert", "mark-refunded", "mark-refunded/undo", "draft"):
        assert client.get(address(lead, deed))["Location"] == address(lead)
    attempt = f"/admin/signups/callbackrequest/{callback.public_id}/attempt/"
    assert client.get(attempt)["Location"] == attempt.removesuffix("attempt/")
    assert client.get("/admin/signups/lead/bulk/assign/")["Location"] == "/admin/signups/lead/"
    assert page_behind("/admin/no/such/thing/") == "/admin/"


def test_a_form_of_an_older_sign_in_fails_on_the_desks_own_page_and_gives_the_text_back(user, lead):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    failed = strict.post(address(lead, "note"), note("<Has> a dog."))
    page = failed.content.decode()
    assert (failed.status_code, "Care desk" in page, "&lt;Has&gt; a dog.</textarea>" in page) == (403, True, True)
    assert f'href="{address(lead)}"' in page
    assert "/start/" not in page


def test_idle_sessions_are_announced_and_can_be_kept(client, user, time_machine):
    page = client.get("/admin/").content.decode()
    assert 'data-minutes="30"' in page
    for minutes in (29, 58, 87):
        time_machine.move_to(NOW + minutes * HOUR / 60, tick=False)
        assert client.get("/admin/stay-signed-in/").status_code == 204
    assert client.get("/admin/").status_code == 200
