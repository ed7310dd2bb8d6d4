"""What staff type is theirs until it is saved: over refusals, other buttons, conflicts and the end of a session."""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client

from clinic import roles
from clinic.desk_pages import page_behind
from signups.duplicates import merging
from signups.leads.actions import write_note
from signups.leads.note_models import NoteDraft
from signups.privacy import erasure
from tests.factories import callbacks, calls, consents, followups, hosts, leads, users
from tests.signups.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
HOUR = dt.timedelta(hours=1)
NEW_YORK = ZoneInfo("America/New_York")


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


def test_words_of_every_form_come_back_from_a_refusal(client, user, lead, settings):
    """In their own form where that is still there, else to copy."""
    settings.TEXT_BACKEND = "clinic.text_backends.TextFileBackend"
    consents.ConsentFactory(lead=lead, text__purpose="texts", created_at=NOW - HOUR)
    follow_up = followups.FollowUpFactory(lead=lead, owner=user, due_at=NOW + HOUR)
    colleague = users.UserFactory(role=roles.COORDINATOR)
    open_request, taken, closed = (callbacks.CallbackRequestFactory() for _ in range(3))
    type(taken).objects.filter(pk=taken.pk).update(claimed_by=colleague, claimed_at=NOW)
    type(closed).objects.filter(pk=closed.pk).update(closed_at=NOW, outcome="reached")
    canceled = calls.OnboardingCallFactory(lead__owner=user, starts_at=NOW, status="cancelled")
    begun = leads.LeadFactory(owner=colleague)
    gone = leads.LeadFactory(status="merged")
    past = {"due_at": "2020-01-01T10:00", "owner": user.pk}
    outcome = {"outcome": "reached", "note": "Has a dog.", "number": 1, "form_key": uuid.uuid4()}
    attempt = "/admin/signups/callbackrequest/{}/attempt/"
    for page, sent, status, shown in (
        (address(lead, "text"), {"words": "Your ketamine is here."}, 422, "Your ketamine is here."),
        (
            address(lead, "follow-up"),
            {"task": "Ask about cost", "form_key": uuid.uuid4(), **past},
            409,
            "Ask about cost",
        ),
        (address(lead, f"follow-up/{follow_up.public_id}/change"), past, 409, 'value="2020-01-01T10:00"'),
        (address(open_request.lead, "log-outreach"), outcome, 409, "Has a dog."),
        (attempt.format(taken.public_id), outcome, 409, "Has a dog."),
        (attempt.format(closed.public_id), outcome, 409, "Has a dog."),
        (f"/admin/signups/onboardingcall/{canceled.public_id}/complete/", outcome, 409, "Has a dog."),
        (address(begun, "note"), note("Has a dog."), 403, "Has a dog."),
        (address(gone, "note"), note("Has a dog."), 409, "Has a dog."),
    ):
        refused = client.post(page, sent)
        assert (refused.status_code, shown in refused.content.decode()) == (status, True), page


def test_a_refused_booking_keeps_the_time_that_was_chosen(client, user, lead):
    host = hosts.HostFactory()
    for weekday in range(7):
        hosts.AvailabilityRuleFactory(host=host, weekday=weekday, start=0, end=24 * 60)
    nobody = leads.LeadFactory(owner=user, phone="")
    chosen = (NOW + 30 * HOUR).isoformat()
    refused = client.post(address(nobody, "book"), {"start": chosen, "phone": "12"}).content.decode()
    assert f'<option value="{(NOW + 30 * HOUR).astimezone(NEW_YORK).isoformat()}" selected>' in refused
    assert 'value="12"' in refused
    calls.OnboardingCallFactory(host=host, starts_at=NOW + 30 * HOUR)  # gone meanwhile
    refused = client.post(address(lead, "book"), {"start": chosen})
    assert (refused.status_code, '<option value="">Choose a time</option>' in refused.content.decode()) == (409, True)


