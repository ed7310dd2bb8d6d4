"""Two workers that seal at one moment break nothing, and a race is told from a theft."""

import datetime as dt
import threading

import pytest
from django.db import connection
from django.utils import timezone

from signups.audit import chain, signing
from signups.audit.models import AuditEvent
from tests.factories import audit
from tests.signups.audit.test_chain import seal, sql, verdict


def in_another_worker(action):
    """Run it to its commit on a connection of its own."""

    def work():
        try:
            action()
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()


@pytest.fixture
def overtaken(monkeypatch):
    """overtaken(): seal a batch that another worker, which saw one event more, seals while this one computes hashes."""
    genuine = signing.chain_hash

    def seal_in_between(*args, **kwargs):
        monkeypatch.setattr(signing, "chain_hash", genuine)
        in_another_worker(lambda: (audit.AuditEventFactory(pk=5), seal()))
        return genuine(*args, **kwargs)

    def overtaken():
        monkeypatch.setattr(signing, "chain_hash", seal_in_between)
        return chain.append_to_chain(timezone.now)

    return overtaken


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_an_overtaken_worker_notes_no_end_that_the_database_does_not_have(overtaken, monkeypatch, settings):
    monkeypatch.setattr(chain, "_lock_chain", lambda: None)  # as if the lock failed too
    audit.AuditEventFactory.create_batch(3)
    assert overtaken() == 0
    head = chain.ChainHead.noted(settings.AUDIT_CHAIN_HEAD_FILE)
    assert AuditEvent.objects.get(sequence=4).chain_hash == head.chain_hash
    audit.AuditEventFactory()
    assert seal() == 1
    assert verdict().startswith("The audit trail holds: 5 events sealed, 0 wait")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_one_worker_seals_at_a_time(monkeypatch):
    """What the second one would have sealed is sealed already when its turn comes."""
    audit.AuditEventFactory.create_batch(3)
    batch, results, entered, finish = chain._append_batch, [], threading.Event(), threading.Event()

    def slow_batch(recorded):
        entered.set()
        finish.wait(30)
        return batch(recorded)

    monkeypatch.setattr(chain, "_append_batch", slow_batch)
    first = threading.Thread(target=lambda: (results.append(chain.append_to_chain(timezone.now)), connection.close()))
    first.start()
    assert entered.wait(30)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", ["signups_auditevent"])
        assert cursor.fetchone() == (False,)
    finish.set()
    first.join()
    assert results == [3]


@pytest.fixture
def head_of_a_lost_race(settings):
    """As two workers left it: one noted the end of a batch in which it had missed an event."""
    events = audit.AuditEventFactory.create_batch(4)
    missed, *seen = events
    head = chain.GENESIS_HEAD
    for sequence, event in enumerate(seen, 1):
        head = chain.ChainHead(
            sequence, signing.chain_hash(head.chain_hash, sequence, event.pk, event.signature), event.pk
        )
    seal()
    head.note(settings.AUDIT_CHAIN_HEAD_FILE)
    return [missed, *seen]


@pytest.mark.django_db
def test_verify_audit_tells_a_race(head_of_a_lost_race, settings):
    assert "another worker overtook" in verdict()
    audit.AuditEventFactory()
    assert seal() == 1
    assert verdict().startswith("The audit trail holds: 5 events sealed, 0 wait")


@pytest.mark.django_db
@pytest.mark.parametrize("copied", [False, True])
def test_verify_audit_tells_a_theft_that_looks_like_a_race(copied, settings):
    """Somebody deletes an event (and puts in a copy of another) and lets a worker seal what is left anew."""
    events = audit.AuditEventFactory.create_batch(5)
    seal()
    noted = settings.AUDIT_CHAIN_HEAD_FILE.read_text()
    sql("UPDATE signups_auditevent SET sequence = NULL, chain_hash = ''")
    sql("DELETE FROM signups_auditevent WHERE id = %s", events[1].pk)
    if copied:
        copy = AuditEvent.objects.get(pk=events[0].pk)
        columns = "lead_id, target, occurred_at, actor_kind, actor_id, action, detail, signature, chain_hash"
        sql(
            f"INSERT INTO {AuditEvent._meta.db_table} (id, {columns})"
            f" SELECT %s, {columns} FROM {AuditEvent._meta.db_table} WHERE id = %s",
            events[1].pk,
            copy.pk,
        )
    settings.AUDIT_CHAIN_HEAD_FILE.unlink()
    seal()
    settings.AUDIT_CHAIN_HEAD_FILE.write_text(noted)
    assert "replaced" in verdict()


@pytest.mark.django_db
@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("days_back", [0, 400])
def test_a_retired_key_signs_nothing_any_more(settings, sealed, days_back):
    (old,), now = settings.AUDIT_KEYS, timezone.now()
    audit.AuditEventFactory(occurred_at=now - dt.timedelta(days=9))
    settings.AUDIT_KEYS = ["a new key", old]
    audit.AuditEventFactory(occurred_at=now - dt.timedelta(days=8))
    settings.AUDIT_KEYS = [old]
    late = audit.AuditEventFactory(occurred_at=now - dt.timedelta(days=8))  # by a process that was not restarted yet
    settings.AUDIT_KEYS = ["a new key", old]
    audit.AuditEventFactory(occurred_at=now)
    seal()
    assert verdict().startswith("The audit trail holds: 4")
    settings.AUDIT_KEYS = [old]
    forged = audit.AuditEventFactory(occurred_at=now - dt.timedelta(days=days_back))
    settings.AUDIT_KEYS = ["a new key", old]
    if sealed:
        seal()
    assert verdict() == f"Event {forged.pk} is signed with a key that was retired before it was written."
    assert late.pk < forged.pk
