"""Tags: from a list the Head keeps, on one lead or many, in the list's filter, and gone with the person."""

import csv
import io

import pytest
from django.utils import timezone

from clinic import roles
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.duplicates import merging
from signups.exports.actions import start_export
from signups.exports.choices import ExportReason
from signups.leads.actions import add_tag
from signups.leads.models import Lead
from signups.leads.tag_models import LeadTag, Tag
from signups.privacy import erasure, personal_data
from tests.factories import audit, leads, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
LIST = "/admin/signups/lead/"


@pytest.fixture
def user(client, clinic):
    user = users.UserFactory(role=roles.COORDINATOR, username="robin")
    client.force_login(user)
    return user


def tags(lead):
    return [str(tagging) for tagging in lead.taggings.all()]


def test_a_tag_is_added_and_taken_off_once_each_and_the_timeline_says_so(client, user):
    lead, tag = leads.LeadFactory(), leads.TagFactory(name="Evenings")
    for deed in ("tag", "tag", "untag", "untag", "tag"):
        assert client.post(f"{LIST}{lead.pk}/{deed}/", {"tag": tag.pk}).status_code == 303
    assert tags(lead) == ["Evenings"]
    tag.name = "After work"
    tag.save()
    page = client.get(f"{LIST}{lead.pk}/change/")
    assert [entry.text for entry in page.context["entries"]] == [
        "added a tag: After work",
        "removed a tag: After work",
        "added a tag: After work",
    ]
    assert '<span class="tag">After work</span>' in page.content.decode()


def test_what_is_no_longer_offered_is_not_added_but_can_be_taken_off(client, user):
    tagging = leads.LeadTagFactory(tag__is_active=False)
    page = client.post(f"{LIST}{tagging.lead.pk}/tag/", {"tag": tagging.tag.pk})
    assert (page.status_code, "inactive" in page.content.decode()) == (409, True)
    assert client.post(f"{LIST}{tagging.lead.pk}/untag/", {"tag": tagging.tag.pk}).status_code == 303
    assert tags(tagging.lead) == []


def test_a_tag_nobody_made_is_refused(client, user):
    lead = leads.LeadFactory()
    assert client.post(f"{LIST}{lead.pk}/tag/", {"tag": 999}).status_code == 422
    assert client.post(f"{LIST}{lead.pk}/tag/", {"tag": "sad"}).status_code == 422


def test_many_are_tagged_each_by_the_rules_of_one(client, user):
    tag = leads.TagFactory()
    mine, others = leads.LeadFactory(), leads.LeadFactory(owner=users.UserFactory())
    chosen = {"chosen": f"{mine.pk}:new,{others.pk}:new", "tag": tag.pk}
    for deed, left in (("tag", [str(tag)]), ("untag", [])):
        outcome = client.post(f"{LIST}bulk/{deed}/", chosen).context["outcome"]
        assert (outcome.done, outcome.refused) == (1, [(others, "This lead is somebody else’s.")])
        assert (tags(mine), tags(others)) == (left, [])
    assert [event.action for event in AuditEvent.objects.exclude(action=AuditAction.LISTED)] == [
        AuditAction.UNTAGGED,
        AuditAction.TAGGED,
    ]


def test_bulk_page_offers_only_what_can_be_added(client, user):
    leads.TagFactory(name="Old", is_active=False)
    leads.TagFactory(name="New")
    lead = leads.LeadFactory()
    add, remove = (client.post(f"{LIST}bulk/{deed}/", {"pk": lead.pk}).content.decode() for deed in ("tag", "untag"))
    assert (">Old<" in add, ">New<" in add, ">Old<" in remove) == (False, True, True)


def test_list_is_narrowed_by_a_tag(client, user):
    tagging = leads.LeadTagFactory(lead__name="Tagged")
    leads.LeadTagFactory(lead__name="Other")
    page = client.get(LIST, {"tag": tagging.tag.pk})
    assert [lead.name for lead in page.context["cl"].result_list] == ["Tagged"]
    assert client.get(LIST, {"tag": "999"}).status_code == 400


def row_of(client, lead):
    rows = client.get(LIST).content.decode().partition("<tbody>")[2].split("</tr>")
    return next(row for row in rows if f"/{lead.pk}/change/" in row)


