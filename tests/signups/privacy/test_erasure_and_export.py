"""Taking everything along, and having it erased."""

import datetime as dt
import json
import uuid
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.db.models import QuerySet

from clinic import roles
from clinic.lib.encryption import EncryptedTextField
from signups.audit.choices import ActorKind
from signups.callbacks.actions import CallbackDetails, create_callback
from signups.callbacks.choices import Topic
from signups.callbacks.models import CallbackRequest
from signups.calls.actions import CallNotBooked, book_call
from signups.consents.actions import grant_consent, record_signup_consents
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.contact_policy import may_call
from signups.consents.policy import agrees_to
from signups.consents.suppression_models import Suppression
from signups.duplicates import merging
from signups.leads import contact_details
from signups.leads import links as lead_links
from signups.leads.choices import PartOfDay
from signups.leads.locking import LeadUnavailable
from signups.leads.merge_models import DistinctLeadPair, LeadMerge
from signups.leads.models import Lead
from signups.leads.note_models import Note
from signups.messages import portal_links
from signups.messages.models import OutboxMessage
from signups.offer import current_offer
from signups.privacy import erasure, export_jobs, personal_data
from signups.privacy.models import DataExportChunk, DataExportJob
from signups.trials.actions import (
    cancel_trial,
    confirm_email,
    mark_refunded,
    request_refund,
    resend_confirmation_link,
    resume_trial,
)
from signups.trials.models import Trial
from tests import factories
from tests.factories import calendars, callbacks, calls, users
from tests.factories.callbacks import CallAttemptFactory
from tests.factories.leads import LeadFactory
from tests.factories.messages import OutboxMessageFactory
from tests.factories.trials import TrialFactory
from tests.signups.conftest import NOW

from . import find_leaks
from .pii_inventory import about, text_columns

pytestmark = pytest.mark.django_db
WORD = "quill@q.io"  # fits everywhere, also where an address must stand


def test_every_table_that_leads_to_a_person_is_walked():
    assert {
        Lead,
        DataExportJob,
        DataExportChunk,
        DistinctLeadPair,
        *(model for model, _ in personal_data.models_with_lead_lookup()),
    } == about()


def test_no_table_of_another_room_leads_to_a_person():
    others = [model for model in apps.get_models() if model._meta.app_label != "signups"]
    assert [model for model in others for field in model._meta.fields if field.related_model in about()] == []


@pytest.fixture
def full(clinic):
    """A person with a row in every table, and the same word in every text that is not a fact."""
    lead = LeadFactory(status="closed", close_reason="Moved away")
    rows = [
        getattr(factories, f"{model.__name__}Factory")
        for model, path in personal_data.models_with_lead_lookup()
        if path == "lead"
    ]
    for make in rows:
        make(lead=lead)
    CallAttemptFactory(request=lead.callbacks.get())
    calls.CallAlertFactory(call=lead.calls.get())
    calls.SlotOfferFactory(request__call=lead.calls.get())
    calendars.CalendarCopyFactory(call=lead.calls.get())
    OutboxMessage.objects.update(status="sent", sent_at=NOW)
    for model in about() - {DataExportJob, DataExportChunk, DistinctLeadPair}:
        words = {name: WORD for name in text_columns(model) & set(model.PII_FIELDS) if takes_any_word(model, name)}
        rows = QuerySet(model).filter(**{"pk": lead.pk} if model is Lead else {})
        if model is LeadMerge:  # (its snapshot is JSON)
            values = {"name": WORD, "email": "", "phone_e164": ""}
            words["snapshot"] = json.dumps({"lead": values, "other": values})
        if words:
            rows.update(**words)
    return lead


def takes_any_word(model, name):
    field = model._meta.get_field(name)
    return name != "time_zone" and not field.choices and (field.max_length or 1000) >= len(WORD)


def left(lead):
    """Where the word still stands: in a column as it is, or in one that only the keys can read."""
    ours = {model for model in about() if model not in (DataExportJob, DataExportChunk)}
    read = [
        (model._meta.db_table, field.name)
        for model in ours
        for field in model._meta.fields
        if isinstance(field, EncryptedTextField)
        for row in model._default_manager.all()
        if WORD in (getattr(row, field.name) or "")
    ]
    return {*read, *((table, column) for table, column, _ in find_leaks.in_tables([WORD]))}


def test_no_word_is_left_in_any_table_of_an_erased_person(full):
    assert {table for table, _ in left(full)} == {
        f"signups_{table}"
        for table in (
            "lead",
            "callbackrequest",
            "followup",
            "inboundmessage",
            "leadmerge",
            "outboxmessage",
            "note",
            "notedraft",
            "onboardingcall",
            "trial",
        )
    }
    erasure.erase_lead(full, by=ActorKind.PATIENT, now=NOW, asked=False)
    assert left(full) == set()


@pytest.mark.parametrize("model", [Note, LeadMerge, CallbackRequest, OutboxMessage], ids=lambda model: model.__name__)
def test_scan_finds_what_a_table_forgets_to_declare(full, monkeypatch, model):
    monkeypatch.setattr(model, "PII_FIELDS", {})
    erasure.erase_lead(full, by=ActorKind.PATIENT, now=NOW, asked=False)
    assert {table for table, _ in left(full)} == {model._meta.db_table}


