"""Leads from a list: nobody twice, nobody against their will, and all of it again after whatever stopped it."""

import csv
import datetime as dt
import io
import signal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from clinic import roles
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.consents.contact_policy import may_call
from signups.consents.models import Consent
from signups.consents.suppression_models import Suppression
from signups.imports import actions as import_actions
from signups.imports.actions import (
    ERASED_ROW,
    cancel_import,
    rejected_rows,
    run_next_import_step,
    start_import,
    start_validation,
    upload_list,
)
from signups.imports.choices import ImportStatus
from signups.imports.models import ImportChunk, ImportJob
from signups.leads import locking
from signups.leads.actions import change_status
from signups.leads.choices import LeadStatus
from signups.leads.models import Lead
from signups.messages.models import OutboxMessage
from signups.privacy import erasure, retention
from tests import processes
from tests.factories.imports import ImportChunkFactory
from tests.factories.leads import LeadFactory
from tests.factories.users import UserFactory
from tests.services import WAIT_TIMEOUT
from tests.signups.calls.scenario_player import together
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
URL = "/admin/signups/lead/import/"


def table(*rows, header="Name,E-mail,Phone,Status,Close reason"):
    return "\n".join([header, *rows]).encode()


def people(count, first=0):
    return [f"Jo Miller,jo{n}@example.com,(212) 555-{n:04}" for n in range(first, first + count)]


@pytest.fixture
def head(clinic):
    return UserFactory(role=roles.HEAD)


@pytest.fixture
def checked(head):
    """checked(b"…"): a file that was uploaded and checked."""

    def checked(content):
        made = upload_list(content=content, by=head, now=NOW)
        start_validation(job=made, columns=made.columns, by=head)
        run_next_import_step(lambda: NOW)
        return ImportJob.objects.get(pk=made.pk)

    return checked


@pytest.fixture
def run(head, checked):
    """run(b"…"): a file that was taken in."""

    def run(content):
        job = checked(content)
        start_import(job=job, by=head, now=NOW)
        work()
        return ImportJob.objects.get(pk=job.pk)

    return run


def work():
    while run_next_import_step(lambda: NOW):
        pass


def why(job):
    return {number: reason for part in job.parts.all() for number, reason in part.rejected}


def test_looking_through_counts_and_changes_nothing(checked):
    LeadFactory(email="jo0@example.com")
    job = checked(table(*people(3), ",nobody@example.com", "Jo Again,JO1@example.com", ",,"))
    assert job.figures() == {"created": 2, "known": 2, "refused": 1, "done": 5}
    assert why(job) == {5: "Enter your name."}
    assert (Lead.objects.count(), job.status) == (1, ImportStatus.CHECKED)


def test_takes_them_in_with_an_event_each_and_no_agreement(run, head):
    job = run(table(*people(3)))
    assert (job.status, job.figures()["created"], Lead.objects.count()) == ("done", 3, 3)
    lead = Lead.objects.earliest("pk")
    assert (lead.name, lead.email_key, lead.phone_e164) == ("Jo Miller", "jo0@example.com", "+12125550000")
    assert (lead.status, lead.owner, lead.first_touch_source, lead.time_zone) == (
        "new",
        None,
        "import",
        "America/New_York",
    )
    events = AuditEvent.objects.filter(action=AuditAction.IMPORTED)
    assert {(event.actor, event.detail["row"], len(event.signature)) for event in events} == {
        (head, number, 73) for number in (2, 3, 4)
    }
    assert (Consent.objects.count(), OutboxMessage.objects.count(), may_call(lead, NOW).allowed) == (0, 0, False)


def test_the_same_file_twice_makes_nobody_twice(run):
    run(table(*people(3)))
    again = run(table(*people(3), "Jo Miller,,212.555.0001", "Jo,JO2@EXAMPLE.com"))
    assert (Lead.objects.count(), again.figures()["known"]) == (3, 5)


def test_one_person_twice_in_a_file_of_many_parts(run, monkeypatch):
    monkeypatch.setattr(import_actions, "ROWS_PER_CHUNK", 2)
    job = run(table(*people(3), *people(3)))
    assert (job.parts.count(), Lead.objects.count(), job.figures()["known"]) == (3, 3, 3)


