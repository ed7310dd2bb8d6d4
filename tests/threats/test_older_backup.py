"""An older backup brings nobody back and sends nothing twice; a killed one leaves nothing that looks like a backup."""

import datetime as dt
import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from clinic.management.commands import backup
from signups.audit import chain
from signups.audit.choices import ActorKind
from signups.consents import actions as consents
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.messages import delivery
from signups.messages.choices import MessageStatus
from signups.ops import restore_journal
from signups.privacy import erasure, restoration
from tests import processes
from tests.clinic.test_backup import empty_database, run  # noqa: F401 - a fixture
from tests.factories import leads, messages

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_clock]

STATE = (
    "from signups.leads.models import Lead; from signups.messages.models import OutboxMessage as M;"
    "from signups.consents.suppression_models import Suppression as S; from signups.consents.policy import agrees_to;"
    "from django.utils import timezone; from signups.messages import delivery; from django.conf import settings;"
    "settings.EMAIL_BACKEND = 'django.core.mail.backends.dummy.EmailBackend'; delivery.deliver_due(timezone.now);"
    "print('STATE', list(Lead.objects.order_by('pk').values_list('status', 'email')),"
    "[bool(lead.unsubscribed_at) for lead in Lead.objects.order_by('pk')],"
    "S.objects.among(['gone@example.com', 'kept@example.com']),"
    "list(M.objects.order_by('subject').values_list('subject', 'status')))"
)


def work():
    """What the worker does, until there is nothing left."""
    while chain.append_to_chain(timezone.now) or restoration.journal_due(timezone.now):
        pass


@pytest.fixture
def backed_up(clinic, tmp_path):
    """A backup; since then one person was erased, one opted out, and one of two messages was sent."""
    gone, kept, mute = (leads.LeadFactory(email=f"{name}@example.com") for name in ("gone", "kept", "mute"))
    for lead in (gone, kept, mute):
        consents.grant_consent(
            lead, ConsentPurpose.CALLS, channel=ConsentChannel.WEB, by=ActorKind.PATIENT, now=timezone.now()
        )
    sent = messages.OutboxMessageFactory(lead=kept, subject="A sent", kind="erasure_receipt")
    later = messages.OutboxMessageFactory(lead=mute, subject="B not sent", kind="erasure_receipt")
    work()
    file = tmp_path / "older.backup"
    code, output = run("backup", str(file), database=processes.database_url())
    assert code == 0, output
    type(later).objects.filter(pk=later.pk).update(send_at=timezone.now() + dt.timedelta(hours=1))
    assert delivery.deliver_due(timezone.now) == 1
    sent.refresh_from_db()
    assert sent.status == MessageStatus.SENT
    erasure.erase_lead(gone, by=ActorKind.PATIENT, now=timezone.now())
    consents.unsubscribe(mute, channel=ConsentChannel.WEB, by=ActorKind.PATIENT, now=timezone.now())
    consents.revoke_consent(
        mute, ConsentPurpose.CALLS, channel=ConsentChannel.PHONE, by=ActorKind.PATIENT, now=timezone.now()
    )
    work()
    return file


def state_of(database):
    output = run("shell", "-c", STATE, database=database)[1]
    return output.split("STATE")[1].strip(), output


def test_an_older_backup_brings_nobody_back_and_sends_nothing_twice(backed_up, empty_database, tmp_path):  # noqa: F811
    code, output = run("backup", "--restore", str(backed_up), database=empty_database)
    assert code == 0, output
    for done in ("people erased: 1", "people unsubscribed: 1", "consents withdrawn: 1", "messages known as sent: 1"):
        assert done in output
    assert "messages withdrawn: 0" in output
    assert "The audit log was longer than in the backup" in output
    state, said = state_of(empty_database)
    assert "gone@example.com" not in state.split("{")[0], said
    assert "{'gone@example.com'}" in state
    assert "[False, False, True]" in state
    assert "('A sent', 'cancelled'), ('B not sent', 'sent')" in state


