"""One lead's page: everything about them, newest first, and buttons that do what the rules allow."""

import datetime as dt
import re
import uuid

import pytest

from clinic import roles
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.consents.choices import ConsentPurpose
from signups.consents.policy import agrees_to
from signups.leads.choices import LeadStatus
from signups.leads.models import Lead
from signups.leads.note_models import Note
from tests.factories import audit, callbacks, consents, hosts, leads, messages, trials, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db


def page_of(lead):
    return f"/admin/signups/lead/{lead.pk}/change/"


def do(client, lead, deed, data=None):
    return client.post(f"/admin/signups/lead/{lead.pk}/{deed}/", data or {})


def entries(response):
    return [(entry.kind, entry.who, entry.text) for entry in response.context["entries"]]


def test_each_button_does_its_deed_and_says_so(client, user):
    lead = leads.LeadFactory()
    deeds = [
        ("assign", {"owner": user.pk}, "Assigned to robin."),
        ("log-outreach", {"outcome": "reached"}, "Outcome logged."),
        ("change-status", {"seen": "contacted", "to": "qualified"}, "Status changed to qualified."),
        ("note", {"text": "Prefers mornings.", "form_key": uuid.uuid4()}, "Note saved."),
        ("assign-next", {}, "Assigned to robin."),
        ("change-status", {"seen": "qualified", "to": "closed", "reason": "Moved away"}, "Lead closed."),
    ]
    for deed, data, done in deeds:
        response = do(client, lead, deed, data)
        assert (deed, response.status_code, response["Location"]) == (deed, 303, page_of(lead))
        assert done in client.get(page_of(lead)).content.decode()
    lead.refresh_from_db()
    assert (lead.owner, lead.status, lead.close_reason) == (user, "closed", "Moved away")
    assert entries(client.get(page_of(lead))) == [
        ("record", "robin", "changed status from qualified to closed"),
        ("notes", "robin", "Prefers mornings."),
        ("record", "robin", "changed status from contacted to qualified"),
        ("record", "robin", "changed status from new to contacted"),
        ("contact", "robin", "logged a contact attempt: connected"),
        ("record", "robin", "assigned the lead to robin"),
    ]


def test_what_the_rules_refuse_is_said_on_the_page(client, user):
    lead = leads.LeadFactory()
    refused = [
        ("change-status", {"seen": "new", "to": "closed", "reason": ""}, 409, "Say why it is closed."),
        ("change-status", {"seen": "contacted", "to": "qualified"}, 409, "Someone else just changed this lead."),
        ("change-status", {"seen": "new", "to": "merged"}, 409, "can’t be changed to merged"),
        ("change-status", {"seen": "new"}, 422, "This field is required."),
        ("note", {"text": " ", "form_key": uuid.uuid4()}, 422, "Enter a note."),
        ("note", {"text": "x" * 5001, "form_key": uuid.uuid4()}, 422, "at most 5000"),
        ("note", {"text": "x", "form_key": "1"}, 422, "valid UUID"),
        ("note", {"text": "x", "form_key": uuid.uuid4(), "supersedes": uuid.uuid4()}, 422, "valid choice"),
        ("log-outreach", {"outcome": "eloped"}, 422, "valid choice"),
        ("assign", {"owner": "0"}, 422, "valid choice"),
    ]
    for deed, data, status, reason in refused:
        response = do(client, lead, deed, data)
        assert (deed, response.status_code) == (deed, status)
        assert reason in response.content.decode()
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {"read"}
    assert Lead.objects.values_list("status", "owner").get() == ("new", None)


def test_with_nobody_there_a_lead_stays_nobodys(client, user):
    lead = leads.LeadFactory()
    off = NOW - dt.timedelta(days=1), NOW + dt.timedelta(days=3650)
    hosts.TimeOffFactory(host=hosts.HostFactory(user=user), starts_at=off[0], ends_at=off[1])
    response = do(client, lead, "assign-next")
    assert response.status_code == 409
    assert "No coordinator is available today." in response.content.decode()


def test_other_peoples_leads_are_read_and_not_worked(client, user):
    lead = leads.LeadFactory(owner=users.UserFactory(username="kim"))
    page = client.get(page_of(lead)).content.decode()
    assert "This lead is kim’s." in page
    assert "/log-outreach/" not in page
    for deed in ("assign", "assign-next", "change-status", "note", "log-outreach"):
        assert do(client, lead, deed).status_code == 403
        assert client.get(f"/admin/signups/lead/{lead.pk}/{deed}/").status_code == 403


def test_deeds_are_posted(client, user):
    lead = leads.LeadFactory()
    assert client.head(f"/admin/signups/lead/{lead.pk}/log-outreach/").status_code == 405
    assert client.post(page_of(lead), {"name": "X"}).status_code == 403
    assert AuditEvent.objects.count() == 0