def test_goes_on_where_it_was_stopped(checked, head, monkeypatch):
    """Whatever happens inside a part undoes that part, and no other; done again, it makes nobody twice."""
    monkeypatch.setattr(import_actions, "ROWS_PER_CHUNK", 2)
    job = checked(table(*people(6)))
    start_import(job=job, by=head, now=NOW)
    assert run_next_import_step(lambda: NOW) == 2

    def stop(rows, **options):
        QuerySet(AuditEvent).bulk_create(rows, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(AuditEvent.objects, "bulk_create", stop)
        with pytest.raises(KeyboardInterrupt):
            run_next_import_step(lambda: NOW)
    assert (Lead.objects.count(), ImportJob.objects.get().figures()["done"]) == (2, 2)
    work()
    assert (Lead.objects.count(), ImportJob.objects.get().status) == (6, "done")
    assert AuditEvent.objects.filter(action=AuditAction.IMPORTED).count() == 6


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_nobody_twice(clinic, monkeypatch):
    monkeypatch.setattr(import_actions, "ROWS_PER_CHUNK", 2)
    head = UserFactory(role=roles.HEAD)
    for _ in range(2):
        job = upload_list(content=table(*people(8)), by=head, now=NOW)
        ImportJob.objects.filter(pk=job.pk).update(status=ImportStatus.RUNNING)

    def worker():
        for _ in range(20):
            run_next_import_step(lambda: NOW)

    together(worker, worker)
    work()
    assert Lead.objects.count() == 8
    assert [(job.status, job.figures()["done"]) for job in ImportJob.objects.all()] == [("done", 8)] * 2


def killed_worker(at):
    """A worker that is killed (kill -9) when it has written for the `at`th time: a part's people, then their events."""
    code = f"""
import os, signal
from django.core.management import call_command
from django.db.models import QuerySet
from signups.models import AuditEvent, Lead
times = iter(range({at - 1}, -1, -1))
bulk_create = QuerySet.bulk_create
def counted(self, rows, **options):
    made = bulk_create(self, rows, **options)
    if self.model in (Lead, AuditEvent) and not next(times):
        os.kill(os.getpid(), signal.SIGKILL)
    return made
QuerySet.bulk_create = counted
call_command("run_worker")
"""
    worker = processes.manage("shell", "--no-imports", "-c", code, DATABASE_URL=processes.database_url())
    try:
        said, _ = worker.communicate(timeout=WAIT_TIMEOUT)
    finally:
        worker.kill()
    assert worker.returncode == -signal.SIGKILL, said


@pytest.mark.real_clock
@pytest.mark.django_db(transaction=True)
def test_workers_killed_in_the_middle_lose_nobody_and_take_nobody_in_twice(clinic, monkeypatch):
    monkeypatch.setattr(import_actions, "ROWS_PER_CHUNK", 20)
    rows = people(200)
    rows[7::20] = [f"Jo,broken{number}" for number in range(10)]
    rows[11::40] = ["Jo Again,jo0@example.com"] * 5
    head = UserFactory(role=roles.HEAD)
    job = upload_list(content=table(*rows), by=head, now=timezone.now())  # the workers have the real clock
    ImportJob.objects.update(status=ImportStatus.RUNNING)
    for at, done in ((5, 40), (6, 80), (1, 80)):
        killed_worker(at)
        figures = job.figures()
        assert (figures["done"], figures["created"]) == (done, Lead.objects.count())
    work()
    job.refresh_from_db()
    assert (job.status, job.figures()) == ("done", {"created": 185, "known": 5, "refused": 10, "done": 200})
    told = list(AuditEvent.objects.filter(action=AuditAction.IMPORTED).values_list("lead", "detail__row"))
    taken = {number for number, row in enumerate(rows, start=2) if row.startswith("Jo Miller,")}
    assert (len(told), {number for _, number in told}) == (185, taken)
    assert {lead for lead, _ in told} == set(Lead.objects.values_list("pk", flat=True))
    assert Lead.objects.values("email_key").distinct().count() == Lead.objects.count() == 185
    to_mend = [(row[1], row[3]) for row in rejected_rows(job, by=head, now=NOW)]
    assert to_mend == [(str(number), row.split(",")[1]) for number, row in enumerate(rows, start=2) if "broken" in row]


def test_who_asked_to_be_forgotten_stays_out(run, head):
    erasure.erase_lead(LeadFactory(email="jo0@example.com"), by=ActorKind.PATIENT, now=NOW)
    job = run(table(*people(2)))
    assert (Lead.objects.live().count(), why(job)) == (1, {2: ERASED_ROW})
    assert "jo0@" not in str([part.rows for part in job.parts.all()])
    assert Suppression.objects.count() == 1


def test_number_of_who_asked_to_be_forgotten_stays_out_too(run, head):
    erasure.erase_lead(LeadFactory(phone_e164="+12125550000"), by=ActorKind.PATIENT, now=NOW)
    job = run(table(*people(2)))
    assert (Lead.objects.live().count(), why(job)) == (1, {2: ERASED_ROW})


def test_erasing_takes_somebody_out_of_lists_that_wait(checked, head):
    """As written there, by address or by number; and in none of the tables is a trace of it."""
    lead = LeadFactory(email="jo0@example.com", phone_e164="+12125550001")
    job = checked(table(*people(3)))
    erasure.erase_lead(lead, by=ActorKind.PATIENT, now=NOW)
    kept = [row for part in ImportChunk.objects.all() for row in part.rows]
    assert kept == [[4, ["Jo Miller", "jo2@example.com", "(212) 555-0002"]]]
    start_import(job=job, by=head, now=NOW)
    work()
    job.refresh_from_db()
    assert job.figures() == {"created": 1, "known": 0, "refused": 2, "done": 3}
    assert why(job) == {2: ERASED_ROW, 3: ERASED_ROW}


def test_only_moves_that_the_pipeline_allows(run):
    job = run(table("A,a@x.example,,contacted", "B,b@x.example,,closed,Moved away", "C,c@x.example,,qualified",
                      "D,d@x.example,,closed", "E,e@x.example,,converted", "F,f@x.example,,erased"))  # fmt: skip
    assert list(Lead.objects.order_by("name").values_list("name", "status", "close_reason")) == [
        ("A", "contacted", ""),
        ("B", "closed", "Moved away"),
    ]
    assert why(job) == {
        4: "A new lead can’t be changed to qualified.",
        5: "Say why it is closed.",
        6: "A new lead can’t be changed to converted.",
        7: "A new lead can’t be changed to erased.",
    }
    assert AuditEvent.objects.filter(action=AuditAction.MOVED).count() == 2


def test_what_was_taken_in_is_not_kept(run, checked):
    job = run(table(*people(2), "Jo,broken"))
    assert [part.rows for part in job.parts.all()] == [[[4, ["Jo", "broken"]]]]
    with connection.cursor() as cursor:
        cursor.execute("SELECT rows FROM signups_importchunk")
        assert "broken" not in str(cursor.fetchall())
    later = NOW + dt.timedelta(days=8)
    rule = next(rule for rule in retention.RULES if "uploaded" in rule.what)
    checked(table("Jo,waits@example.com"))
    assert sum(retention.apply_rule(rule, later)) == 2
    assert (
        ImportChunk.objects.filter(rows__isnull=False).count()
        == ImportJob.objects.filter(header__isnull=False).count()
        == 0
    )
    assert set(ImportJob.objects.values_list("status", flat=True)) == {"done", "dropped"}
    assert Lead.objects.count() == 2


def test_who_was_imported_is_not_taken_for_a_sign_up_nobody_confirmed(run):
    run(table(*people(1)))
    LeadFactory(created_at=NOW)
    rule = next(rule for rule in retention.RULES if "confirmed" in rule.what)
    sum(retention.apply_rule(rule, NOW + dt.timedelta(days=40)))
    assert [lead.email for lead in Lead.objects.live()] == ["jo0@example.com"]


@pytest.mark.parametrize("role", [role for role in roles.ROLES if role != roles.HEAD])
def test_only_the_head_imports(clinic, role):
    other, part = UserFactory(role=role), ImportChunkFactory()
    for deed in (
        lambda: upload_list(content=table(*people(1)), by=other, now=NOW),
        lambda: start_validation(job=part.import_job, columns=[], by=other),
        lambda: start_import(job=part.import_job, by=other, now=NOW),
        lambda: cancel_import(job=part.import_job, by=other, now=NOW),
        lambda: rejected_rows(part.import_job, by=other, now=NOW),
    ):
        with pytest.raises(locking.ActionError, match="Head of Customer Care"):
            deed()


# --- The pages ------------------------------------------------------------------------------------------------------


def post(client, content, **more):
    return client.post(URL, {"file": SimpleUploadedFile("Ann Secret.csv", content), **more})


def test_from_the_file_to_the_leads_on_the_pages(client, head):
    client.force_login(head)
    content = table(
        'Jo,jo@example.com,"\'+12125550123",x', '"=cmd()",no-address,,y', header="Person,E-mail,Phone,Diagnosis"
    )
    page = post(client, content)["Location"]
    shown = client.get(page).content.decode()
    assert all(word in shown for word in ("Person", "Diagnosis", "=cmd()", "Don’t import"))
    missing = client.post(page + "columns/", {"column-1": "email", "column-2": "phone"})
    assert (missing.status_code, "Match a column to Name." in missing.content.decode()) == (422, True)
    twice = client.post(page + "columns/", {"column-0": "name", "column-1": "email", "column-2": "email"})
    assert "These fields are matched more than once: Email." in twice.content.decode()
    client.post(page + "columns/", {"column-0": "name", "column-1": "email", "column-2": "phone", "column-3": ""})
    assert "<progress" in client.get(page).content.decode()
    work()
    assert "Import 1 lead<" in client.get(page).content.decode()
    client.post(page + "start/")
    assert 'value="0"' in client.get(page).content.decode()
    work()
    assert "History" in client.get(page).content.decode()
    lead = Lead.objects.get()
    assert (lead.name, lead.phone_e164, lead.phone) == ("Jo", "+12125550123", "+12125550123")
    text = b"".join(client.get(page + "rejected/").streaming_content).decode()
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [
        ["Reason rejected", "Row", "Person", "E-mail", "Phone", "Diagnosis"],
        ["Invalid email address.", "3", "'=cmd()", "no-address", "", "y"],
    ]
    client.post(page + "cancel/")
    assert "no-address" not in client.get(page).content.decode()
    assert not ImportChunk.objects.filter(rows__isnull=False).exists()
    assert "Ann Secret" not in str(list(AuditEvent.objects.values_list("detail", "target")))


@pytest.mark.parametrize(
    ("content", "said"),
    [("Name\nJosé".encode("latin-1"), "UTF-8"), (b"", "The file is empty."), (b"x" * 10_000_001, "larger than 10 MB")],
)
def test_a_file_that_is_none_of_ours_is_refused_in_words(client, head, content, said):
    client.force_login(head)
    answer = post(client, content)
    assert (answer.status_code, said in answer.content.decode(), ImportJob.objects.count()) == (422, True, 0)


def test_what_has_gone_on_meanwhile_is_not_done_twice(client, head, checked):
    client.force_login(head)
    job = checked(table(*people(2)))
    page = f"{URL}{job.public_id}/"
    for _ in range(2):
        answer = client.post(page + "start/", follow=True)
    assert "has moved on" in answer.content.decode()
    assert client.post(page + "columns/", {"column-0": "name"}).status_code == 422
    assert AuditEvent.objects.filter(action=AuditAction.IMPORT_BEGUN).count() == 1


def test_pages_ask_few_questions_of_any_list(client, head, checked, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(import_actions, "ROWS_PER_CHUNK", 2)
    client.force_login(head)
    for count in (1, 30):
        job = checked(table(*people(count, first=count)))
        for page in (URL, f"{URL}{job.public_id}/"):
            client.get(page)
            with django_assert_max_num_queries(8):
                client.get(page)


def test_a_lead_that_was_imported_moves_on_as_any_other(run, head):
    run(table(*people(1)))
    change_status(lead=Lead.objects.get(), to=LeadStatus.CONTACTED, by=head, now=NOW)
    assert Lead.objects.get().status == "contacted"


@pytest.mark.parametrize("in_turn", [True, False])
def test_end_leads_to_the_list_and_says_who_gets_them(client, head, checked, settings, in_turn):
    settings.AUTO_ASSIGN_LEADS = in_turn
    client.force_login(head)
    job = checked(table(*people(2)))
    before = client.get(f"{URL}{job.public_id}/").content.decode()
    assert ("in rotation" in before, "will be unassigned" in before) == (in_turn, not in_turn)
    start_import(job=job, by=head, now=NOW)
    work()
    after = client.get(f"{URL}{job.public_id}/").content.decode()
    assert ("in rotation" in after, "View leads" in after) == (in_turn, True)
