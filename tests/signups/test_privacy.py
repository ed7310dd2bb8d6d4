"""Taking everything along, and having it erased."""

import datetime as dt
import json
import uuid
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.db.models import QuerySet

from clinic import roles
from signups import links, terms
from signups.actions import callbacks, calls, consents, copies, details, merges, privacy, trials
from signups.actions.held import Gone
from signups.encryption import EncryptedTextField
from signups.models import (
    CallbackRequest,
    CopyPart,
    DataCopy,
    Lead,
    Merge,
    Note,
    OutboxMessage,
    Suppression,
    Trial,
    TwoPeople,
)
from signups.states import ActorKind, ConsentChannel, PartOfDay, Purpose, Topic
from tests import factories
from tests.factories import CallAttemptFactory, LeadFactory, OutboxMessageFactory, TrialFactory

from . import leftovers
from .conftest import NOW
from .personal import about, text_columns

pytestmark = pytest.mark.django_db
WORD = "quill@q.io"  # fits everywhere, also where an address must stand


def test_every_table_that_leads_to_a_person_is_walked():
    assert {Lead, DataCopy, CopyPart, TwoPeople, *(model for model, _ in privacy.paths())} == about()


def test_no_table_of_another_room_leads_to_a_person():
    others = [model for model in apps.get_models() if model._meta.app_label != "signups"]
    assert [model for model in others for field in model._meta.fields if field.related_model in about()] == []


@pytest.fixture
def full(clinic):
    """A person with a row in every table, and the same word in every text that is not a fact."""
    lead = LeadFactory(status="closed", close_reason="Moved away")
    rows = [getattr(factories, f"{model.__name__}Factory") for model, path in privacy.paths() if path == "lead"]
    for make in rows:
        make(lead=lead)
    CallAttemptFactory(request=lead.callbacks.get())
    OutboxMessage.objects.update(status="sent", sent_at=NOW)
    for model in about() - {DataCopy, CopyPart, TwoPeople}:
        words = {name: WORD for name in text_columns(model) & set(model.PERSONAL) if takes_any_word(model, name)}
        rows = QuerySet(model).filter(**{"pk": lead.pk} if model is Lead else {})
        if model is Merge:  # (its content is JSON)
            values = {"name": WORD, "email": "", "phone_e164": ""}
            words["content"] = json.dumps({"lead": values, "other": values})
        if words:
            rows.update(**words)
    return lead


def takes_any_word(model, name):
    field = model._meta.get_field(name)
    return name != "time_zone" and not field.choices and (field.max_length or 1000) >= len(WORD)


def left(lead):
    """Where the word still stands: in a column as it is, or in one that only the keys can read."""
    ours = {model for model in about() if model not in (DataCopy, CopyPart)}
    read = [
        (model._meta.db_table, field.name)
        for model in ours
        for field in model._meta.fields
        if isinstance(field, EncryptedTextField)
        for row in model._default_manager.all()
        if WORD in (getattr(row, field.name) or "")
    ]
    return {*read, *((table, column) for table, column, _ in leftovers.in_tables([WORD]))}


def test_no_word_is_left_in_any_table_of_an_erased_person(full):
    assert {table for table, _ in left(full)} == {
        f"signups_{table}" for table in ("lead", "callbackrequest", "merge", "outboxmessage", "note")
    }
    privacy.erase(full, by=ActorKind.PATIENT, now=NOW, asked=False)
    assert left(full) == set()


@pytest.mark.parametrize("model", [Note, Merge, CallbackRequest, OutboxMessage], ids=lambda model: model.__name__)
def test_scan_finds_what_a_table_forgets_to_declare(full, monkeypatch, model):
    monkeypatch.setattr(model, "PERSONAL", {})
    privacy.erase(full, by=ActorKind.PATIENT, now=NOW, asked=False)
    assert {table for table, _ in left(full)} == {model._meta.db_table}


def test_export_has_a_row_of_every_table(full):
    held = privacy.export(full)
    assert [name for name, rows in held.items() if not rows] == []
    assert set(held) == {"lead", *(privacy.title(model) for model in about() - {Lead, DataCopy, CopyPart, TwoPeople})}


def test_nothing_personal_is_left_of_an_erased_lead():
    lead = LeadFactory(phone="212 555 0123", heard_from="from Kim", state="TX")
    message = OutboxMessageFactory(lead=lead, text="Hello Jo")
    privacy.erase(lead, by=ActorKind.PATIENT, now=NOW)
    lead.refresh_from_db()
    message.refresh_from_db()
    assert {name: getattr(lead, name) for name in Lead.PERSONAL} == Lead.PERSONAL
    assert (lead.status, message.to, message.text, message.status) == ("erased", "", "", "cancelled")
    assert [event.verb for event in lead.events.all()] == ["erased"]


