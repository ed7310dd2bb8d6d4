"""The audit trail: sealed in order, never changed, and telling where somebody did."""

import json
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from signups.audit import chain, signing, triggers
from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from tests.factories import audit, leads

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail():
    """Five sealed events of one lead; returns their ids in order."""
    lead = leads.LeadFactory()
    ids = [
        record_event(lead, AuditAction.CHANGED, by=ActorKind.SYSTEM, now=timezone.now(), number=number).pk
        for number in range(5)
    ]
    assert seal() == 5
    return ids


def seal():
    total = 0
    while done := chain.append_to_chain(timezone.now):
        total += done
    return total


def sql(statement, *parameters):
    """Runs it as somebody who could take the guards down, and puts them up again."""
    triggers.drop_triggers(connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
    triggers.install_triggers()


def refused(statement):
    with (
        pytest.raises(IntegrityError, match="added to, never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def verdict():
    try:
        call_command("verify_audit", stdout=(out := StringIO()))
    except CommandError as error:
        return str(error)
    return out.getvalue()


def test_trail_that_nobody_touched_holds(trail):
    record_event(None, AuditAction.CHANGED, by=ActorKind.SYSTEM, now=timezone.now(), target="host:5")
    assert verdict().startswith("The audit trail holds: 5 events sealed, 1 wait for the worker.")


def test_changed_event_is_named(trail):
    sql("UPDATE signups_auditevent SET action = 'confirmed' WHERE id = %s", trail[2])
    assert verdict() == f"Event {trail[2]} does not say what was written: it was changed afterwards."


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("occurred_at", "2020-01-01 00:00:00+00:00"),
        ("detail", json.dumps({"number": 9})),
        ("target", "host:1"),
        ("idempotency_key", "11111111111141118111111111111111"),
    ],
)
def test_every_part_of_an_event_counts(trail, column, value):
    sql(f"UPDATE signups_auditevent SET {column} = %s WHERE id = %s", value, trail[2])
    assert f"Event {trail[2]} does not say" in verdict()


def test_deleted_event_is_missed(trail):
    sql("DELETE FROM signups_auditevent WHERE id = %s", trail[2])
    assert verdict() == f"The event at place 3 is gone: event {trail[3]}, place 4, comes next."


def test_inserted_event_is_named_before_and_after_it_was_sealed(trail):
    columns = "lead_id, target, occurred_at, actor_kind, actor_id, action, detail, signature, chain_hash"
    sql(
        f"INSERT INTO signups_auditevent ({columns}) SELECT lead_id, target, occurred_at, actor_kind, actor_id,"
        " 'confirmed', detail, signature, '' FROM signups_auditevent WHERE id = %s",
        trail[0],
    )
    forged = AuditEvent.objects.latest("id").pk
    expected = f"Event {forged} does not say what was written: it was changed afterwards."
    assert verdict() == expected
    seal()
    assert verdict() == expected


def test_reordered_events_are_named(trail):
    first, second = AuditEvent.objects.filter(pk__in=trail[1:3]).order_by("sequence")
    sql("UPDATE signups_auditevent SET sequence = 1000 WHERE id = %s", first.pk)
    sql("UPDATE signups_auditevent SET sequence = %s, chain_hash = %s WHERE id = %s", 2, first.chain_hash, second.pk)
    sql("UPDATE signups_auditevent SET sequence = %s, chain_hash = %s WHERE id = %s", 3, second.chain_hash, first.pk)
    assert verdict() == f"In event {second.pk}, place 2: not the event that was sealed there. It was moved or put in."


def test_truncated_trail_shows_by_the_head_outside_the_database(trail, settings):
    sql("DELETE FROM signups_auditevent WHERE id >= %s", trail[3])
    assert "The log was cut short or replaced." in verdict()
    # The worker neither seals over it nor forgets the head.
    audit.AuditEventFactory()
    noted = settings.AUDIT_CHAIN_HEAD_FILE.read_text()
    with pytest.raises(chain.ChainVerificationError):
        chain.append_to_chain(timezone.now)
    assert settings.AUDIT_CHAIN_HEAD_FILE.read_text() == noted


def test_emptied_trail_shows_too(trail):
    sql("DELETE FROM signups_auditevent")
    assert "The log was cut short or replaced." in verdict()


def test_head_is_logged(trail, caplog):
    audit.AuditEventFactory()
    with caplog.at_level("INFO", "signups.audit"):
        seal()
    assert caplog.messages == [f"the audit trail ends at 6 with {AuditEvent.objects.get(sequence=6).chain_hash}"]


def test_old_key_is_believed_but_cannot_continue(trail, settings):
    (old,) = settings.AUDIT_KEYS
    settings.AUDIT_KEYS = ["a new key", old]
    audit.AuditEventFactory()
    seal()
    assert verdict().startswith("The audit trail holds: 6")
    settings.AUDIT_KEYS = [old]
    audit.AuditEventFactory()
    seal()
    settings.AUDIT_KEYS = ["a new key", old]
    key = signing.key_id(AuditEvent.objects.get(sequence=7).chain_hash)
    assert verdict().endswith(f"place 7: sealed with the key “{key}”, which is not ours or already retired.")


def test_unknown_key_is_said(trail, settings):
    settings.AUDIT_KEYS = ["another key"]
    assert verdict() == f"Event {trail[0]} was not written by the site: it is signed with no key of ours."


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM signups_auditevent",
        "UPDATE signups_auditevent SET action = 'confirmed'",
        "UPDATE signups_auditevent SET sequence = sequence + 100",
        "UPDATE signups_auditevent SET sequence = NULL, chain_hash = ''",
    ],
)
def test_database_itself_refuses(trail, statement):
    refused(statement)
    assert verdict().startswith("The audit trail holds: 5")