def test_export_has_a_row_of_every_table(full):
    held = personal_data.export_lead_data(full)
    assert [name for name, rows in held.items() if not rows] == []
    assert set(held) == {
        "lead",
        *(
            personal_data.table_label(model)
            for model in about() - {Lead, DataExportJob, DataExportChunk, DistinctLeadPair}
        ),
    }


def test_nothing_personal_is_left_of_an_erased_lead():
    lead = LeadFactory(phone="212 555 0123", referral_answer="from Kim", state="TX")
    message = OutboxMessageFactory(lead=lead, text="Hello Jo")
    erasure.erase_lead(lead, by=ActorKind.PATIENT, now=NOW)
    lead.refresh_from_db()
    message.refresh_from_db()
    assert {name: getattr(lead, name) for name in Lead.PII_FIELDS} == Lead.PII_FIELDS
    assert (lead.status, message.to, message.text, message.status) == ("erased", "", "", "cancelled")
    assert [event.action for event in lead.events.all()] == ["erased"]


def test_erasing_again_changes_nothing():
    lead = TrialFactory(requested_at=NOW, lead__phone="").lead
    for _ in range(2):
        erasure.erase_lead(lead, by=ActorKind.PATIENT, now=NOW)
    assert (lead.events.count(), Suppression.objects.count()) == (1, 1)
    assert Trial.objects.open().count() == 0


def test_somebody_else_on_their_number_is_in_no_copy_and_erasing_either_forgets_the_pair(clinic):
    one, other, head = LeadFactory(), LeadFactory(name="Kim Reed"), users.UserFactory(role=roles.HEAD)
    before = personal_data.export_lead_data(one)
    merging.mark_distinct(lead=one, other=other, by=head, now=NOW)
    assert personal_data.export_lead_data(one) == before
    erasure.erase_lead(other, by=ActorKind.PATIENT, now=NOW)
    assert DistinctLeadPair.objects.count() == 0


@pytest.mark.parametrize("way", ["confirms a sign-up", "agrees anew"])
def test_number_of_somebody_erased_is_called_again_only_at_their_own_word(clinic, way):
    facts = {"phone": "(212) 555-0123", "phone_e164": "+12125550123"}
    erasure.erase_lead(LeadFactory(**facts), by=ActorKind.PATIENT, now=NOW)
    back = TrialFactory(lead=LeadFactory(**facts), requested_at=NOW).lead
    record_signup_consents(back, {ConsentPurpose.CALLS: current_offer().documents[ConsentPurpose.CALLS]}, now=NOW)
    assert (agrees_to(back, ConsentPurpose.CALLS), may_call(back, NOW).allowed) == (True, False)
    if way == "confirms a sign-up":
        confirm_email(back, now=NOW)
    else:
        grant_consent(back, ConsentPurpose.CALLS, channel=ConsentChannel.PAGE, by=ActorKind.PATIENT, now=NOW)
    assert may_call(back, NOW).allowed is True


def test_who_asks_for_a_call_is_called_about_that_alone(clinic):
    facts = {"phone": "(212) 555-0123", "phone_e164": "+12125550123"}
    erasure.erase_lead(LeadFactory(**facts), by=ActorKind.PATIENT, now=NOW)
    back = callbacks.CallbackRequestFactory(lead=LeadFactory(**facts)).lead
    assert may_call(back, NOW).allowed is True
    back.callbacks.update(closed_at=NOW, outcome="reached")
    record_signup_consents(back, {ConsentPurpose.CALLS: current_offer().documents[ConsentPurpose.CALLS]}, now=NOW)
    assert may_call(back, NOW).allowed is False


def test_confirming_without_agreeing_to_calls_leaves_the_number_alone(clinic):
    facts = {"phone": "(212) 555-0123", "phone_e164": "+12125550123"}
    erasure.erase_lead(LeadFactory(**facts), by=ActorKind.PATIENT, now=NOW)
    confirm_email(TrialFactory(lead=LeadFactory(**facts), requested_at=NOW).lead, now=NOW)
    assert Suppression.objects.of("+12125550123").exists()


def test_suppression_outlives_the_key_it_was_made_with(settings):
    erasure.erase_lead(LeadFactory(email="jo@example.com"), by=ActorKind.PATIENT, now=NOW)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 10
    assert [Suppression.objects.of(email).count() for email in ("JO@example.com", "j@example.com")] == [1, 0]


def test_export_holds_no_private_link():
    lead = TrialFactory(lead__referral_answer="from Kim", requested_at=NOW).lead
    OutboxMessageFactory(lead=lead, text="Open http://127.0.0.1:8000/my/abc:def/")
    held = personal_data.export_lead_data(lead)
    assert held["lead"]["how they heard of us"] == "from Kim"
    assert held["messages"][0]["text"] == "Open http://127.0.0.1:8000/my/…/"
    assert json.loads(json.dumps(held)) == held


