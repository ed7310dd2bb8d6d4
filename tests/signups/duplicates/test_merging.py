"""Duplicates: found, made one without losing anything, and taken apart again."""

import datetime as dt
import json
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone

from clinic import roles
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.callbacks.models import CallbackRequest
from signups.consents.actions import unsubscribe
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.models import Consent
from signups.consents.policy import agrees_to
from signups.duplicates import detection, merging
from signups.leads import links as lead_links
from signups.leads import locking
from signups.leads.choices import LeadStatus
from signups.leads.merge_models import LeadMerge
from signups.leads.models import Lead
from signups.leads.note_models import Note
from signups.messages import portal_links
from signups.messages.models import OutboxMessage
from signups.privacy import erasure, retention
from signups.trials.models import Trial
from tests.factories import callbacks, calls, consents, leads, messages, users
from tests.factories import trials as factories_trials

pytestmark = pytest.mark.django_db

PAIRS = "/admin/signups/lead/duplicates/"


@pytest.fixture
def head(client, clinic):
    user = users.UserFactory(role=roles.HEAD)
    client.force_login(user)
    return user


@pytest.fixture
def two(clinic):
    """One person who asked twice, and everything that can hang on each."""
    kept = leads.LeadFactory(name="Jo Miller", email="jo@a.example", phone="", owner=None)
    other = leads.LeadFactory(
        name="Joanna Miller", email="j.o@b.example", phone="212 555 0123", phone_e164="+12125550123"
    )
    for lead in (kept, other):
        factories_trials.TrialFactory(lead=lead)
        leads.NoteFactory(lead=lead)
        messages.OutboxMessageFactory(lead=lead)
    callbacks.CallbackRequestFactory(lead=other)
    return kept, other


def merge(two, by, from_other=frozenset()):
    return merging.merge_leads(lead=two[0], other=two[1], from_other=set(from_other), by=by, now=timezone.now())


def agree(lead, purpose, granted, minutes_ago=0):
    at = timezone.now() - dt.timedelta(minutes=minutes_ago)
    consents.ConsentFactory(lead=lead, text__purpose=purpose, granted=granted, created_at=at)


def standing(lead):
    """What the database says of a lead and of its rows."""
    rows = {
        model.__name__: sorted(map(str, model.objects.filter(lead=lead).values_list("pk", flat=True)))
        for model in (Trial, Note, OutboxMessage, CallbackRequest, Consent)
    }
    trials = list(Trial.objects.filter(lead=lead).values_list("cancelled_at", flat=True))
    return Lead.objects.filter(pk=lead.pk).values().get(), rows, trials


def test_leads_with_one_number_or_one_mailbox_are_a_pair(clinic):
    one = leads.LeadFactory(email="Jo.Miller+x@gmail.com", email_key="jo.miller+x@gmail.com", name="Jo Miller")
    two = leads.LeadFactory(email="jomiller@gmail.com", name="Miller, Jo", phone_e164="+12125550123")
    three = leads.LeadFactory(name="Ann Reed", phone_e164="+12125550123")
    leads.LeadFactory(name="Bo Yi", email="jomiller@b.example")
    leads.LeadFactory(status=LeadStatus.MERGED, phone_e164="+12125550123")
    (pair,) = detection.find_pairs()[0]
    assert (pair.older, pair.newer, pair.verdict.reasons) == (one, two, ("same email address", "same name"))
    (pair,) = detection.find_pairs(unlikely=True)[0]
    assert (pair.older, pair.newer, pair.verdict.reasons) == (two, three, ("same phone number", "different names"))


def test_everything_moves_and_the_other_is_empty(two, head):
    kept, other = two
    rows = {
        model: set(model.objects.values_list("pk", flat=True))
        for model in (Trial, Note, OutboxMessage, CallbackRequest)
    }
    merge(two, head, {"name", "phone"})
    kept.refresh_from_db()
    other.refresh_from_db()
    assert (kept.name, kept.email, kept.phone_e164) == ("Joanna Miller", "jo@a.example", "+12125550123")
    assert (other.status, other.name, other.email, other.phone_e164) == (LeadStatus.MERGED, "", "", "")
    for model, keys in rows.items():
        assert set(model.objects.filter(lead=kept).values_list("pk", flat=True)) == keys
    assert Trial.objects.open().get().cancelled_at is None
    assert set(AuditEvent.objects.filter(action=AuditAction.MERGED).values_list("lead", flat=True)) == {
        kept.pk,
        other.pk,
    }


