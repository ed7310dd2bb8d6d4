"""What a patient asks for on the phone: done from the lead page, after a question, as on their own page."""

import datetime as dt
import uuid

import pytest

from clinic import roles
from signups.leads.close_reason_models import USUAL_REASONS, CloseReason
from signups.leads.models import Lead
from signups.messages.models import OutboxMessage
from tests.factories import consents, duplicates, leads, trials, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


def page_of(lead):
    return f"/admin/signups/lead/{lead.pk}/change/"


def do(client, lead, deed, **data):
    return client.post(f"/admin/signups/lead/{lead.pk}/{deed}/", data)


def trial_of(user, **fields):
    times = {"requested_at": NOW - 2 * DAY, "started_at": NOW - 2 * DAY}
    return trials.TrialFactory(lead__owner=user, **times | fields)


def test_a_trial_is_canceled_after_a_question_mailed_once_and_undone_within_the_hour(
    client, user, frozen, time_machine
):
    trial = trial_of(user)
    assert "Cancel the trial…" in client.get(page_of(trial.lead)).content.decode()
    asked = do(client, trial.lead, "cancel-trial")
    assert (asked.status_code, trial.lead.email in asked.content.decode()) == (200, True)
    trial.refresh_from_db()
    assert (trial.cancelled_at, OutboxMessage.objects.count()) == (None, 0)
    for _ in range(2):
        do(client, trial.lead, "cancel-trial", confirmed="1")
    trial.refresh_from_db()
    assert trial.cancelled_at == NOW
    assert list(OutboxMessage.objects.values_list("kind", flat=True)) == ["trial_cancelled"]
    page = client.get(page_of(trial.lead))
    assert [(entry.who, entry.text) for entry in page.context["entries"] if entry.kind == "record"] == [
        ("robin", "canceled the trial")
    ]
    assert "Undo: the trial goes on" in page.content.decode()
    do(client, trial.lead, "cancel-trial/undo")
    trial.refresh_from_db()
    assert trial.cancelled_at is None
    do(client, trial.lead, "cancel-trial", confirmed="1")
    time_machine.move_to(NOW + HOUR + dt.timedelta(seconds=1), tick=False)
    assert "Undo: the trial goes on" not in client.get(page_of(trial.lead)).content.decode()
    assert do(client, trial.lead, "cancel-trial/undo").status_code == 409


def test_a_refund_is_requested_within_the_guarantee_and_only_once(client, user, frozen):
    patient = {"lead__status": "converted", "guarantee_days": 30}
    owed, over = (trial_of(user, converted_at=NOW - days * DAY, **patient | early) for days, early in [
        (1, {}), (31, {"requested_at": NOW - 40 * DAY, "started_at": NOW - 40 * DAY})
    ])  # fmt: skip
    asked = do(client, owed.lead, "request-refund")
    assert "Their guarantee runs through Dec 19, 2026." in asked.content.decode()
    for status in (303, 409):
        assert do(client, owed.lead, "request-refund", confirmed="1").status_code == status
    assert do(client, over.lead, "request-refund", confirmed="1").status_code == 409
    for trial in (owed, over):
        trial.refresh_from_db()
    assert (owed.refund_requested_at, over.refund_requested_at) == (NOW, None)
    assert list(OutboxMessage.objects.values_list("kind", "lead")) == [("refund_requested", owed.lead_id)]
    page = client.get(page_of(owed.lead))
    assert (page.context["next_action"].key, "Request a refund…" in page.content.decode()) == ("refund", False)


def test_who_wants_no_more_email_is_unsubscribed_with_how_they_said_it(client, user, frozen):
    lead = leads.LeadFactory(owner=user)
    consents.ConsentFactory(lead=lead, text__purpose="news", created_at=NOW - DAY)
    assert do(client, lead, "unsubscribe").status_code == 422
    assert do(client, lead, "unsubscribe", channel="phone").status_code == 200
    assert Lead.objects.get().unsubscribed_at is None
    do(client, lead, "unsubscribe", channel="phone", confirmed="1")
    assert Lead.objects.get().unsubscribed_at == NOW
    assert lead.consents.in_force().filter(text__purpose="news", granted=True).count() == 0
    assert lead.consents.get(granted=False).channel == "phone"
    do(client, lead, "unsubscribe/undo")
    assert Lead.objects.get().unsubscribed_at is None
    assert lead.consents.filter(text__purpose="news", granted=True).count() == 1  # (news need their consent anew)