def test_erasing_again_changes_nothing():
    lead = TrialFactory(requested_at=NOW).lead
    for _ in range(2):
        privacy.erase(lead, by=ActorKind.PATIENT, now=NOW)
    assert (lead.events.count(), Suppression.objects.count()) == (1, 1)
    assert Trial.objects.open().count() == 0


def test_somebody_else_on_their_number_is_in_no_copy_and_erasing_either_forgets_the_pair(clinic):
    one, other, head = LeadFactory(), LeadFactory(name="Kim Reed"), factories.UserFactory(role=roles.HEAD)
    before = privacy.export(one)
    merges.tell_apart(lead=one, other=other, by=head, now=NOW)
    assert privacy.export(one) == before
    privacy.erase(other, by=ActorKind.PATIENT, now=NOW)
    assert TwoPeople.objects.count() == 0


@pytest.mark.parametrize("way", ["confirms a sign-up", "agrees anew"])
def test_number_of_somebody_erased_is_called_again_only_at_their_own_word(clinic, way):
    facts = {"phone": "(212) 555-0123", "phone_e164": "+12125550123"}
    privacy.erase(LeadFactory(**facts), by=ActorKind.PATIENT, now=NOW)
    back = TrialFactory(lead=LeadFactory(**facts), requested_at=NOW).lead
    consents.with_signup(back, {Purpose.CALLS: terms.current().documents[Purpose.CALLS]}, now=NOW)
    assert (back.agrees_to(Purpose.CALLS), back.may_be_called(NOW)) == (True, False)
    if way == "confirms a sign-up":
        trials.confirm(back, now=NOW)
    else:
        consents.grant(back, Purpose.CALLS, channel=ConsentChannel.PAGE, by=ActorKind.PATIENT, now=NOW)
    assert back.may_be_called(NOW) is True


def test_who_asks_for_a_call_is_called_about_that_alone(clinic):
    facts = {"phone": "(212) 555-0123", "phone_e164": "+12125550123"}
    privacy.erase(LeadFactory(**facts), by=ActorKind.PATIENT, now=NOW)
    back = factories.CallbackRequestFactory(lead=LeadFactory(**facts)).lead
    assert back.may_be_called(NOW) is True
    back.callbacks.update(closed_at=NOW, outcome="reached")
    consents.with_signup(back, {Purpose.CALLS: terms.current().documents[Purpose.CALLS]}, now=NOW)
    assert back.may_be_called(NOW) is False


def test_confirming_without_agreeing_to_calls_leaves_the_number_alone(clinic):
    facts = {"phone": "(212) 555-0123", "phone_e164": "+12125550123"}
    privacy.erase(LeadFactory(**facts), by=ActorKind.PATIENT, now=NOW)
    trials.confirm(TrialFactory(lead=LeadFactory(**facts), requested_at=NOW).lead, now=NOW)
    assert Suppression.objects.of("+12125550123").exists()


def test_suppression_outlives_the_key_it_was_made_with(settings):
    privacy.erase(LeadFactory(email="jo@example.com"), by=ActorKind.PATIENT, now=NOW)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 10
    assert [Suppression.objects.of(email).count() for email in ("JO@example.com", "j@example.com")] == [1, 0]


def test_export_holds_no_private_link():
    lead = TrialFactory(lead__heard_from="from Kim", requested_at=NOW).lead
    OutboxMessageFactory(lead=lead, text="Open http://127.0.0.1:8000/my/abc:def/")
    held = privacy.export(lead)
    assert held["lead"]["how they heard of us"] == "from Kim"
    assert held["messages"][0]["text"] == "Open http://127.0.0.1:8000/my/…/"
    assert json.loads(json.dumps(held)) == held


def test_no_call_is_booked_for_who_was_erased_this_very_moment(clinic):
    lead = LeadFactory()
    privacy.erase(lead, by=ActorKind.PATIENT, now=NOW)
    with pytest.raises(calls.NotActive):
        calls.book(lead=lead, start=NOW + dt.timedelta(days=1), by=ActorKind.PATIENT, now=NOW)
    assert not lead.calls.exists()


WISH = callbacks.Wish("(212) 555-0123", "+12125550123", "America/New_York", PartOfDay.ANY, Topic.PROGRAM)
BY = {"by": ActorKind.PATIENT, "now": NOW}
PAGE = {"channel": ConsentChannel.PAGE}


