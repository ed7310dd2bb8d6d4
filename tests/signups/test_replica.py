"""The copy of the database: read where it may be, never trusted further than it goes. Here both names are one database,
and what a transaction of the primary has not committed is what the copy does not know yet."""

import datetime as dt

import pytest
from django.db import OperationalError, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic import roles
from signups import replica
from signups.actions import exports
from signups.models import Event, Heartbeat, Lead
from signups.states import ExportReason, LeadStatus, Verb
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])


@pytest.fixture(autouse=True)
def copy(settings):
    settings.LONG_READS = "replica"
    yield connections["replica"]
    connections["replica"].close()
    if connections["replica"].vendor == "postgresql":
        connections["replica"].close_pool()


@pytest.fixture
def head(client, clinic):
    user = factories.UserFactory(role=roles.HEAD)
    client.force_login(user)
    return user


def export(head):
    return exports.begin(
        Lead.objects.all(), reason=ExportReason.REPORT, kind="csv", by=head, now=timezone.now() + dt.timedelta(hours=1)
    )


def test_without_a_copy_the_primary_is_read(settings):
    settings.LONG_READS = "default"
    assert replica.read(str) == "default"


def test_charts_are_read_from_the_copy(client, head, copy):
    with CaptureQueriesContext(copy) as asked:
        assert client.get("/admin/").status_code == 200
    assert any("signups_tally" in query["sql"] for query in asked)


def test_exports_are_read_from_the_copy_and_recorded_in_the_primary(head, copy):
    lead = factories.LeadFactory()
    with CaptureQueriesContext(copy) as asked:
        assert [row[1] for row in export(head)] == [lead.email]
    assert [query["sql"].split()[0] for query in asked if "signups_lead" in query["sql"]] == ["SELECT"] * 2
    assert Event.objects.filter(verb=Verb.EXPORTED).count() == 1


def test_whoever_the_copy_does_not_know_to_be_erased_is_in_no_export(head):
    stays, goes = factories.LeadFactory.create_batch(2)
    rows = export(head)
    with transaction.atomic():
        Lead.objects.filter(pk=goes.pk).update(status=LeadStatus.ERASED, name="", email="", email_key="")
        assert [row[1] for row in rows] == [stays.email]


@pytest.mark.parametrize(("seconds", "read"), [(60, "replica"), (61, "default")])
def test_copy_that_is_more_than_a_minute_behind_is_not_read(seconds, read):
    now = timezone.now()
    Heartbeat.objects.create(worker="a", at=now)
    with transaction.atomic():
        Heartbeat.objects.update(at=now + dt.timedelta(seconds=seconds))
        assert replica.read(str) == read


def test_copy_that_knows_no_worker_is_not_read():
    with transaction.atomic():
        Heartbeat.objects.create(worker="a", at=timezone.now())
        assert replica.read(str) == "default"


def test_desk_and_export_work_while_the_copy_is_away(client, head, copy, monkeypatch):
    copy.close()
    tries = []

    def connect():
        tries.append(1)
        raise OperationalError("away")

    monkeypatch.setattr(copy, "connect", connect)
    lead = factories.LeadFactory()
    assert client.get("/admin/").status_code == 200
    assert [row[1] for row in export(head)] == [lead.email]
    assert len(tries) == 1  # and it is not asked again by everybody


def test_copy_that_breaks_off_in_the_middle_is_left(head):
    def what(database):
        if database == "replica":
            raise OperationalError("canceling statement due to conflict with recovery")
        return database

    assert replica.read(what) == "default"