@pytest.mark.parametrize("key", ["0", "999999", "nobody", "1/../2"])
def test_unknown_lead_is_not_found(client, user, key):
    assert client.get(f"/admin/signups/lead/{key}/change/").status_code == 404


def test_reading_is_logged_and_listed_apart(client, user):
    lead = leads.LeadFactory()
    client.get(page_of(lead))
    client.head(page_of(lead))
    assert [(event.action, event.actor) for event in lead.events.all()] == [(AuditAction.READ, user)] * 2
    assert entries(client.get(page_of(lead))) == []
    assert entries(client.get(page_of(lead), {"kind": "reads"})) == [("record", "robin", "viewed the lead")] * 4


def test_next_step_is_one_and_its_button_is_there(client, user, time_machine):
    time_machine.move_to(NOW, tick=False)  # by day, where they live
    client.force_login(user)
    now = NOW
    lead = leads.LeadFactory(phone="(212) 555-0123", phone_e164="+12125550123", preferred_channel="call")
    consents.ConsentFactory(lead=lead, text__purpose=ConsentPurpose.CALLS)

    def shown():
        page = client.get(page_of(lead)).content.decode()
        box = page.split('id="next"')[1].split("</section>")[0]
        return re.search('class="next">([^<]*)', box)[1], re.findall(r'action="[^"]*/([\w-]+)/"', box)

    assert shown() == ("Make first contact by phone", ["log-outreach"])
    do(client, lead, "log-outreach", {"outcome": "reached"})
    assert shown() == ("Qualify", ["change-status"])
    start = now - dt.timedelta(days=6)
    other = trials.TrialFactory(lead=lead, requested_at=start, started_at=start)
    assert shown() == (
        "Qualify",
        ["change-status"],
    )  # asked already, in the last two days
    other.delete()
    callback = callbacks.CallbackRequestFactory(lead=lead)
    assert shown() == ("Call back", ["claim", "attempt"])
    response = do(client, lead, "log-outreach", {"outcome": "reached"})
    assert (response.status_code, "has an open callback" in response.content.decode()) == (409, True)
    callback.closed_at, callback.outcome = now, "reached"
    callback.save()
    do(client, lead, "change-status", {"seen": "contacted", "to": "closed", "reason": "Moved away"})
    assert "Nothing to do right now." in client.get(page_of(lead)).content.decode()


def test_next_step_names_the_way_that_opens_in_the_morning(client, user, settings, time_machine):
    time_machine.move_to(NOW, tick=False)  # before eight in Honolulu
    client.force_login(user)
    settings.TEXT_BACKEND = "clinic.text_backends.TextFileBackend"
    lead = leads.LeadFactory(phone_e164="+12125550123", preferred_channel="text", time_zone="Pacific/Honolulu")
    consents.ConsentFactory(lead=lead, text__purpose=ConsentPurpose.TEXTS)
    assert "Text when calling hours begin there" in client.get(page_of(lead)).content.decode()
    time_machine.move_to(NOW + dt.timedelta(hours=4), tick=False)
    client.force_login(user)
    page = client.get(page_of(lead)).content.decode()
    assert "Make first contact by text" in page
    assert 'href="#text">Write a text' in page


def test_whoever_stays_becomes_a_patient_and_their_guarantee_runs(client, user):
    lead = leads.LeadFactory(status="qualified", owner=user)
    response = do(client, lead, "convert")
    assert (response.status_code, "No trial to convert." in response.content.decode()) == (409, True)
    trial = trials.TrialFactory(lead=lead)
    assert do(client, lead, "convert").status_code == 409  # not begun
    trial.started_at = trial.requested_at
    trial.save()
    asked = do(client, lead, "convert")
    assert (asked.status_code, f"Convert {lead} to patient?" in asked.content.decode()) == (200, True)
    assert do(client, lead, "convert", {"confirmed": "1"}).status_code == 303
    lead.refresh_from_db()
    trial.refresh_from_db()
    assert (lead.status, trial.converted_at is not None) == ("converted", True)


def test_money_is_sent_back_from_the_page_and_the_desk_forgets_it(client, user):
    now = dt.datetime.now(dt.UTC)
    lead = leads.LeadFactory(status="converted", owner=user)
    told = {"requested_at": now, "started_at": now, "converted_at": now}
    trial = trials.TrialFactory(lead=lead, **told)
    assert do(client, lead, "mark-refunded").status_code == 409
    trial.refund_requested_at = now
    trial.save()
    assert "Issue refund" in client.get(page_of(lead)).content.decode()
    refunds = {"view": "refunds"}
    assert len(client.get("/admin/signups/lead/", refunds).context["cl"].rows) == 1
    assert do(client, lead, "mark-refunded").status_code == 303
    page = client.get(page_of(lead))
    assert ("record", "robin", "marked the refund as sent") in entries(page)
    assert "Nothing to do right now." in page.content.decode()
    assert client.get("/admin/signups/lead/", refunds).context["cl"].rows == []