@pytest.mark.parametrize(
    "deed",
    [
        lambda trial: details.change(trial.lead, **BY, name="Jo", phone="(212) 555-0123"),
        lambda trial: callbacks.ask(trial.lead, WISH, **PAGE, form_key=uuid.uuid4(), now=NOW),
        lambda trial: consents.grant(trial.lead, Purpose.CALLS, **PAGE, **BY),
        lambda trial: copies.ask(trial.lead, **BY),
        lambda trial: privacy.replace_link(trial.lead, **BY),
        lambda trial: trials.send_new_link(trial.lead, now=NOW),
        lambda trial: trials.confirm(trial.lead, now=NOW),
        lambda trial: trials.cancel(trial, **BY),
        lambda trial: trials.undo_cancel(trial, **BY),
        lambda trial: trials.request_refund(trial, **BY),
    ],
)
def test_nothing_is_written_to_who_was_erased_while_it_was_on_its_way(clinic, deed):
    trial = TrialFactory(requested_at=NOW, started_at=NOW, lead__phone_e164="+12125550123")
    privacy.erase(trial.lead, **BY)
    rows = leftovers_of(trial.lead)
    with pytest.raises(Gone):
        deed(trial)
    assert leftovers_of(trial.lead) == rows


def leftovers_of(lead):
    return privacy.export(Lead.objects.get(pk=lead.pk)), Suppression.objects.count()


def test_page_of_who_was_erased_this_very_moment_is_gone(clinic, client, monkeypatch):
    lead = TrialFactory(requested_at=NOW, started_at=NOW).lead
    privacy.erase(lead, **BY)
    monkeypatch.setattr(links, "mine", lambda token: lead)  # as it was when their form arrived
    facts = {"name": "Jo", "preferred_channel": "email", "best_time": "any", "time_zone": "America/New_York"}
    assert client.post("/my/token/details/", facts).status_code == 404
    assert Lead.objects.get(pk=lead.pk).name == ""


def test_no_address_they_ever_had_here_is_used_again(clinic):
    """Not the number they asked to be called at, nor those of who was merged into them."""
    lead, other = (LeadFactory(email=f"{name}@example.com", phone_e164=number) for name, number in OTHERS)
    factories.CallbackRequestFactory(lead=lead, phone_e164="+12125550103", closed_at=NOW, outcome="reached")
    merges.merge(lead=lead, other=other, from_other=set(), by=factories.UserFactory(role=roles.HEAD), now=NOW)
    privacy.erase(lead, **BY)
    addresses = ["a@example.com", "b@example.com", "+12125550101", "+12125550102", "+12125550103"]
    assert [address for address in addresses if not Suppression.objects.of(address).exists()] == []


OTHERS = (("a", "+12125550101"), ("b", "+12125550102"))


def test_who_did_not_ask_to_be_erased_may_come_back(clinic):
    lead = LeadFactory(email="a@example.com", phone_e164="+12125550101")
    privacy.erase(lead, by=ActorKind.SYSTEM, now=NOW, asked=False)
    assert (Suppression.objects.count(), lead.messages.count()) == (0, 0)


def test_money_that_is_owed_can_be_sent_back_after_an_erasure(clinic, client):
    trial = TrialFactory(requested_at=NOW, started_at=NOW, converted_at=NOW, refund_requested_at=NOW)
    page = urlsplit(links.my_url(trial.lead)).path
    assert "You asked for your money back" in client.get(page + "erase/").content.decode()
    privacy.erase(trial.lead, **BY)
    trials.settle_refund(trial, by=factories.UserFactory(role=roles.HEAD), now=NOW)
    assert not Trial.objects.refund_owed().exists()
    assert "You asked" not in client.get(page + "erase/").content.decode()


def test_messages_about_trials_and_calls_are_named_in_one_query(clinic, django_assert_num_queries):
    lead = LeadFactory(name="Jo")
    for _ in range(2):
        OutboxMessageFactory(lead=lead, trial=TrialFactory(lead=lead, cancelled_at=NOW), created_at=NOW)
        OutboxMessageFactory(
            lead=lead, call=factories.OnboardingCallFactory(lead=lead, status="cancelled"), created_at=NOW
        )
    with django_assert_num_queries(1):
        told = [privacy.row_in_words(row) for row in privacy.rows_about(lead, OutboxMessage)]
    assert [row["trial"] for row in told].count("7-day trial of Jo") == 2