def test_undoing_restores_both_exactly(two, head):
    agree(two[1], ConsentPurpose.NEWS, True)
    before = [standing(lead) for lead in two]
    made = merge(two, head, {"name", "email", "phone", "owner"})
    merging.undo_merge(merge=made, by=head, now=timezone.now())
    assert [standing(lead) for lead in two] == before
    made.refresh_from_db()
    assert made.snapshot is None


def test_what_was_changed_since_stays(two, head):
    kept = two[0]
    made = merge(two, head, {"name"})
    Lead.objects.filter(pk=kept.pk).update(name="Joanna Reed")
    late = leads.NoteFactory(lead=kept)
    merging.undo_merge(merge=made, by=head, now=timezone.now())
    late.refresh_from_db()
    assert (Lead.objects.get(pk=kept.pk).name, late.lead) == ("Joanna Reed", kept)


@pytest.mark.parametrize("who", [0, 1])
def test_what_either_took_back_stays_taken_back(two, head, who):
    agree(two[who], ConsentPurpose.NEWS, True, 10)
    agree(two[who], ConsentPurpose.NEWS, False, 5)
    agree(two[1 - who], ConsentPurpose.NEWS, True)  # later than the no
    Lead.objects.filter(pk=two[who].pk).update(unsubscribed_at=timezone.now())
    merge(two, head)
    kept = Lead.objects.get(pk=two[0].pk)
    assert not agrees_to(kept, ConsentPurpose.NEWS)
    assert kept.unsubscribed_at


def test_what_was_taken_back_or_stopped_since_stays_so_for_both(two, head):
    agree(two[1], ConsentPurpose.NEWS, True, 5)
    made = merge(two, head)
    unsubscribe(two[0], channel=ConsentChannel.EMAIL, by=ActorKind.PATIENT, now=timezone.now())
    merging.undo_merge(merge=made, by=head, now=timezone.now())
    both = [Lead.objects.get(pk=lead.pk) for lead in two]
    assert [(agrees_to(lead, ConsentPurpose.NEWS), bool(lead.unsubscribed_at)) for lead in both] == [(False, True)] * 2


def test_stopping_link_of_either_stops_the_mail_of_the_one_that_is_kept(client, two, head):
    link = lead_links.unsubscribe_url(two[1])
    merge(two, head)
    client.post(link)
    assert Lead.objects.get(pk=two[0].pk).unsubscribed_at


def test_own_page_of_either_is_the_page_of_the_one_that_is_kept(client, two, head):
    """Until a new link replaces all of them."""
    paths = [urlsplit(lead_links.portal_url(lead)).path for lead in two]
    merge(two, head)
    assert [client.get(path).status_code for path in paths] == [200, 200]
    assert client.get(paths[1]).context["lead"] == two[0]
    portal_links.rotate_portal_link(two[0], by=ActorKind.PATIENT, now=timezone.now())
    assert [client.get(path).status_code for path in paths] == [410, 410]


def test_merge_of_who_was_merged_themselves_is_undone_last(two, head):
    """In any other order an address would end up with the wrong person."""
    third = leads.LeadFactory(email="third@c.example")
    before = [standing(lead) for lead in (*two, third)]
    first = merge(two, head, {"email"})
    last = merge((third, two[0]), head, {"email"})
    with pytest.raises(locking.ActionError, match="Undo that merge first"):
        merging.undo_merge(merge=LeadMerge.objects.get(pk=first.pk), by=head, now=timezone.now())
    for one in (last, first):
        merging.undo_merge(merge=LeadMerge.objects.get(pk=one.pk), by=head, now=timezone.now())
    assert [standing(lead) for lead in (*two, third)] == before


def test_two_callbacks_are_refused_in_words_and_nothing_is_changed(two, head):
    callbacks.CallbackRequestFactory(lead=two[0])
    before = [standing(lead) for lead in two]
    with pytest.raises(locking.ActionError, match="Resolve one first"):
        merge(two, head)
    assert [standing(lead) for lead in two] == before


def test_two_calls_are_refused_in_words(two, head):
    for lead in two:
        calls.OnboardingCallFactory(lead=lead)
    with pytest.raises(locking.ActionError, match="Cancel one first"):
        merge(two, head)


