"""An older backup brings nobody back and sends nothing twice; a killed one leaves nothing that looks like a backup."""

import datetime as dt
import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from clinic.management.commands import backup, run_worker
from signups.audit import chain
from signups.audit.choices import ActorKind
from signups.consents import actions as consents
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.messages import delivery
from signups.messages.choices import MessageStatus
from signups.ops import restore_journal, restore_marker
from signups.privacy import erasure, restoration
from tests import processes
from tests.clinic.test_backup import empty_database, run  # noqa: F401 - a fixture
from tests.factories import leads, messages
from tests.services import WAIT_TIMEOUT

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
    call_command("backup", str(file), stdout=io.StringIO())
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


@pytest.mark.sqlite
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


def lose_both(journal):
    for path in journal.parent.glob("restore-journal*"):
        path.unlink()


def lose_the_journal(journal):
    journal.unlink()


def cut_short(journal):
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:2]))


def take_out_what_was_sent(journal):
    """From the middle: every line that is left is genuine, and so is the end."""
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"act":"sent"' not in line))


def change_a_letter(journal):
    text = journal.read_text()
    at = text.index('"lead":"') + len('"lead":"')
    journal.write_text(text[:at] + ("1" if text[at] == "0" else "0") + text[at + 1 :])


def overwrite_with_rubbish(journal):
    journal.write_bytes(b"\xff\x00[1]\n{}\nnull\n" + journal.read_bytes()[40:])


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lose_both, marks=pytest.mark.sqlite, id="lose_both"),
        lose_the_journal,
        cut_short,
        change_a_letter,
        overwrite_with_rubbish,
        take_out_what_was_sent,
    ],
    ids=lambda harm: harm.__name__,
)
def test_without_a_whole_journal_what_was_due_is_withdrawn(harm, backed_up, empty_database, settings):  # noqa: F811
    """Nobody gets a mail twice because of a journal that cannot say what was sent; what is lost of it is said."""
    damaged = harm in (change_a_letter, overwrite_with_rubbish)
    harm(settings.RESTORE_JOURNAL_FILE)
    code, output = run("backup", "--restore", str(backed_up), database=empty_database)
    assert (code, "messages withdrawn: 2" in output) == (0, True), output
    assert ("damaged journal lines: 0" in output) == (not damaged)
    missing = harm in (cut_short, lose_the_journal, take_out_what_was_sent)
    assert ("gaps in the journal: 0" in output) == (not missing)
    assert ("The journal is not whole" in output) == (damaged or missing)
    assert "'sent'" not in state_of(empty_database)[0]


@pytest.mark.sqlite
def test_a_restore_that_broke_off_is_run_again(backed_up, empty_database, settings, tmp_path):  # noqa: F811
    """Until then neither the worker nor the site starts, nor is another backup read over it; each says what to do."""
    journal, away = settings.RESTORE_JOURNAL_FILE, tmp_path / "away"
    journal.rename(away)
    journal.mkdir()  # breaks the run off, after the database was loaded
    assert run("backup", "--restore", str(backed_up), database=empty_database)[0] == 1
    other = tmp_path / "other.backup"
    other.write_bytes(backed_up.read_bytes())
    environment = {"DATABASE_URL": empty_database, "RESTORE_JOURNAL_FILE": str(journal)}
    for refused in (["manage.py", "run_worker", "--once"], ["-c", "import clinic.wsgi"]):
        process = processes.python(*refused, **environment)
        said = process.communicate(timeout=WAIT_TIMEOUT)[0]
        assert process.returncode, said
        assert f"manage.py backup --restore {backed_up}" in said
    code, output = run("backup", "--restore", str(other), database=empty_database)
    assert (code, str(backed_up) in output) == (1, True), output
    journal.rmdir()
    away.rename(journal)
    code, output = run("backup", "--restore", str(backed_up), database=empty_database)
    assert (code, "people erased: 1" in output) == (0, True), output
    assert run("run_worker", "--once", database=empty_database)[0] == 0
    assert run("backup", "--restore", str(backed_up), database=empty_database)[0] == 1  # it was completed


RESUMED = (
    "from signups.consents import actions; from signups.audit.choices import ActorKind;"
    "from signups.models import Lead;"
    "from django.utils import timezone; lead = Lead.objects.last();"
    "actions.set_reminder_preference(lead, enabled=True, by=ActorKind.PATIENT, now=timezone.now())"
)


