"""What is killed in the middle, what must hold afterwards, and the switch that breaks that rule on purpose."""

import datetime as dt
import io
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import CommandError, call_command
from django.db import connection, connections, models
from django.db.migrations.migration import Migration
from django.utils import timezone

from clinic import roles
from clinic.lib import encryption
from clinic.management.commands import backup, rotate_encryption_keys, run_worker
from signups.audit import chain
from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.duplicates import merging
from signups.exports import actions as exports
from signups.exports.choices import ExportReason
from signups.imports import actions as imports
from signups.leads.choices import LeadStatus
from signups.leads.models import Lead
from signups.messages import delivery
from signups.messages.choices import MessageStatus
from signups.messages.models import OutboxMessage
from signups.ops import key_check
from signups.privacy import erasure, export_jobs, restoration, retention
from tests import factories
from tests.factories.users import UserFactory

from . import kill_points
from .kill_points import World

NEW_KEY = Fernet.generate_key().decode()
PEOPLE = 12


def silent() -> io.StringIO:
    return io.StringIO()


# --- What must be the same: every row, by what its columns say or whether they say anything -----------------------
def census(world: World) -> Any:
    """Chain what waits, verify the audit log, and count the rows of every table by their states and filled columns."""
    while chain.append_to_chain(timezone.now):
        pass
    chain.verify_chain()
    return {model._meta.label: rows_of(model) for model in apps.get_models()}


def rows_of(model: Any) -> list[list[Any]]:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    rows = Counter(
        " ".join(said(field, field.value_from_object(row)) for field in fields) for row in model._base_manager.all()
    )
    return sorted(map(list, rows.items()))


def said(field: Any, value: Any) -> str:
    """Return the value of a state or a number; of any other column, whether there is one."""
    if field.choices or (isinstance(field, models.IntegerField) and not field.is_relation):
        return str(value)
    return "-" if value in (None, "", [], {}) else "·"


def audit_log_holds(world: World) -> None:
    chain.verify_chain()