def test_patient_is_the_one_that_is_kept(two, head):
    Lead.objects.filter(pk=two[1].pk).update(status=LeadStatus.CONVERTED)
    with pytest.raises(locking.ActionError, match="Keep the converted lead"):
        merge(two, head)


def test_nobody_else_merges_or_undoes(two, head):
    coordinator = users.UserFactory(role=roles.COORDINATOR)
    with pytest.raises(locking.ActionError):
        merge(two, coordinator)
    with pytest.raises(locking.ActionError):
        merging.undo_merge(merge=merge(two, head), by=coordinator, now=timezone.now())


def test_undo_ends_after_thirty_days_and_so_does_what_it_needs(two, head):
    made, month = merge(two, head), dt.timedelta(days=30, seconds=1)
    with pytest.raises(locking.ActionError, match="no longer be undone"):
        merging.undo_merge(merge=made, by=head, now=made.merged_at + month)
    rule = next(rule for rule in retention.RULES if rule.what == "merges that can no longer be undone")
    assert [list(retention.apply_rule(rule, made.merged_at + age)) for age in (dt.timedelta(days=29), month)] == [
        [],
        [1],
    ]
    assert LeadMerge.objects.get().snapshot is None


def test_address_taken_meanwhile_keeps_the_undo_back(two, head):
    made = merge(two, head)
    leads.LeadFactory(email="j.o@b.example")
    with pytest.raises(locking.ActionError, match="Somebody else has this email address now"):
        merging.undo_merge(merge=made, by=head, now=timezone.now())


def test_contents_are_encrypted_and_go_with_the_one_that_is_kept(two, head):
    made = merge(two, head)
    assert json.loads(made.snapshot)["other"]["name"] == "Joanna Miller"
    with connection.cursor() as cursor:
        cursor.execute("SELECT snapshot FROM signups_leadmerge")
        assert "Joanna" not in cursor.fetchone()[0]
    erasure.erase_lead(two[0], by=ActorKind.SYSTEM, now=timezone.now())
    assert LeadMerge.objects.get().snapshot is None
    with pytest.raises(locking.ActionError):
        merging.undo_merge(merge=made, by=head, now=timezone.now())


def test_pages_show_pairs_merge_them_and_undo_it(client, two, head):
    Lead.objects.update(phone_e164="+12125550123")
    page = client.get(PAIRS).content.decode()
    address = f"/admin/signups/lead/{two[0].pk}/merge/{two[1].pk}/"
    assert address in page
    assert client.get(address).status_code == 200
    told = {"name": "other", "email": "kept", "phone": "other", "owner": "kept"}
    assert client.post(address, {**told, "name": ""}).status_code == 422
    assert client.post(address, told, follow=True).redirect_chain == [(PAIRS, 303)]
    made = LeadMerge.objects.get()
    client.post(f"/admin/signups/lead/merges/{made.public_id}/undo/")
    assert Lead.objects.live().count() == 2


def test_page_says_why_it_refuses(client, two, head):
    callbacks.CallbackRequestFactory(lead=two[0])
    told = {"name": "kept", "email": "kept", "phone": "other", "owner": "kept"}
    answer = client.post(f"/admin/signups/lead/{two[0].pk}/merge/{two[1].pk}/", told)
    assert (answer.status_code, "Resolve one first" in answer.content.decode()) == (409, True)


@pytest.mark.parametrize("more", [0, 20])
def test_list_of_pairs_asks_the_same_few_questions(client, head, more, django_assert_num_queries):
    for number in range(1 + more):
        leads.LeadFactory.create_batch(2, phone_e164=f"+1290555{number:04}", name=f"Jo {chr(97 + number) * 4}")
    client.get(PAIRS)
    with django_assert_num_queries(13):
        assert len(client.get(PAIRS).context["pairs"]) == 1 + more


def test_only_differences_are_asked_about_and_owners_have_their_names(client, head):
    priya = users.UserFactory(username="demo-priya", first_name="Priya", last_name="Shah")
    kept = leads.LeadFactory(name="Jo Miller", email="jo@a.example", phone="", owner=priya)
    gone = leads.LeadFactory(name="Jo Miller", email="j.o@b.example", phone="", owner=None)
    form = client.get(f"/admin/signups/lead/{kept.pk}/merge/{gone.pk}/").context["form"]
    assert list(form.fields) == ["email", "owner"]
    assert form.fields["owner"].choices == [("kept", "Priya Shah"), ("other", "none")]
