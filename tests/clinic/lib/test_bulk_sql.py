"""Many rows in one statement are the rows that the ORM would write."""

import datetime as dt
import uuid

import pytest

from clinic.lib import bulk_sql
from signups.audit import chain
from signups.audit.actions import LeadEvent, record_events
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.leads.models import Lead, name_forms
from tests.factories.users import UserFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
TEXTS = ("Ann Lee", 'O’Neil \\ "x"', "=cmd()\t{1,2}", "李雷 🎉", "NULL", "\\N", "%s %(x)s", "علی‌پور")


def lead_row(name, number):
    email = f"p{number}@x.example"
    moment = NOW - dt.timedelta(microseconds=number)
    row = {"name": name, "email": email, "email_key": email, "time_zone": "UTC", "created_at": moment}
    return row | name_forms(row) | {"public_id": uuid.uuid4(), "unsubscribed_at": None if number % 2 else moment}


def test_inserted_rows_are_what_the_orm_writes(monkeypatch):
    monkeypatch.setattr(bulk_sql, "BATCH", 3)
    rows = [lead_row(name, number) for number, name in enumerate(TEXTS)]
    keys = bulk_sql.insert_rows(Lead, rows)
    for key, row in zip(keys, rows, strict=True):
        lead = Lead.objects.get(pk=key)
        expected = Lead(**row)
        columns = [field.attname for field in Lead._meta.concrete_fields if field.attname not in ("id", "search_text")]
        assert {name: getattr(lead, name) for name in columns} == {name: getattr(expected, name) for name in columns}
        assert row["email"] in lead.search_text
    assert bulk_sql.insert_rows(Lead, []) == []


def test_updated_rows_have_their_own_values_and_others_keep_theirs():
    first, second, third = bulk_sql.insert_rows(Lead, [lead_row(name, number) for number, name in enumerate(TEXTS[:3])])
    bulk_sql.update_rows(Lead, {first: {"state": "TX", "no_texts_at": NOW}, second: {"state": "NY"}})
    found = {lead.pk: (lead.state, lead.no_texts_at) for lead in Lead.objects.all()}
    assert found == {first: ("TX", NOW), second: ("NY", None), third: ("", None)}


def test_events_of_many_leads_are_signed_as_each_by_itself():
    staff = UserFactory()
    keys = bulk_sql.insert_rows(Lead, [lead_row(name, number) for number, name in enumerate(TEXTS[:3])])
    events = [LeadEvent(key, AuditAction.IMPORTED, {"row": key, "word": "é"}, uuid.uuid4()) for key in keys]
    record_events(events, by=staff, now=NOW)
    assert [(one.lead_id, one.actor, one.detail) for one in AuditEvent.objects.order_by("pk")] == [
        (key, staff, {"row": key, "word": "é"}) for key in keys
    ]
    chain.append_to_chain(lambda: NOW)
    assert chain.verify_chain().waiting == 0