@contextmanager
def every_statement_for_itself() -> Iterator[None]:
    """The rule “all or nothing” broken: what a transaction has written is committed before it writes again."""

    def commit_it(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if sql.lstrip().upper().startswith(kill_points.WRITES):
            with suppress(sqlite3.OperationalError):  # while it still reads
                connection.connection.commit()
        return execute(sql, *args)

    with (
        mock.patch.object(connections["default"], "_savepoint_allowed", return_value=False),
        connection.execute_wrapper(commit_it),
    ):
        yield


@dataclass(frozen=True)
class Drill:
    """`act` is killed and then run again; `facts` must then be those of one run that nobody killed.

    `between` raises when something does not even hold right after the kill. A `whole` act is then done or not begun.
    `broken` is the product with the rule broken.
    """

    prepare: Callable[[World], None]
    act: Callable[[World], None]
    broken: Callable[[], AbstractContextManager[Any]] = every_statement_for_itself
    facts: Callable[[World], Any] = census
    between: Callable[[World], None] = audit_log_holds
    whole: bool = False
    empty: bool = False  # the act meets a database without tables
    limit: int = 10  # kills
    growing: Callable[[World], bool] | None = None


# --- migrate ------------------------------------------------------------------------------------------------------
def schema(world: World) -> Any:
    columns = (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            columns if connection.vendor == "postgresql" else "SELECT name, sql FROM sqlite_master ORDER BY 1"
        )
        found = [list(row) for row in cursor.fetchall()]
    key_check.verify_keys()
    chain.verify_chain()  # the triggers are there
    groups = apps.get_model("auth.Group").objects.order_by("name").values_list("name", "permissions__codename")
    return [found, sorted(map(str, groups))]


def migrate(world: World) -> None:
    call_command("migrate", verbosity=0)


def open_clinic(world: World) -> None:
    """Make the tables, and the least that a running site has."""
    migrate(world)
    factories.ClinicProfileFactory()
    for kind in ("terms", "privacy", "news", "calls", "texts", "callbacks"):
        factories.LegalTextFactory(kind=kind, title=f"Our {kind}")


# --- people, of all kinds -----------------------------------------------------------------------------------------
def person(number: int = 0) -> Lead:
    """Somebody of whom every table has something."""
    lead = factories.TrialFactory(lead__email=f"p{number}@example.com").lead
    factories.NoteFactory(lead=lead)
    factories.CallbackRequestFactory(lead=lead, phone_e164=f"+1212555{number:04}")
    factories.OnboardingCallFactory(lead=lead)
    factories.OutboxMessageFactory(lead=lead)
    factories.DataExportJobFactory(lead=lead)
    factories.LeadTagFactory(lead=lead)
    record_event(lead, AuditAction.SIGNED_UP, by=ActorKind.PATIENT, now=timezone.now())
    return lead


def two_people(world: World) -> None:
    one, other = person(1), person(2)
    other.calls.all().delete()
    other.callbacks.all().delete()
    one.trials.all().delete()
    list_of_people(world)  # in which they are, and which nobody has taken in yet
    UserFactory(username="head", role=roles.HEAD)


def head() -> Any:
    return apps.get_model("auth.User").objects.get(username="head")


def erase(world: World) -> None:
    erasure.erase_lead(
        Lead.objects.filter(trials__isnull=False).earliest("pk"), by=ActorKind.PATIENT, now=timezone.now()
    )


def merge(world: World) -> None:
    lead, other = Lead.objects.order_by("pk")[:2]
    if other.status != LeadStatus.MERGED:
        merging.merge_leads(lead=lead, other=other, from_other={"email"}, by=head(), now=timezone.now())


# --- import, export -----------------------------------------------------------------------------------------------
def list_of_people(world: World) -> None:
    by = UserFactory(username="lister", role=roles.HEAD)
    rows = [f"Jo Miller,p{number}@example.com,(212) 555-{number:04}" for number in range(PEOPLE)]
    content = "\n".join(["Name,Email,Phone", *rows, *rows[:3], "Nobody,,"]).encode()
    with mock.patch.object(imports, "ROWS_PER_CHUNK", 5):
        job = imports.upload_list(content=content, by=by, now=timezone.now())
    imports.start_validation(job=job, columns=job.columns, by=by)
    imports.run_next_import_step(timezone.now)
    job.refresh_from_db()
    imports.start_import(job=job, by=by, now=timezone.now())


def take_in(world: World) -> None:
    while imports.run_next_import_step(timezone.now):
        pass


def copy_and_list(world: World) -> None:
    two_people(world)
    factories.LeadFactory.create_batch(PEOPLE)


late: list[Callable[[], None]] = []


def export(world: World) -> None:
    """The worker makes somebody's copy; the Head takes all leads away, and each row reaches the browser."""
    while export_jobs.run_next_export_step(timezone.now):
        pass
    browser = (world.folder / f"leads-{kill_points.turn}.csv").open("ab", buffering=0)
    rows = exports.start_export(
        Lead.objects.all(), reason=ExportReason.REPORT, kind="csv", by=head(), now=timezone.now()
    )
    for row in rows:
        browser.write(f"{row[1]}\n".encode())
        os.fsync(browser.fileno())
    while late:
        late.pop()()


def what_left_is_recorded(world: World) -> None:
    left = [file for file in world.folder.glob("leads-*.csv") if file.stat().st_size]
    recorded = AuditEvent.objects.filter(action=AuditAction.EXPORTED).count()
    assert len(left) <= recorded, f"{len(left)} tables left, {recorded} are recorded"
    chain.verify_chain()


def exported(world: World) -> Any:
    what_left_is_recorded(world)
    last = max(world.folder.glob("leads-*.csv"), key=lambda file: int(file.stem.partition("-")[2]))
    copies = apps.get_model("signups.DataExportChunk").objects
    return [len(last.read_text().splitlines()), copies.count(), copies.filter(json__isnull=True).count()]


def recorded_when_all_is_gone() -> AbstractContextManager[Any]:
    """The rule “recorded before the first row leaves” broken."""
    return mock.patch.object(
        exports, "record_event", lambda *args, **kwargs: late.append(lambda: record_event(*args, **kwargs))
    )


# --- purge --------------------------------------------------------------------------------------------------------
def old_things(world: World) -> None:
    ago = timezone.now() - dt.timedelta(days=4000)
    for _ in range(PEOPLE):
        factories.OutboxMessageFactory(status=MessageStatus.SENT, created_at=ago, sent_at=ago)
        factories.LeadFactory(created_at=ago)
        factories.LeadMergeFactory(merged_at=ago, snapshot="{}")
    list_of_people(world)
    apps.get_model("signups.ImportJob").objects.update(created_at=ago)


def purge(world: World) -> None:
    with mock.patch.object(retention, "RETENTION_BATCH", 5):
        call_command("purge", apply=True, stdout=silent())


# --- rotate -------------------------------------------------------------------------------------------------------
def secrets(world: World) -> None:
    factories.NoteFactory.create_batch(PEOPLE)
    for lead in Lead.objects.all():
        record_event(lead, AuditAction.SIGNED_UP, by=ActorKind.PATIENT, now=timezone.now())
    for _ in range(3):
        data = {"secret": encryption.encrypt("JBSWY3DP")}
        Authenticator.objects.create(user=UserFactory(), type="totp", data=data)
    list_of_people(world)


def rotate(world: World) -> None:
    settings.ENCRYPTION_KEYS = [NEW_KEY, *settings.ENCRYPTION_KEYS]
    with mock.patch.object(rotate_encryption_keys, "BATCH_SIZE", 5):
        call_command("rotate_encryption_keys", stdout=silent())


def read_with_the_new_key(world: World) -> Any:
    settings.ENCRYPTION_KEYS = [NEW_KEY]
    key_check.verify_keys()
    for authenticator in Authenticator.objects.all():
        encryption.decrypt(authenticator.data["secret"])
    return census(world)


def refused_or_readable(world: World) -> None:
    """Without the old key a process refuses to start, or can read everything."""
    settings.ENCRYPTION_KEYS = [NEW_KEY]
    try:
        key_check.verify_keys()
    except encryption.DecryptionError:
        return
    read_with_the_new_key(world)


def check_value_first() -> AbstractContextManager[Any]:
    """The rule “the check value is rewritten last” broken."""
    handle = rotate_encryption_keys.Command.handle

    def check_and_handle(command: Any, **options: Any) -> None:
        command.rotate(key_check.EncryptionKeyCheck._meta.db_table, "id", "value")
        handle(command, **options)

    return mock.patch.object(rotate_encryption_keys.Command, "handle", check_and_handle)


# --- backup, restore ----------------------------------------------------------------------------------------------
def one_good_backup(world: World) -> None:
    secrets(world)
    (world.folder / "backups").mkdir()
    back_up(world)


def back_up(world: World) -> None:
    with mock.patch.object(backup.timezone, "now", kill_points.now):
        call_command("backup", str(world.folder / "backups"), keep=1, stdout=silent())


def backups(world: World) -> list[Path]:
    return sorted((world.folder / "backups").glob(backup.DATED_NAME))


def all_good(world: World) -> None:
    assert backups(world), "no backup is left"
    for file in backups(world):
        backup.verify(file)


def one_is_kept(world: World) -> Any:
    all_good(world)
    return [file.suffix for file in (world.folder / "backups").iterdir()]


def under_its_own_name() -> AbstractContextManager[Any]:
    """The rule “another name until it is whole” broken."""

    @contextmanager
    def whole_name(part: Path) -> Iterator[Path]:
        file = part.with_name(part.name.removesuffix(backup.PART))
        file.touch()
        yield file

    return mock.patch.object(backup, "unfinished", whole_name)


def backup_grows(world: World) -> bool:
    """The second file has its first bytes."""
    return len([file for file in (world.folder / "backups").iterdir() if file.stat().st_size]) > 1


def backup_and_what_came_after(world: World) -> None:
    two_people(world)
    message = factories.OutboxMessageFactory(lead=person(3), kind="erasure_receipt")
    seal_and_journal()
    call_command("backup", str(world.folder / "older.backup"), stdout=silent())
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    OutboxMessage.objects.exclude(pk=message.pk).update(send_at=timezone.now() + dt.timedelta(days=1))
    delivery.deliver_due(timezone.now)
    erase(world)
    seal_and_journal()


def seal_and_journal() -> None:
    while chain.append_to_chain(timezone.now) or restoration.journal_due(timezone.now):
        pass


def restore(world: World) -> None:
    try:
        call_command("backup", str(world.folder / "older.backup"), restore=True, stdout=silent())
    except CommandError as refused:
        if "not empty" not in str(refused) or not completed(world):
            raise


def completed(world: World) -> bool:
    return AuditEvent.objects.filter(action=AuditAction.RESTORED).exists()


def erased_and_not_sent_again(world: World) -> Any:
    assert Lead.objects.filter(status=LeadStatus.ERASED).count() == 1, "somebody who was erased is back"
    return census(world)


def nothing_goes_out_before_the_journal(world: World) -> None:
    """A worker that starts now sends nothing that was sent before."""
    if "signups_outboxmessage" in connection.introspection.table_names() and not completed(world):
        try:
            call_command("run_worker", once=True, stdout=silent())
        except CommandError:
            return
        raise AssertionError("the worker started on a database that is not restored yet")


@contextmanager
def begun_is_forgotten() -> Iterator[None]:
    """The rule “a run that broke off is known” broken, and the one that an older database shows."""
    with mock.patch.object(backup.restore_marker, "begin"), mock.patch.object(run_worker, "require_applied"):
        yield


def restore_grows(world: World) -> bool:
    """The other program writes: its own transaction has a number, or SQLite's file its first page."""
    if connection.vendor == "sqlite":
        return any(file.stat().st_size for file in world.folder.glob("clinic.sqlite3*"))
    return kill_points.restoring(world)


# --- the worker's own ----------------------------------------------------------------------------------------------
def events(world: World) -> None:
    for _ in range(PEOPLE):
        record_event(factories.LeadFactory(), AuditAction.SIGNED_UP, by=ActorKind.PATIENT, now=timezone.now())


def seal(world: World) -> None:
    with mock.patch.object(chain, "CHAIN_BATCH", 5):
        while chain.append_to_chain(timezone.now):
            pass


@contextmanager
def head_before_the_commit() -> Iterator[None]:
    """The rule “the end is noted after the commit” broken."""
    append = chain._append_batch

    def append_and_note(recorded: chain.ChainHead) -> tuple[chain.ChainHead, int]:
        new, appended = append(recorded)
        new.note(settings.AUDIT_CHAIN_HEAD_FILE)
        return new, appended

    with mock.patch.object(chain, "_append_batch", append_and_note):
        yield


class Mailbox(BaseEmailBackend):
    """Takes each message at once: a line in a file."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        with settings.AUDIT_CHAIN_HEAD_FILE.with_name("mailbox").open("a") as file:
            for message in email_messages:
                file.write(f"{message.message()['Message-ID']}\n")
            file.flush()
            os.fsync(file.fileno())
        return len(email_messages)


def messages(world: World) -> None:
    factories.OutboxMessageFactory.create_batch(5, kind="erasure_receipt")


def deliver(world: World) -> None:
    settings.EMAIL_BACKEND = "bench.kill_drills.Mailbox"
    while delivery.deliver_due(kill_points.now):
        pass


def arrivals(world: World) -> list[str]:
    mailbox = world.folder / "mailbox"
    return mailbox.read_text().split() if mailbox.exists() else []


def every_message_arrived(world: World) -> Any:
    """All of them once, but for the one that was in hand when the worker died."""
    arrived = Counter(arrivals(world))
    assert len(arrived) == OutboxMessage.objects.count(), f"{len(arrived)} of 5 messages arrived"
    assert sum(arrived.values()) <= len(arrived) + 1, "more than one message arrived twice"
    return sorted(OutboxMessage.objects.values_list("status", flat=True))


@contextmanager
def sent_before_it_is_accepted() -> Iterator[None]:
    """The rule “a message is sent once it was accepted” broken."""
    send = delivery.Transports.send

    def note_and_send(transports: Any, message: OutboxMessage) -> None:
        OutboxMessage.objects.filter(pk=message.pk).update(status=MessageStatus.SENT, lease_token=None)
        send(transports, message)

    with mock.patch.object(delivery.Transports, "send", note_and_send):
        yield


def nothing(world: World) -> None:
    """The world as it is."""


DRILLS = {
    "migrate": Drill(
        nothing, migrate, lambda: mock.patch.object(Migration, "atomic", False), schema, nothing, empty=True, limit=6
    ),
    "import": Drill(list_of_people, take_in),
    "export": Drill(copy_and_list, export, recorded_when_all_is_gone, exported, what_left_is_recorded),
    "erase": Drill(two_people, erase, whole=True),
    "merge": Drill(two_people, merge, whole=True),
    "purge": Drill(old_things, purge),
    "rotate": Drill(secrets, rotate, check_value_first, read_with_the_new_key, refused_or_readable),
    "backup": Drill(one_good_backup, back_up, under_its_own_name, one_is_kept, all_good, growing=backup_grows),
    "restore": Drill(
        backup_and_what_came_after,
        restore,
        begun_is_forgotten,
        erased_and_not_sent_again,
        nothing_goes_out_before_the_journal,
        empty=True,
        growing=restore_grows,
    ),
    "seal": Drill(events, seal, head_before_the_commit),
    "deliver": Drill(messages, deliver, sent_before_it_is_accepted, every_message_arrived),
}