def test_without_the_journal_what_was_due_is_withdrawn(backed_up, empty_database, settings):  # noqa: F811
    for path in settings.RESTORE_JOURNAL_FILE.parent.glob("restore-journal*"):
        path.unlink()
    code, output = run("backup", "--restore", str(backed_up), database=empty_database)
    assert (code, "messages withdrawn: 2" in output) == (0, True), output
    assert "'sent'" not in state_of(empty_database)[0]


def test_a_restore_that_broke_off_is_run_again(backed_up, empty_database, settings):  # noqa: F811
    journal = settings.RESTORE_JOURNAL_FILE
    good = journal.read_text()
    journal.write_text(good + '{"act": "sent"}\n')  # breaks the run off, after the database was loaded
    assert run("backup", "--restore", str(backed_up), database=empty_database)[0] == 1
    journal.write_text(good)
    code, output = run("backup", "--restore", str(backed_up), database=empty_database)
    assert (code, "people erased: 1" in output) == (0, True), output
    assert run("backup", "--restore", str(backed_up), database=empty_database)[0] == 1  # it was completed


def test_journal_holds_keyed_hashes_only(backed_up, settings):
    text = settings.RESTORE_JOURNAL_FILE.read_text()
    assert text.count("\n") >= 5
    assert not re.search(r"@|example|gone|kept|confirm", text)
    assert oct(settings.RESTORE_JOURNAL_FILE.stat().st_mode)[-3:] == "600"


def test_journal_drops_old_sends_and_keeps_erasures(backed_up):
    later = timezone.now() + restore_journal.KEEP_SENT + dt.timedelta(days=1)
    assert restoration.drop_old_entries(lambda: later) == 1
    assert {entry["act"] for entry in restore_journal.read(timezone.now() - dt.timedelta(days=1))} >= {"erased"}
    assert restoration.drop_old_entries(lambda: later) == 0


def test_a_journal_line_cut_short_by_a_crash_hides_no_other(backed_up, settings):
    before = restore_journal.read(timezone.now() - dt.timedelta(days=1))
    with settings.RESTORE_JOURNAL_FILE.open("a") as file:
        file.write('{"at": "2026-')
    assert restore_journal.read(timezone.now() - dt.timedelta(days=1)) == before
    restore_journal.append([before[0]])
    assert len(restore_journal.read(timezone.now() - dt.timedelta(days=1))) == len(before) + 1


def test_a_killed_backup_leaves_nothing_that_looks_like_one(tmp_path, monkeypatch):
    call_command("backup", str(tmp_path), stdout=io.StringIO())
    (good,) = tmp_path.iterdir()

    class Killed(BaseException):
        pass

    def killed(file):
        file.write_bytes(b"half")
        raise Killed

    monkeypatch.setattr(backup, "dump", killed)
    monkeypatch.setattr(backup.Path, "unlink", lambda *args, **kwargs: None)  # kill -9 cleans nothing up
    with pytest.raises(Killed):
        call_command("backup", str(tmp_path / "2099-01-01T000000Z.backup"))
    assert sorted(path for path in tmp_path.glob(backup.DATED_NAME) if path.suffix == ".backup") == [good]


def test_what_a_killed_run_of_before_left_does_not_count_among_the_kept(tmp_path, time_machine):
    call_command("backup", str(tmp_path), stdout=io.StringIO())
    (good,) = tmp_path.iterdir()
    for day in (1, 2, 3):
        (tmp_path / f"2098-01-0{day}T000000Z.backup").touch()
    call_command("backup", str(tmp_path / "x.backup"), stdout=io.StringIO())
    (tmp_path / "x.backup").rename(tmp_path / "2099-01-01T000000Z.backup")
    time_machine.move_to("2099-01-02", tick=False)
    call_command("backup", str(tmp_path), keep=3, stdout=io.StringIO())
    assert good.exists()


def test_a_backup_that_cannot_be_read_back_is_none(tmp_path, monkeypatch):
    genuine = backup.dump

    def damaged(file):
        genuine(file)
        file.write_bytes(file.read_bytes()[:-5000])

    monkeypatch.setattr(backup, "dump", damaged)
    with pytest.raises(CommandError):
        call_command("backup", str(tmp_path / "new.backup"))
    assert list(tmp_path.iterdir()) == []
    assert connection.vendor in ("sqlite", "postgresql")