def test_settling_is_taken_back_on_the_page_while_that_is_possible(client, user, time_machine):
    time_machine.move_to(NOW, tick=False)
    lead = leads.LeadFactory(status="converted")
    told = dict.fromkeys(("requested_at", "started_at", "converted_at", "refund_requested_at"), NOW)
    trial = trials.TrialFactory(lead=lead, **told)

    def offered():
        page = client.get(page_of(lead)).content.decode()
        assert "Refund requested" in page
        return f"/{lead.pk}/mark-refunded/undo/" in page

    assert not offered()
    do(client, lead, "mark-refunded")
    assert offered()
    client.force_login(users.UserFactory(role=roles.AUDITOR))
    assert (offered(), do(client, lead, "mark-refunded/undo").status_code) == (False, 403)
    client.force_login(user)
    assert do(client, lead, "mark-refunded/undo").status_code == 303
    trial.refresh_from_db()
    assert (trial.refund_is_owed, offered()) == (True, False)
    assert ("record", "robin", "undid “refund sent”") in entries(client.get(page_of(lead)))
    do(client, lead, "mark-refunded")
    time_machine.move_to(NOW + dt.timedelta(hours=1, seconds=1), tick=False)
    client.force_login(user)  # half an hour without a click signs out
    assert not offered()
    response = do(client, lead, "mark-refunded/undo")
    assert (response.status_code, "within one hour" in response.content.decode()) == (409, True)


def test_whoever_wants_no_calls_takes_their_agreement_back(client, user):
    consent = consents.ConsentFactory(text__purpose="calls")
    do(client, consent.lead, "log-outreach", {"outcome": "do_not_call", "confirmed": "1"})
    assert agrees_to(consent.lead, "calls") is False
    assert set(consent.lead.events.values_list("action", flat=True)) == {"tried", "moved", "consent_revoked"}


def test_timeline_is_filtered_by_kind_and_goes_on_to_older(client, user):
    lead = leads.LeadFactory()
    for number in range(120):
        audit.AuditEventFactory(lead=lead, action="details_changed", occurred_at=NOW - dt.timedelta(minutes=number))
    leads.NoteFactory(lead=lead, created_at=NOW - dt.timedelta(minutes=60, seconds=30), author=user)
    messages.OutboxMessageFactory(lead=lead, subject="Hello", created_at=NOW + dt.timedelta(minutes=1))
    audit.AuditEventFactory(lead=lead, action="call_attempted", detail={"outcome": "busy"}, occurred_at=NOW)
    first = client.get(page_of(lead))
    assert (len(entries(first)), entries(first)[0]) == (100, ("messages", "system", "Hello (Scheduled)"))
    second = client.get(page_of(lead), {"before": first.context["older"]})
    assert (len(entries(second)), second.context["older"]) == (23, "")
    assert {
        kind: len(entries(client.get(page_of(lead), {"kind": kind}))) for kind in ("notes", "messages", "contact")
    } == {
        "notes": 1,
        "messages": 1,
        "contact": 1,
    }
    assert entries(client.get(page_of(lead), {"kind": "contact"})) == [("contact", "patient", "logged a call: busy")]


@pytest.mark.parametrize("asked", [{"kind": "secrets"}, {"before": "soon"}, {"before": "2026-13-01T00:00Z"}])
def test_timeline_answers_only_its_own_questions(client, user, asked):
    assert client.get(page_of(leads.LeadFactory()), asked).status_code == 400


def test_note_is_changed_by_a_newer_version_and_both_are_shown(client, user):
    lead = leads.LeadFactory()
    note = leads.NoteFactory(lead=lead, text="Prefers mornings.", author=user)
    told = {"text": "Prefers evenings.", "form_key": uuid.uuid4(), "supersedes": note.public_id}
    assert do(client, lead, "note", told).status_code == 303
    assert do(client, lead, "note", {**told, "form_key": uuid.uuid4()}).status_code == 409
    (shown,) = client.get(page_of(lead), {"kind": "notes"}).context["entries"]
    assert (shown.text, [earlier.text for earlier in shown.earlier]) == ("Prefers evenings.", ["Prefers mornings."])
    assert Note.objects.count() == 2


def test_head_reopens_and_nobody_else_is_offered_it(client, user):
    lead = leads.LeadFactory(status=LeadStatus.CLOSED, close_reason="No answer", owner=user)
    assert "Reopen" not in client.get(page_of(lead)).content.decode()
    assert do(client, lead, "change-status", {"seen": "closed", "to": "contacted"}).status_code == 409
    client.force_login(users.UserFactory(role=roles.HEAD))
    assert "Reopen" in client.get(page_of(lead)).content.decode()
    assert do(client, lead, "change-status", {"seen": "closed", "to": "contacted"}).status_code == 303
    assert Lead.objects.values_list("status", "close_reason").get() == ("contacted", "")