def test_what_came_in_is_on_the_timeline_and_only_a_call_is_contact(client, user, frozen):
    cases = [
        ("call", "2026-11-20T09:00", "contacted", "logged an incoming phone call"),
        ("email", "", "new", "logged an incoming email"),
        ("text", "", "new", "logged an incoming text message"),
    ]
    for channel, at, status, said in cases:
        lead, key = leads.LeadFactory(owner=user, created_at=NOW - DAY), uuid.uuid4()
        form = {"channel": channel, "at": at, "what_came_in": "Can’t make Tuesday.", "form_key": key}
        for _ in range(2):
            assert do(client, lead, "incoming", **form).status_code == 303
        lead.refresh_from_db()
        assert (lead.status, bool(lead.last_contact_at)) == (status, status == "contacted"), channel
        entries = client.get(page_of(lead)).context["entries"]
        assert [entry.text for entry in entries if entry.kind == "notes"] == ["Can’t make Tuesday."]
        assert [entry.text for entry in entries if entry.kind == "contact"] == [said]
    refused = [({"at": "2030-01-01T09:00"}, 409), ({"what_came_in": " "}, 422), ({"channel": "letter"}, 422)]
    for changed, status in refused:
        answer = do(client, lead, "incoming", **form | {"form_key": uuid.uuid4()} | changed)
        assert (changed, answer.status_code) == (changed, status)
    assert lead.notes.count() == 1


def test_a_merge_starts_from_a_lead_by_what_they_share_or_by_a_search(client, clinic):
    client.force_login(users.UserFactory(role=roles.HEAD))
    lead = leads.LeadFactory(name="Jo Miller", email="jo@example.com")
    double = leads.LeadFactory(name="J. Miller", email="", phone=lead.phone)
    apart = leads.LeadFactory(name="Ann Miller", phone=lead.phone)
    duplicates.DistinctLeadPairFactory(older=lead, newer=apart)
    other = leads.LeadFactory(name="Rosa Tanaka")
    compare = f"/admin/signups/lead/{lead.pk}/merge/{{}}/".format
    page = client.get(page_of(lead)).content.decode()
    assert [compare(each.pk) in page for each in (double, apart, other)] == [True, False, False]
    assert client.get(f"/admin/signups/lead/{lead.pk}/merge/").context["found"] == [double]
    found = client.get(f"/admin/signups/lead/{lead.pk}/merge/", {"q": "tanaka, rosa"})
    assert compare(other.pk) in found.content.decode()
    gone = leads.LeadFactory(status="erased", name="", email="", email_key="")
    assert client.get(f"/admin/signups/lead/{gone.pk}/merge/").status_code == 404


def test_a_lead_is_closed_with_a_reason_that_the_head_keeps(client, user, clinic):
    lead = leads.LeadFactory(owner=user)
    offered = list(CloseReason.objects.values_list("name", flat=True))
    assert offered == sorted(USUAL_REASONS)
    CloseReason.objects.filter(name="Cost").update(is_active=False)
    leads.CloseReasonFactory(name="Moved abroad")
    form = {"seen": "new", "to": "closed"}
    page = client.get(page_of(lead)).content.decode()
    assert [f'value="{name}"' in page for name in ("Moved abroad", "Cost", "Not now")] == [True, False, True]
    for reason, status in [("Cost", 422), ("because", 422), ("", 409), ("Moved abroad", 303)]:
        assert (reason, do(client, lead, "change-status", reason=reason, **form).status_code) == (reason, status)
    assert Lead.objects.get().close_reason == "Moved abroad"
    CloseReason.objects.update(is_active=False)
    assert [value for value, _ in CloseReason.objects.choices()] == [*USUAL_REASONS]