def test_who_goes_back_from_a_question_finds_the_note(client, user, lead):
    callback = callbacks.CallbackRequestFactory(lead=lead)
    page = f"/admin/signups/callbackrequest/{callback.public_id}/"
    sent = {"outcome": "declined", "number": 1, "form_key": uuid.uuid4(), "note": "Has a dog."}
    client.post(address(lead, "draft"), {"text": "Prefers mornings."})
    assert 'name="go_back"' in client.post(f"{page}attempt/", sent).content.decode()
    back = client.post(f"{page}attempt/", {**sent, "confirmed": "1", "go_back": "1"})
    assert (back.status_code, back["Location"], callback.attempts.count()) == (303, page, 0)
    assert box(client.get(page), 'id="id_note"') == "Prefers mornings.\n\nHas a dog."
    assert 'name="go_back"' not in client.post(f"{page}attempt/", {**sent, "note": ""}).content.decode()


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
        field = "text" if page == address(about) else "note"
        answer = client.post(deed, {field: "Has a dog.", "outcome": "reached"}, follow=True)
        assert answer.redirect_chain[0][0] == f"/admin/login/?next={page}"
        assert "Your note is kept as a draft." in answer.content.decode()
        client.force_login(user)
        assert box(client.get(address(about))) == "Has a dog."
        if page != address(about):  # the page they come back to has it as well
            name = 'id="id_note"' if "callback" in page else 'id="outcome_note"'
            assert box(client.get(page), name) == "Has a dog."
    assert lead.notes.count() == callback.attempts.count() == 0


def test_a_note_for_a_callback_that_a_colleague_closed_comes_back_from_any_refusal(client, user, lead):
    callback = callbacks.CallbackRequestFactory(lead=lead, closed_at=NOW, outcome="reached")
    page = f"/admin/signups/callbackrequest/{callback.public_id}/attempt/"
    for sent in ({"outcome": "no_answer", "note": "Has a dog."}, {"outcome": "reached", "note": "Has a dog." * 600}):
        answer = client.post(page, sent)
        assert (answer.status_code, "Has a dog." in answer.content.decode()) == (422, True)
        assert "This callback is closed:" in answer.content.decode()


def test_what_was_typed_without_a_session_is_there_for_its_author_alone_once_they_sign_in(client, user, lead):
    """The cookie is gone, or the session ended elsewhere; also what the page's script sends of its own accord."""
    callback = callbacks.CallbackRequestFactory(lead__owner=None)
    mine = {"typed_by": user.pk}
    page = f"/admin/signups/callbackrequest/{callback.public_id}/"
    client.logout()
    sent = client.post(address(lead, "note"), note("Has a dog.", **mine), follow=True)
    assert sent.redirect_chain[0][0] == f"/admin/login/?next={address(lead)}"
    assert "What you typed is kept for one hour" in sent.content.decode()
    client.post(address(callback.lead, "draft"), {"text": "Has a c", **mine})
    client.post(f"{page}attempt/", {"note": "Has a cat.", "outcome": "reached", **mine})
    assert "Has a" not in str(dict(client.session.items()))
    assert (NoteDraft.objects.count(), lead.notes.count(), callback.attempts.count()) == (0, 0, 0)
    kept = client.cookies["sessionid"].value
    client.force_login(users.UserFactory(role=roles.HEAD))  # somebody else
    assert (NoteDraft.objects.count(), "Has a dog." in client.get(address(lead)).content.decode()) == (0, False)
    again = Client()
    assert kept != client.cookies["sessionid"].value
    again.post(address(lead, "note"), note("Has a", **mine))
    again.post(address(lead, "note"), note("Has a dog.", **mine))
    again.post(address(lead, "note"), note("Moves soon.", **mine))  # in another tab
    again.post(f"{page}attempt/", {"note": "Has a cat.", "outcome": "reached", **mine})
    again.force_login(user)
    assert box(again.get(address(lead))) == "Has a dog.\n\nMoves soon."
    assert box(again.get(page), 'id="id_note"') == "Has a cat."
    assert "typed_words" not in again.session


def test_nothing_is_held_without_the_pages_token_or_beyond_a_few_sessions_an_hour(user, lead, time_machine):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(address(lead, "note"), note("Planted.", typed_by=user.pk)).status_code == 403
    assert not strict.session.keys()
    for number in range(25):
        stranger = Client()
        stranger.post(address(lead, "note"), note("Filling up.", typed_by=user.pk))
        assert bool(stranger.session.keys()) == (number < 20)


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
