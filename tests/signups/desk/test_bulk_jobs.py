"""A bulk action on more leads than one request changes: counted, confirmed, done by the worker, watched and stopped."""

import uuid

import pytest
from django.utils import timezone

from clinic import roles
from signups.desk import bulk_jobs, bulk_views
from signups.desk.bulk_models import BulkJob
from signups.followups.models import FollowUp
from signups.leads import bulk_actions
from signups.leads.models import Lead
from tests.factories import leads, users

pytestmark = pytest.mark.django_db
BULK = "/admin/signups/lead/bulk/"


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Five are more than one request changes, twenty more than a job does; the worker takes three at a time."""
    monkeypatch.setattr(bulk_actions, "MAX_LEADS", 5)
    monkeypatch.setattr(bulk_views, "MAX_JOB_LEADS", 20)
    monkeypatch.setattr(bulk_jobs, "CHUNK", 3)


def work():
    while bulk_jobs.run_next_bulk_step(timezone.now):
        pass


def progress(client, job):
    return client.get(f"{BULK}{job.public_id}/").content.decode()


def test_all_that_match_are_assigned_by_the_worker_and_those_that_may_not_be_are_named(client, user, frozen):
    leads.LeadFactory.create_batch(7)
    theirs = leads.LeadFactory(name="Theirs", owner=users.UserFactory(role=roles.COORDINATOR))
    leads.LeadFactory(name="Another list", status="contacted")
    address = f"{BULK}assign/?status=new"
    asked = client.post(address, {"all": "1"})
    assert "8 leads match." in asked.content.decode()
    form = {"owner": user.pk, "matching": "8"}
    for changed, status in [({"matching": "7"}, 409), ({"owner": ""}, 422), ({"matching": "x"}, 409)]:
        assert (changed, client.post(address, form | changed).status_code) == (changed, status)
    assert BulkJob.objects.count() == 0
    answer = client.post(address, form)
    job = BulkJob.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"{BULK}{job.public_id}/")
    assert 'data-again="2"' in progress(client, job)
    bulk_jobs.run_next_bulk_step(timezone.now)
    assert 'max="8" value="3"' in progress(client, job)
    work()
    job.refresh_from_db()
    assert (job.done, job.refused_count, job.form, job.leads, bool(job.finished_at)) == (8, 1, [], [], True)
    page = progress(client, job)
    assert ("7 of 8 leads updated, 1 skipped" in page, "Theirs" in page, "data-again" in page) == (True, True, False)
    assert Lead.objects.filter(owner=user).count() == 7
    theirs.refresh_from_db()
    assert theirs.owner_id != user.pk


def test_each_kind_of_action_is_done_once_to_each(client, user, frozen):
    made = leads.LeadFactory.create_batch(6, owner=user)
    tag = leads.TagFactory()
    forms = {
        "follow-up": {"task": "Ask about insurance", "due_at": "2026-11-23T09:30", "owner": ""},
        "tag": {"tag": tag.pk},
        "untag": {"tag": tag.pk},
        "change-status": {"to": "closed", "reason": "Not now", "open_work": "keep"},
    }
    for kind, form in forms.items():
        assert client.post(f"{BULK}{kind}/", form | {"matching": "6"}).status_code == 303, kind
        job = BulkJob.objects.first()
        work()
        job.refresh_from_db()
        assert (kind, job.changed) == (kind, 6)
    assert set(Lead.objects.values_list("status", "close_reason")) == {("closed", "Not now")}
    due = FollowUp.objects.values_list("due_at", "owner")
    assert {(at.isoformat(), owner) for at, owner in due} == {("2026-11-23T14:30:00+00:00", user.pk)}
    assert FollowUp.objects.count() == len(made)


def test_a_job_is_stopped_bounded_and_seen_by_who_started_it_and_the_head(client, user, frozen):
    leads.LeadFactory.create_batch(6)
    client.post(f"{BULK}assign/", {"owner": user.pk, "matching": "6"})
    job = BulkJob.objects.get()
    bulk_jobs.run_next_bulk_step(timezone.now)
    assert client.post(f"{BULK}{job.public_id}/stop/").status_code == 303
    work()
    assert Lead.objects.filter(owner=user).count() == 3
    assert "Stopped: the others were left as they are." in progress(client, job)
    leads.LeadFactory.create_batch(15)
    refused = client.post(f"{BULK}assign/", {"all": "1"}, follow=True).content.decode()
    assert "Select up to 20 leads at a time." in refused
    client.force_login(users.UserFactory(role=roles.COORDINATOR))
    assert client.get(f"{BULK}{job.public_id}/").status_code == 404
    assert client.get(f"{BULK}{uuid.uuid4()}/").status_code == 404
    client.force_login(users.UserFactory(role=roles.HEAD))
    assert client.get(f"{BULK}{job.public_id}/").status_code == 200


def test_who_lost_the_right_meanwhile_changes_nothing_more(client, user, frozen):
    leads.LeadFactory.create_batch(6)
    client.post(f"{BULK}assign/", {"owner": user.pk, "matching": "6"})
    user.groups.clear()
    work()
    job = BulkJob.objects.get()
    assert (job.changed, job.refused_count, Lead.objects.filter(owner=user).count()) == (0, 6, 0)