def test_trail_is_not_emptied_at_one_stroke(trail):
    connection.check_constraints()  # PostgreSQL empties no table while a check of it is put off
    refused(
        {"postgresql": "TRUNCATE signups_lead CASCADE", "sqlite": "DELETE FROM signups_auditevent"}[connection.vendor]
    )
    assert verdict().startswith("The audit trail holds: 5")


def test_unsealed_event_is_guarded_as_well():
    event = audit.AuditEventFactory()
    refused("UPDATE signups_auditevent SET sequence = 1, chain_hash = 'x', action = 'confirmed'")
    event.refresh_from_db()
    assert event.sequence is None


def test_lost_guards_are_said_and_put_up_by_migrate(trail):
    triggers.drop_triggers(connection)
    assert verdict().startswith(
        "The database lacks its guards signups_auditevent_no_delete, signups_auditevent_no_update"
    )
    call_command("migrate", verbosity=0)
    assert verdict().startswith("The audit trail holds: 5")


TABLE = triggers.TABLE
SQLITE = [
    f"DROP TRIGGER {TABLE}_no_{deed}; CREATE TRIGGER {TABLE}_no_{deed} BEFORE {deed} ON {TABLE} {rest}"
    for deed, rest in [
        ("delete", "WHEN 0 BEGIN SELECT 1; END"),
        ("update", "WHEN 0 BEGIN SELECT RAISE(ABORT, 'The audit trail is added to, never changed.'); END"),
    ]
]
POSTGRESQL = [
    f"ALTER TABLE {TABLE} DISABLE TRIGGER {TABLE}_no_delete",
    f"ALTER TABLE {TABLE} ENABLE REPLICA TRIGGER {TABLE}_no_delete",
    f"CREATE OR REPLACE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$",
    *(
        f"DROP TRIGGER {TABLE}_no_delete ON {TABLE}; CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {where} "
        f"EXECUTE FUNCTION {TABLE}_refuse()"
        for where in ("signups_lead FOR EACH ROW", f"{TABLE} FOR EACH ROW WHEN (false)")
    ),
]


@pytest.mark.parametrize("change", SQLITE if connection.vendor == "sqlite" else POSTGRESQL)
def test_guard_that_refuses_nothing_is_none(trail, change):
    assert triggers.missing_triggers(connection) == []
    connection.check_constraints()  # PostgreSQL alters no table that still has some to check
    with connection.cursor() as cursor:
        for statement in change.split("; CREATE"):
            cursor.execute(statement if statement.startswith(("DROP", "ALTER", "CREATE")) else f"CREATE{statement}")
    assert verdict().startswith("The database lacks its guards signups_auditevent_no_")


def test_bulk_created_events_are_signed_too():
    lead = leads.LeadFactory()
    AuditEvent.objects.bulk_create(audit.AuditEventFactory.build_batch(3, lead=lead))
    assert seal() == 3
    assert verdict().startswith("The audit trail holds: 3")


def test_event_without_lead_names_its_subject():
    with pytest.raises(IntegrityError), transaction.atomic():
        record_event(None, AuditAction.CHANGED, by=ActorKind.SYSTEM, now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_two_workers_seal_one_chain():
    audit.AuditEventFactory.create_batch(40)
    failures = []

    def work():
        try:
            seal()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seal()
    assert failures == []
    assert verdict().startswith("The audit trail holds: 40 events sealed, 0 wait")


def test_event_that_commits_late_is_not_skipped(trail):
    """Ids are given before a commit: a slow transaction's event appears below ones that are sealed already."""
    late = trail[-1] + 1
    soon = audit.AuditEventFactory(pk=late + 1)
    assert seal() == 1
    audit.AuditEventFactory(pk=late)
    assert seal() == 1
    assert list(AuditEvent.objects.order_by("sequence").values_list("pk", flat=True)) == [*trail, soon.pk, late]
    assert verdict().startswith("The audit trail holds: 7")