def test_auditor_reads_without_finding_out_how_to_reach_anybody(client, clinic):
    lead = leads.LeadFactory(
        name="Jo Miller",
        email="jo.miller@example.com",
        phone="(212) 555-0123",
        phone_e164="+12125550123",
        referral_answer="A friend, a.friend@example.com",
    )
    leads.NoteFactory(lead=lead, text="Call +1 212 555-0199 or work@example.com instead.")
    messages.OutboxMessageFactory(lead=lead, subject="To jo.miller@example.com", text="Hello, is 212.555.0123 right?")
    client.force_login(users.UserFactory(role=roles.AUDITOR))
    history = client.get(f"/admin/signups/lead/{lead.pk}/history/", follow=True)
    for response in (client.get("/admin/signups/lead/"), client.get(page_of(lead)), history):
        page = response.content.decode()
        assert "Jo Miller" in page
        assert re.findall(r"[\w.]+@[\w.]*example|555", page) == []
    assert "j•••@•••" in client.get("/admin/signups/lead/").content.decode()


@pytest.mark.parametrize("query", ["jo.miller", "example", "5550123", "m"])
def test_auditor_cannot_find_out_an_address_by_searching(client, clinic, query):
    leads.LeadFactory(name="Ann Reed", email="jo.miller@example.com", phone="(212) 555-0123", phone_e164="+12125550123")
    client.force_login(users.UserFactory(role=roles.AUDITOR))
    assert client.get("/admin/signups/lead/", {"q": query}).context["cl"].rows == []
    assert len(client.get("/admin/signups/lead/", {"q": "ann ree"}).context["cl"].rows) == 1


def test_every_action_has_its_line_on_the_timeline_also_without_detail(client, user):
    shown_elsewhere = {AuditAction.NOTED, AuditAction.REPLIED}  # as the note, the message itself
    for action in AuditAction:
        lead = leads.LeadFactory()
        audit.AuditEventFactory(lead=lead, action=action)
        reads = action == AuditAction.READ
        response = client.get(page_of(lead), {"kind": "reads" if reads else ""})
        expected = 2 if reads else 0 if action in shown_elsewhere else 1
        assert len(entries(response)) == expected, action


def test_what_they_say_on_the_phone_about_being_called_holds_at_once(client, user, clinic):
    lead = leads.LeadFactory(phone_e164="+12125550123", owner=user)
    told = {"purpose": "calls", "channel": "phone"}
    assert do(client, lead, "consent", {**told, "agrees": "yes"}).status_code == 303
    assert agrees_to(lead, ConsentPurpose.CALLS)
    assert do(client, lead, "consent", {**told, "agrees": "no"}).status_code == 303
    assert not agrees_to(lead, ConsentPurpose.CALLS)
    said = lead.consents.order_by("pk").values_list("granted", "channel", "text__purpose")
    assert list(said) == [(True, "phone", "calls"), (False, "phone", "calls")]


def test_nobody_agrees_to_the_terms_for_somebody_else(client, user, clinic):
    lead = leads.LeadFactory(owner=user)
    told = {"purpose": "terms", "agrees": "yes", "channel": "phone"}
    assert do(client, lead, "consent", told).status_code == 422
    assert not lead.consents.exists()


def test_head_erases_who_asks_for_it_and_nobody_else_is_offered_it(client, user):
    lead = leads.LeadFactory(name="Jo Miller")
    words = "Erase personal data…"
    assert words not in client.get(page_of(lead)).content.decode()
    assert do(client, lead, "erase", {"asked": "on"}).status_code == 403
    client.force_login(users.UserFactory(role=roles.HEAD))
    assert words in client.get(page_of(lead)).content.decode()
    assert do(client, lead, "erase").status_code == 422  # without saying that they asked for it
    assert do(client, lead, "erase", {"asked": "on"}).status_code == 303
    page = client.get(page_of(lead)).content.decode()
    assert ("Personal data erased." in page, "Jo Miller" in page, words in page) == (True, False, False)
    lead.refresh_from_db()
    assert lead.status == LeadStatus.ERASED


def test_contact_section_says_for_whom_and_from_where_they_came(client, user):
    lead = leads.LeadFactory(signing_up_for="other", first_touch_source="Spring fair")
    page = " ".join(client.get(page_of(lead)).content.decode().split())
    assert "<dt>Care for</dt><dd>Someone they care for</dd>" in page
    assert "<dt>Source</dt><dd>Spring fair" in page
