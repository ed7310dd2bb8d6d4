"""Audit log of what was done, read at the desk by those who answer for it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import roles
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.desk import audit_log
from tests.factories import audit, users

pytestmark = pytest.mark.django_db

RECORD = "/admin/signups/auditevent/"


@pytest.fixture
def reader(client, clinic, request):
    user = users.UserFactory(role=getattr(request, "param", roles.HEAD), first_name="Mia", last_name="Moss")
    client.force_login(user)
    return user


def signed_in(user):
    kind = {"actor_kind": ActorKind.STAFF, "actor": user}
    return audit.AuditEventFactory(lead=None, target=f"user:{user.pk}", action=AuditAction.SIGNED_IN, **kind)


def rows(client, asked=""):
    return client.get(RECORD + asked).context["rows"]


@pytest.mark.parametrize("reader", [roles.HEAD, roles.AUDITOR], indirect=True)
def test_what_is_about_no_lead_is_read_by_head_and_auditor(client, reader):
    signed_in(reader)
    shown = [(row["by"], row["text"], row["about"], row["lead"]) for row in rows(client)]
    assert shown == [("Mia Moss", "signed in", f"user:{reader.pk}", None)]
    assert f'href="{RECORD}"' in client.get("/admin/").content.decode()


@pytest.mark.parametrize("reader", [roles.COORDINATOR, roles.EDITOR, roles.REVIEWER], indirect=True)
def test_nobody_else_reads_it(client, reader):
    assert client.get(RECORD).status_code == 403
    assert f'href="{RECORD}"' not in client.get("/admin/").content.decode()


def test_nobody_writes_it(client, reader):
    event = audit.AuditEventFactory()
    assert client.post(RECORD).status_code == 405
    addresses = ("add/", f"{event.pk}/change/", f"{event.pk}/delete/")
    assert [client.post(RECORD + address).status_code for address in addresses] == [404] * 3


def test_moments_are_on_the_clinics_clock_with_the_name_of_its_zone_and_what_an_undo_needs_is_left_out(client, reader):
    start = "2026-11-20T20:30:00+00:00"
    audit.AuditEventFactory(action=AuditAction.CALL_BOOKED, detail={"start": start})
    audit.AuditEventFactory(action=AuditAction.TRIED, detail={"outcome": "declined", "before": {"status": "new"}})
    said = [row["detail"] for row in rows(client)]
    assert said == ["outcome: declined", "start: Fri, Nov 20, 3:30 PM Eastern Time"]
    assert "When (New York time)" in client.get(RECORD).content.decode()


def test_it_is_narrowed_by_deed_and_by_person(client, reader):
    other = users.UserFactory()
    events = [signed_in(reader), signed_in(other), audit.AuditEventFactory(lead=None, target="host:5")]
    wanted = {
        "?action=signed_in": events[1::-1],
        f"?by={other.pk}": [events[1]],
        f"?action=signed_in&by={reader.pk}": [events[0]],
        f"?action=exported&by={reader.pk}": [],
    }
    for asked, found in wanted.items():
        assert [row["about"] for row in rows(client, asked)] == [event.target for event in found]


def test_pages_go_through_all_of_it_newest_first(client, reader, monkeypatch):
    monkeypatch.setattr(audit_log, "PAGE_SIZE", 2)
    for number in range(5):
        audit.AuditEventFactory(lead=None, target=f"host:{number}")
    seen, asked = [], "action=signed_up"
    while asked:
        page = client.get(f"{RECORD}?{asked}").context
        seen += [row["about"] for row in page["rows"]]
        asked = page["older"]
    assert seen == [f"host:{number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize("asked", ["?action=sang", "?by=0", "?by=x", "?before=x", "?before=0", f"?before={10**30}"])
def test_page_that_no_link_names_is_refused(client, reader, asked):
    assert client.get(RECORD + asked).status_code == 400


def test_opening_it_is_on_the_record_with_what_it_was_narrowed_to(client, reader):
    signed_in(reader)
    client.get(f"{RECORD}?action=signed_in&by={reader.pk}")
    event = AuditEvent.objects.get(action=AuditAction.LISTED)
    facts = {"shown": 1, "filters": {"action": "signed_in", "by": reader.pk}}
    assert (event.target, event.actor, event.detail) == ("record", reader, facts)


@pytest.mark.parametrize(
    ("reader", "name"), [(roles.HEAD, "jo@home.example"), (roles.AUDITOR, "j•••@•••")], indirect=["reader"]
)
def test_lead_is_named_as_its_reader_may_see_it_and_leads_to_its_page(client, reader, name):
    lead = audit.AuditEventFactory(lead__name="jo@home.example").lead
    assert [(row["about"], row["lead"]) for row in rows(client)] == [(name, lead.pk)]
    page = client.get(RECORD).content.decode()
    assert f'<a href="/admin/signups/lead/{lead.pk}/change/">{name}</a>' in page


@pytest.mark.parametrize("events", [1, 100])
def test_it_asks_the_same_few_questions_and_never_counts(client, reader, events):
    for _ in range(events):
        audit.AuditEventFactory(
            actor_kind=ActorKind.STAFF, actor=reader, action=AuditAction.ASSIGNED, detail={"owner": reader.pk}
        )
    client.get("/admin/roles/")
    with CaptureQueriesContext(connection) as asked:
        assert len(rows(client)) == events
    assert len(asked) == 8
    assert [query for query in asked.captured_queries if "COUNT(" in query["sql"].upper()] == []
