"""Letting go of what is older than we keep it, and the commands about one person."""

import datetime as dt
import json
import os
import zipfile
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from signups.audit.models import AuditEvent
from signups.leads.models import Lead
from signups.messages.models import OutboxMessage
from signups.ops import rate_limit
from signups.ops.models import RateLimitCounter
from signups.privacy import retention
from tests.factories.audit import AuditEventFactory
from tests.factories.callbacks import CallbackRequestFactory
from tests.factories.leads import LeadFactory
from tests.factories.messages import OutboxMessageFactory
from tests.factories.ops import RateLimitCounterFactory
from tests.factories.trials import TrialFactory, WaitlistEntryFactory

pytestmark = pytest.mark.django_db


def ago(days):
    return timezone.now() - dt.timedelta(days=days)


def ran(*args):
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def test_dry_run_tells_and_changes_nothing(clinic):
    TrialFactory(lead__created_at=ago(31), requested_at=ago(31))
    out = ran("purge")
    assert "people who never confirmed: 1" in out
    assert "Nothing was changed" in out
    assert Lead.objects.get().name == "Jo Miller"


def test_only_who_asked_for_nothing_else_and_never_confirmed_goes(clinic):
    old = {"lead__created_at": ago(31)}
    gone = TrialFactory(**old, requested_at=ago(31)).lead
    TrialFactory(**old, requested_at=ago(31), started_at=ago(31))
    TrialFactory(requested_at=ago(29), lead__created_at=ago(29))
    CallbackRequestFactory(**old)
    WaitlistEntryFactory(**old)
    ran("purge", "--apply")
    assert list(Lead.objects.filter(status="erased")) == [gone]
    assert OutboxMessage.objects.count() == 0  # no receipt for what nobody asked


def test_texts_of_old_messages_go_and_the_fact_stays(clinic):
    lead = LeadFactory(created_at=ago(400))
    AuditEventFactory(lead=lead)
    TrialFactory(lead=lead, requested_at=ago(399), started_at=ago(399))
    old = OutboxMessageFactory(lead=lead, status="sent", created_at=ago(366), sent_at=ago(366))
    new = OutboxMessageFactory(lead=lead, status="sent", created_at=ago(364), sent_at=ago(364))
    waiting = OutboxMessageFactory(lead=lead, created_at=ago(366))
    out = ran("purge", "--apply")
    assert "texts of old messages: 1\n  1 of 1" in out
    assert [OutboxMessage.objects.get(pk=row.pk).text for row in (old, new, waiting)] == ["", "A text.", "A text."]


def test_people_long_silent_are_erased(clinic):
    started = {"requested_at": ago(3000), "started_at": ago(3000), "lead__created_at": ago(3000)}
    silent, recent = TrialFactory(**started).lead, TrialFactory(**started).lead
    AuditEventFactory(lead=silent, occurred_at=ago(2200))
    AuditEventFactory(lead=recent, occurred_at=ago(2100))
    ran("purge", "--apply")
    assert list(Lead.objects.filter(status="erased")) == [silent]


def test_purge_that_was_stopped_is_taken_up_again(clinic, monkeypatch):
    monkeypatch.setattr(retention, "RETENTION_BATCH", 2)
    for _ in range(5):
        TrialFactory(lead__created_at=ago(31), requested_at=ago(31))
    rule = next(rule for rule in retention.RULES if rule.what == "people who never confirmed")
    first = next(retention.apply_rule(rule, timezone.now()))
    assert (first, Lead.objects.live().count()) == (2, 3)
    assert "  2 of 3\n  3 of 3" in ran("purge", "--apply")


def test_worker_lets_go_bit_by_bit_and_tells_the_audit_trail(clinic, monkeypatch):
    monkeypatch.setattr(retention, "RETENTION_BATCH", 2)
    for _ in range(3):
        OutboxMessageFactory(lead__created_at=ago(3), status="sent", created_at=ago(366), sent_at=ago(366))
    gone = TrialFactory(lead__created_at=ago(31), requested_at=ago(31)).lead
    done = []
    while not done or done[-1]:
        done.append(retention.apply_due_rules(timezone.now))
    assert done == [2, 1, 1, 0]
    told = AuditEvent.objects.order_by("id").values_list("target", "action", "detail", "lead")
    assert list(told) == [
        ("table:outboxmessage", "let_go", {"rows": 2}, None),
        ("table:outboxmessage", "let_go", {"rows": 1}, None),
        ("", "erased", {}, gone.pk),
    ]


def test_worker_does_it_once_a_day(settings):
    assert settings.WORKER_JOBS["signups.privacy.retention.apply_due_rules"] == 24 * 60 * 60


def test_counts_of_windows_long_over_are_forgotten():
    RateLimitCounterFactory(window=ago(3))
    kept = RateLimitCounterFactory(window=ago(1))
    assert [rate_limit.delete_expired(timezone.now), rate_limit.delete_expired(timezone.now)] == [1, 0]
    assert list(RateLimitCounter.objects.all()) == [kept]


@pytest.mark.parametrize("by", ["public_id", "email"])
def test_lead_is_erased_by_command(clinic, by):
    lead = TrialFactory(requested_at=ago(1), started_at=ago(1)).lead
    out = ran("erase_lead", str(getattr(lead, by)), "--yes")
    assert (Lead.objects.get().status, "Erased." in out, lead.name in out) == ("erased", True, False)
    assert [message.kind for message in lead.messages.all()] == ["erasure_receipt"]


def test_lead_is_not_erased_without_a_yes(clinic, monkeypatch):
    lead = LeadFactory()
    monkeypatch.setattr("builtins.input", lambda prompt: "y")
    with pytest.raises(CommandError, match="Nothing was changed"):
        ran("erase_lead", str(lead.public_id))
    assert Lead.objects.get().status == "new"


@pytest.mark.parametrize("who", ["nobody@example.com", "not-an-id", "ü@example.com"])
def test_command_about_nobody_says_so(who):
    with pytest.raises(CommandError, match="No lead has"):
        ran("erase_lead", who, "--yes")


def test_export_by_command_is_for_its_owner_only(clinic, tmp_path):
    lead = TrialFactory(requested_at=ago(1), lead__referral_answer="from Kim").lead
    file = tmp_path / "data.zip"
    ran("export_lead", lead.email, str(file))
    assert oct(os.stat(file).st_mode & 0o777) == "0o600"
    with zipfile.ZipFile(file) as archive:
        held = json.loads(archive.read("my-data.json"))
        assert "from Kim" in archive.read("my-data.html").decode()
    assert (held["lead"]["name"], held["trials"][0]["days"]) == ("Jo Miller", 7)
    assert [event.action for event in lead.events.all()] == ["downloaded"]
    with pytest.raises(CommandError, match="File exists"):
        ran("export_lead", lead.email, str(file))