def put_in_place(backed_up, database):
    """What a hand or a storage does that knows nothing of the journal."""
    load = "from clinic.management.commands import backup; from pathlib import Path;"
    load += f"backup.load(Path({str(backed_up)!r}))"
    code, output = run("shell", "-c", load, database=database)
    assert code == 0, output


def on_another_machine(journal, folder):
    """The environment of a worker elsewhere, whose journal tells the same."""
    folder.mkdir()
    for file in journal.parent.glob("restore-journal*"):
        (folder / file.name).write_bytes(file.read_bytes())
    return {"RESTORE_JOURNAL_FILE": str(folder / journal.name), "AUDIT_CHAIN_HEAD_FILE": str(folder / "audit-head")}


def said_by(*command, **environment):
    process = processes.python(*command, **environment)
    said = process.communicate(timeout=WAIT_TIMEOUT)[0]
    return process.returncode, said


def test_nothing_starts_on_an_older_database_until_the_journal_was_applied(
    backed_up,
    empty_database,  # noqa: F811
    settings,
    tmp_path,
):
    """However it came there, on every machine whose journal tells of more; and nobody's later wish is undone."""
    here = {"DATABASE_URL": empty_database, "RESTORE_JOURNAL_FILE": str(settings.RESTORE_JOURNAL_FILE)}
    here["AUDIT_CHAIN_HEAD_FILE"] = str(settings.AUDIT_CHAIN_HEAD_FILE)
    there = here | on_another_machine(settings.RESTORE_JOURNAL_FILE, tmp_path / "another")
    worker, web = ("manage.py", "run_worker", "--once"), ("-c", "import clinic.wsgi")
    put_in_place(backed_up, empty_database)
    for command, environment in ((worker, here), (web, there)):
        code, said = said_by(*command, **environment)
        assert (code != 0, "manage.py apply_journal" in said) == (True, True), said
    code, said = said_by("manage.py", "apply_journal", **here)
    assert (code, "people erased: 1" in said, "messages known as sent: 1" in said) == (0, True, True), said
    assert "messages withdrawn: 0" in said
    assert said_by(*worker, **here)[0] == 0
    code, said = said_by("manage.py", "shell", "-c", RESUMED, **here)
    assert code == 0, said
    assert said_by(*worker, **there)[0] != 0  # a worker that starts later, elsewhere
    code, said = said_by("manage.py", "apply_journal", **there)
    assert (code, "people unsubscribed: 0" in said, "messages withdrawn: 0" in said) == (0, True, True), said
    assert said_by(*worker, **there)[0] == 0


@pytest.mark.sqlite
def test_a_worker_stops_when_an_older_database_is_put_in_its_place(backed_up, monkeypatch, settings):
    monkeypatch.setattr(signal, "signal", lambda *args: None)
    cursor = settings.RESTORE_JOURNAL_FILE.with_name("restore-journal.reached")
    chain.ChainHead(chain.ChainHead.noted(cursor).sequence + 5, "0" * 64).note(cursor)  # the database had gone on
    with pytest.raises(restore_marker.RestoreIncompleteError):
        restoration.journal_due(timezone.now)
    monkeypatch.setattr(run_worker, "require_applied", run_once(run_worker.require_applied))
    monkeypatch.setattr(delivery, "_lease_batch", lambda *args: pytest.fail("it went on"))
    with pytest.raises(CommandError, match="apply_journal"):
        call_command("run_worker")


def run_once(check):
    """At the start the database was right."""
    calls = []
    return lambda: calls.append(1) if not calls else check()


@pytest.mark.postgresql
def test_no_restore_while_a_service_runs(backed_up, empty_database):  # noqa: F811
    with psycopg.connect(empty_database):
        code, output = run("backup", "--restore", str(backed_up), database=empty_database)
    assert (code, "stop every service first" in output) == (1, True), output
    assert run("backup", "--restore", str(backed_up), database=empty_database)[0] == 0


@pytest.mark.sqlite
def test_two_restores_at_once(backed_up, empty_database):  # noqa: F811
    """One is done, the other refused, and the database is as after one."""
    both = [processes.manage("backup", "--restore", str(backed_up), DATABASE_URL=empty_database) for _ in range(2)]
    said = [process.communicate(timeout=WAIT_TIMEOUT)[0] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], said
    assert "[False, False, True]" in state_of(empty_database)[0]


