"""A staff account that takes the list away: few can, all must say why, and every row says who did."""

import csv
import io

import pytest
import time_machine

from clinic import roles
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.exports import actions as export_actions
from signups.leads.choices import LeadStatus
from tests.factories import leads as factories_leads
from tests.factories import users

pytestmark = pytest.mark.django_db

EXPORT = "/admin/signups/lead/export/"


@pytest.fixture
def head(client, clinic):
    user = users.UserFactory(role=roles.HEAD, username="ana")
    client.force_login(user)
    return user


def rows_of(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("role", [roles.COORDINATOR, roles.AUDITOR, roles.EDITOR, roles.REVIEWER, None])
def test_nobody_but_the_head_exports(client, clinic, role):
    client.force_login(users.UserFactory(role=role))
    for answer in (client.get(EXPORT), client.post(EXPORT, {"kind": "csv", "reason": "report"})):
        assert answer.status_code == 403
    assert not AuditEvent.objects.filter(action=AuditAction.EXPORTED).exists()


@pytest.mark.parametrize("reason", ["", "because"])
def test_without_a_reason_nothing_leaves(client, head, reason):
    factories_leads.LeadFactory()
    answer = client.post(EXPORT, {"kind": "csv", "reason": reason})
    assert (answer.status_code, answer.streaming) == (422, False)
    assert not AuditEvent.objects.filter(action=AuditAction.EXPORTED).exists()


@time_machine.travel("2026-11-20T15:00:00+00:00", tick=False)
def test_every_row_says_who_took_it_and_when(client, head):
    factories_leads.LeadFactory.create_batch(3)
    rows = rows_of(client.post(EXPORT, {"kind": "csv", "reason": "report"}))
    assert [row["Exported by"] for row in rows] == [
        "ana, Friday, November 20, 2026, 10:00 AM Eastern Time; all times: Eastern Time"
    ] * 3


def test_it_is_in_the_trail_with_its_reason_its_count_and_how_it_was_narrowed(client, head):
    factories_leads.LeadFactory.create_batch(2, name="Jo Miller")
    factories_leads.LeadFactory(name="Jo Miller", status=LeadStatus.CONTACTED)
    answer = client.post(f"{EXPORT}?status=new&q=miller", {"kind": "csv", "reason": "authority"})
    event = AuditEvent.objects.get(action=AuditAction.EXPORTED)  # there before the first row is read
    assert (event.actor, event.target, event.detail) == (
        head,
        "leads",
        {"reason": "authority", "kind": "csv", "count": 2, "filters": {"status": "new", "searched": True}},
    )
    assert len(rows_of(answer)) == 2


def test_the_erased_and_the_merged_are_in_no_export(client, head):
    factories_leads.LeadFactory(status=LeadStatus.ERASED, email="", email_key="", name="")
    factories_leads.LeadFactory(status=LeadStatus.MERGED)
    assert rows_of(client.post(EXPORT, {"kind": "csv", "reason": "report"})) == []


def test_every_lead_is_there_once_over_many_pages(client, head, monkeypatch):
    """Also those that came in one instant."""
    monkeypatch.setattr(export_actions, "ROWS_PER_QUERY", 2)
    leads = factories_leads.LeadFactory.create_batch(7, created_at=head.date_joined)
    rows = rows_of(client.post(EXPORT, {"kind": "csv", "reason": "report"}))
    assert sorted(row["Email"] for row in rows) == sorted(lead.email for lead in leads)


def test_questions_that_the_list_does_not_know_are_refused(client, head):
    for address in (f"{EXPORT}?owner__password__startswith=a", f"{EXPORT}?status=odd"):
        assert client.post(address, {"kind": "csv", "reason": "report"}).status_code == 400