def test_rows_of_the_list_name_the_tags_of_each_as_text(client, user):
    lead, plain = leads.LeadFactory(), leads.LeadFactory()
    for name in ("Weekends", "<b>Bold</b>"):
        leads.LeadTagFactory(lead=lead, tag__name=name)
    shown = '<span class="tag">&lt;b&gt;Bold&lt;/b&gt;</span> <span class="tag">Weekends</span>'
    assert shown in row_of(client, lead)
    assert "tag" not in row_of(client, plain)
    erasure.erase_lead(lead, by=ActorKind.PATIENT, now=NOW)
    assert 'class="tag' not in row_of(client, lead)


def test_exports_name_the_tags_of_each_and_none_is_a_formula(client, clinic):
    lead, plain = leads.LeadFactory(), leads.LeadFactory()
    for name in ("Weekends", "=1+1"):
        leads.LeadTagFactory(lead=lead, tag__name=name)
    client.force_login(users.UserFactory(role=roles.HEAD))
    answer = client.post(f"{LIST}export/", {"kind": "csv", "reason": "report"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = {row["Email"]: row["Tags"] for row in csv.DictReader(io.StringIO(text))}
    assert rows == {lead.email: "'=1+1; Weekends", plain.email: ""}


@pytest.mark.parametrize("count", [1, 100])
def test_an_export_asks_the_same_for_one_tagged_lead_and_many(clinic, count, django_assert_num_queries):
    head = users.UserFactory(role=roles.HEAD)
    for tagging in leads.LeadTagFactory.create_batch(count):
        leads.LeadTagFactory(lead=tagging.lead)
    head.has_perm("signups.export_lead")  # what is asked once per user is asked now
    rows = start_export(Lead.objects.all(), reason=ExportReason.REPORT, kind="csv", by=head, now=timezone.now())
    with django_assert_num_queries(4):  # a page, its tags, its consents, and that there is no other page
        assert [row[-3].count("; ") for row in rows] == [1] * count


def test_erasing_takes_the_tags_and_taking_along_names_them(clinic):
    tagging = leads.LeadTagFactory(tag__name="Evenings")
    leads.LeadTagFactory(lead=tagging.lead)
    assert {"tag": "Evenings"} in personal_data.export_lead_data(tagging.lead)["tags"]
    erasure.erase_lead(tagging.lead, by=ActorKind.PATIENT, now=NOW)
    assert set(LeadTag.objects.values_list("tag", flat=True)) == {None}
    assert Tag.objects.filter(taggings=None).count() == 2


def test_two_made_one_have_the_tags_of_both_and_are_two_again_with_their_own(clinic):
    head = users.UserFactory(role=roles.HEAD)
    both, one, other = (leads.TagFactory(name=name) for name in ("both", "one", "other"))
    kept, gone = leads.LeadFactory(), leads.LeadFactory()
    for lead, tag in ((kept, both), (kept, one), (gone, both), (gone, other)):
        add_tag(lead=lead, tag=tag, by=head, now=NOW)
    merge = merging.merge_leads(lead=kept, other=gone, from_other=set(), by=head, now=NOW)
    assert tags(kept) == ["both", "one", "other"]
    merging.undo_merge(merge=merge, by=head, now=NOW)
    assert (tags(kept), tags(gone)) == (["both", "one"], ["both", "other"])


def test_only_the_head_keeps_the_list(client, user):
    assert client.post("/admin/signups/tag/add/", {"name": "New", "is_active": "on"}).status_code == 403
    client.force_login(users.UserFactory(role=roles.HEAD))
    assert client.post("/admin/signups/tag/add/", {"name": "New", "is_active": "on"}).status_code == 302
    assert client.post(f"/admin/signups/tag/{Tag.objects.get().pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("count", [1, 100])
def test_pages_take_the_same_queries_for_one_tag_and_many(client, user, count, django_assert_num_queries):
    lead = leads.LeadFactory()
    for tagging in leads.LeadTagFactory.create_batch(count, lead=lead):
        audit.AuditEventFactory(lead=lead, action=AuditAction.TAGGED, detail={"tag": tagging.tag_id})
    client.get(LIST)
    client.get(f"{LIST}{lead.pk}/change/")
    with django_assert_num_queries(15):
        client.get(LIST)
    with django_assert_num_queries(25):
        client.get(f"{LIST}{lead.pk}/change/")
    client.force_login(users.UserFactory(role=roles.HEAD))
    client.get("/admin/signups/tag/")
    with django_assert_num_queries(7):
        client.get("/admin/signups/tag/")