def test_a_worker_stops_when_a_restore_begins(settings, monkeypatch):
    job = "tests.threats.test_older_backup.begin_a_restore"
    settings.WORKER_JOBS = {job: 0.0, "signups.messages.delivery.deliver_due": 0.0}
    monkeypatch.setattr(delivery, "_lease_batch", lambda *args: pytest.fail("it went on"))
    monkeypatch.setattr(signal, "signal", lambda *args: None)
    with pytest.raises(CommandError, match="restore"):
        call_command("run_worker")


def begin_a_restore(clock):
    restore_marker.begin(Path("any.backup"))


def test_journal_holds_keyed_hashes_only(backed_up, settings):
    text = settings.RESTORE_JOURNAL_FILE.read_text()
    assert text.count("\n") >= 5
    assert not re.search(r"@|example|gone|kept|confirm", text)
    assert oct(settings.RESTORE_JOURNAL_FILE.stat().st_mode)[-3:] == "600"


def test_journal_drops_old_sends_and_keeps_erasures(backed_up):
    later = timezone.now() + restore_journal.KEEP_SENT + dt.timedelta(days=1)
    assert restoration.drop_old_entries(lambda: later) == 1
    assert {entry["act"] for entry in restore_journal.read().entries} >= {"erased"}
    assert restoration.drop_old_entries(lambda: later) == 0


def test_what_a_crash_left_of_a_journal_line_is_taken_away(backed_up, settings):
    before = restore_journal.read().entries
    with settings.RESTORE_JOURNAL_FILE.open("a") as file:
        file.write('{"at": "2026-')
    assert restore_journal.read().entries == before
    restore_journal.append([before[0]])
    journal = restore_journal.read()
    assert (len(journal.entries), journal.damaged) == (len(before) + 1, 0)


@pytest.mark.sqlite
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


def test_what_killed_runs_left_is_deleted_and_what_another_run_writes_is_not(tmp_path):
    call_command("backup", str(tmp_path), stdout=io.StringIO())
    (good,) = tmp_path.iterdir()
    for name in ("2026-01-01T000000Z.backup.part", "2026-01-01T000000Z.backup.part-journal"):
        (tmp_path / name).write_bytes(b"half")
    with backup.unfinished(tmp_path / "2026-01-02T000000Z.backup.part") as busy:
        call_command("backup", str(tmp_path / "x"), stdout=io.StringIO())
        (tmp_path / "x").rename(tmp_path / "2026-01-03T000000Z.backup")
        backup.Command(stdout=io.StringIO()).delete_older(tmp_path, 1)
        assert sorted(tmp_path.iterdir()) == sorted([busy, good])


@pytest.mark.sqlite
def test_two_runs_write_no_file_together(tmp_path, monkeypatch):
    """Neither while the first still writes, nor in the moment in which it gives the file its own name."""
    file, genuine = tmp_path / "now.backup", backup.verify

    def meanwhile(part):
        for attempt in (file, tmp_path / "now.backup"):
            with pytest.raises(CommandError, match=r"Another run is writing .*now\.backup\.part"):
                call_command("backup", str(attempt), stdout=io.StringIO())
        genuine(part)

    monkeypatch.setattr(backup, "verify", meanwhile)
    call_command("backup", str(file), stdout=io.StringIO())
    genuine(file)
    monkeypatch.setattr(backup.fcntl, "flock", lambda *args: (tmp_path / "z.part").rename(tmp_path / "z"))
    with pytest.raises(CommandError, match="Another run"), backup.unfinished(tmp_path / "z.part"):
        pass


@pytest.mark.sqlite
def test_a_full_disk_leaves_no_backup_and_says_so(tmp_path):
    """In a process that may write files of 16 kB only, and with the good one of before still there."""
    call_command("backup", str(tmp_path), stdout=io.StringIO())
    before = list(tmp_path.iterdir())
    argv = ["bash", "-c", f"ulimit -f 16; exec {sys.executable} manage.py backup {tmp_path} --keep 1"]
    environment = processes.clean_environment(
        DATABASE_URL=processes.database_url(), DATA_DIR=os.environ.get("DATA_DIR", ""), PYTHONDONTWRITEBYTECODE="1"
    )
    done = subprocess.run(argv, cwd=processes.ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "CommandError" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == before


@pytest.mark.sqlite
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