def test_no_call_is_booked_for_who_was_erased_this_very_moment(clinic):
    lead = LeadFactory()
    erasure.erase_lead(lead, by=ActorKind.PATIENT, now=NOW)
    with pytest.raises(CallNotBooked):
        book_call(lead=lead, start=NOW + dt.timedelta(days=1), by=ActorKind.PATIENT, now=NOW)
    assert not lead.calls.exists()


WISH = CallbackDetails("(212) 555-0123", "+12125550123", "America/New_York", PartOfDay.ANY, Topic.PROGRAM)
BY = {"by": ActorKind.PATIENT, "now": NOW}
PAGE = {"channel": ConsentChannel.PAGE}


@pytest.mark.parametrize(
    "deed",
    [
        lambda trial: contact_details.update_contact_details(trial.lead, **BY, name="Jo", phone="(212) 555-0123"),
        lambda trial: create_callback(trial.lead, WISH, **PAGE, form_key=uuid.uuid4(), now=NOW),
        lambda trial: grant_consent(trial.lead, ConsentPurpose.CALLS, **PAGE, **BY),
        lambda trial: export_jobs.request_export(trial.lead, **BY),
        lambda trial: portal_links.rotate_portal_link(trial.lead, **BY),
        lambda trial: resend_confirmation_link(trial.lead, now=NOW),
        lambda trial: confirm_email(trial.lead, now=NOW),
        lambda trial: cancel_trial(trial, **BY),
        lambda trial: resume_trial(trial, **BY),
        lambda trial: request_refund(trial, **BY),
    ],
)
def test_nothing_is_written_to_who_was_erased_while_it_was_on_its_way(clinic, deed):
    trial = TrialFactory(requested_at=NOW, started_at=NOW, lead__phone_e164="+12125550123")
    erasure.erase_lead(trial.lead, **BY)
    rows = leftovers_of(trial.lead)
    with pytest.raises(LeadUnavailable):
        deed(trial)
    assert leftovers_of(trial.lead) == rows


def leftovers_of(lead):
    return personal_data.export_lead_data(Lead.objects.get(pk=lead.pk)), Suppression.objects.count()


def test_page_of_who_was_erased_this_very_moment_is_gone(clinic, client, monkeypatch):
    lead = TrialFactory(requested_at=NOW, started_at=NOW).lead
    erasure.erase_lead(lead, **BY)
    monkeypatch.setattr(lead_links, "lead_from_portal_token", lambda token: lead)  # as it was when their form arrived
    facts = {"name": "Jo", "preferred_channel": "email", "best_time": "any", "time_zone": "America/New_York"}
    assert client.post("/my/token/details/", facts).status_code == 404
    assert Lead.objects.get(pk=lead.pk).name == ""


def test_no_address_they_ever_had_here_is_used_again(clinic):
    """Not the number they requested a callback at, nor those of who was merged into them."""
    lead, other = (LeadFactory(email=f"{name}@example.com", phone_e164=number) for name, number in OTHERS)
    callbacks.CallbackRequestFactory(lead=lead, phone_e164="+12125550103", closed_at=NOW, outcome="reached")
    merging.merge_leads(lead=lead, other=other, from_other=set(), by=users.UserFactory(role=roles.HEAD), now=NOW)
    erasure.erase_lead(lead, **BY)
    addresses = ["a@example.com", "b@example.com", "+12125550101", "+12125550102", "+12125550103"]
    assert [address for address in addresses if not Suppression.objects.of(address).exists()] == []


OTHERS = (("a", "+12125550101"), ("b", "+12125550102"))


def test_who_did_not_ask_to_be_erased_may_come_back(clinic):
    lead = LeadFactory(email="a@example.com", phone_e164="+12125550101")
    erasure.erase_lead(lead, by=ActorKind.SYSTEM, now=NOW, asked=False)
    assert (Suppression.objects.count(), lead.messages.count()) == (0, 0)


def test_money_that_is_owed_can_be_sent_back_after_an_erasure(clinic, client):
    trial = TrialFactory(requested_at=NOW, started_at=NOW, converted_at=NOW, refund_requested_at=NOW)
    page = urlsplit(lead_links.portal_url(trial.lead)).path
    assert "You requested a refund" in client.get(page + "erase/").content.decode()
    erasure.erase_lead(trial.lead, **BY)
    mark_refunded(trial, by=users.UserFactory(role=roles.HEAD), now=NOW)
    assert not Trial.objects.refund_owed().exists()
    assert "You asked" not in client.get(page + "erase/").content.decode()


def test_messages_about_trials_and_calls_are_named_in_one_query(clinic, django_assert_num_queries):
    lead = LeadFactory(name="Jo")
    for _ in range(2):
        OutboxMessageFactory(lead=lead, trial=TrialFactory(lead=lead, cancelled_at=NOW), created_at=NOW)
        OutboxMessageFactory(lead=lead, call=calls.OnboardingCallFactory(lead=lead, status="cancelled"), created_at=NOW)
    with django_assert_num_queries(1):
        told = [personal_data.serialize_row(row) for row in personal_data.rows_about_lead(lead, OutboxMessage)]
    assert [row["trial"] for row in told].count("7-day trial of Jo") == 2
