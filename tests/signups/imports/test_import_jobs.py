"""Leads from a list: nobody twice, nobody against their will, and all of it again after whatever stopped it."""

import csv
import datetime as dt
import io
import random
import signal
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clinic import roles
from clinic.lib import bulk_sql
from clinic.lib.bulk_sql import insert_rows
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.consents.contact_policy import may_call
from signups.consents.models import Consent
from signups.consents.suppression_models import Suppression
from signups.imports import actions as import_actions
from signups.imports import headings
from signups.imports.actions import (
    ERASED_ROW,
    cancel_import,
    result_rows,
    run_next_import_step,
    start_import,
    start_validation,
    upload_list,
)
from signups.imports.choices import ImportStatus, RowOutcome
from signups.imports.models import UNDO_WINDOW, ImportChunk, ImportJob
from signups.imports.outcomes import results
from signups.imports.undo import run_next_undo_step, undo_import
from signups.leads import locking
from signups.leads.actions import change_status
from signups.leads.choices import LeadStatus
from signups.leads.models import Lead
from signups.leads.tag_models import LeadTag
from signups.messages.models import OutboxMessage
from signups.privacy import erasure, retention
from tests import processes
from tests.factories.imports import ImportChunkFactory
from tests.factories.leads import LeadFactory, TagFactory
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
    return {one.number: one.why for one in results(job) if one.outcome == RowOutcome.REJECTED}


def ends(job):
    """Row number → how it ended."""
    return {one.number: one.outcome.value for one in results(job)}


def notes(job):
    return {one.number: one.notes for one in results(job) if one.notes}


def test_looking_through_counts_and_changes_nothing(checked):
    LeadFactory(email="jo0@example.com")
    job = checked(table(*people(3), "Nobody,,", "Jo Again,JO1@example.com,(212) 555-0001", ",,"))
    assert job.figures() == {"created": 2, "updated": 0, "duplicate": 2, "rejected": 1, "noted": 0, "done": 5}
    assert why(job) == {5: "No email address or phone number that works."}
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
    assert (Lead.objects.count(), again.figures()["duplicate"]) == (3, 5)


def test_one_person_twice_in_a_file_of_many_parts(run, monkeypatch):
    monkeypatch.setattr(import_actions, "ROWS_PER_CHUNK", 2)
    job = run(table(*people(3), *people(3)))
    assert (job.parts.count(), Lead.objects.count(), job.figures()["duplicate"]) == (3, 3, 3)


def test_goes_on_where_it_was_stopped(checked, head, monkeypatch):
    """Whatever happens inside a part undoes that part, and no other; done again, it makes nobody twice."""
    monkeypatch.setattr(import_actions, "ROWS_PER_CHUNK", 2)
    job = checked(table(*people(6)))
    start_import(job=job, by=head, now=NOW)
    assert run_next_import_step(lambda: NOW) == 2

    def stop(model, rows):
        keys = insert_rows(model, rows)
        if model is AuditEvent:
            raise KeyboardInterrupt
        return keys

    with monkeypatch.context() as patched:
        patched.setattr(bulk_sql, "insert_rows", stop)
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
from clinic.lib import bulk_sql
times = iter(range({at - 1}, -1, -1))
insert_rows = bulk_sql.insert_rows
def counted(model, rows):
    made = insert_rows(model, rows)
    if rows and not next(times):
        os.kill(os.getpid(), signal.SIGKILL)
    return made
bulk_sql.insert_rows = counted
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
    assert (job.status, job.figures()) == (
        "done",
        {"created": 185, "updated": 0, "duplicate": 5, "rejected": 10, "noted": 0, "done": 200},
    )
    told = list(AuditEvent.objects.filter(action=AuditAction.IMPORTED).values_list("lead", "detail__row"))
    taken = {number for number, row in enumerate(rows, start=2) if row.startswith("Jo Miller,")}
    assert (len(told), {number for _, number in told}) == (185, taken)
    assert {lead for lead, _ in told} == set(Lead.objects.values_list("pk", flat=True))
    assert Lead.objects.values("email_key").distinct().count() == Lead.objects.count() == 185
    to_mend = [(row[0], row[5]) for row in result_rows(job, by=head, now=NOW) if row[1] == "Rejected"]
    assert to_mend == [(str(number), row.split(",")[1]) for number, row in enumerate(rows, start=2) if "broken" in row]


def test_who_asked_to_be_forgotten_stays_out(run, head):
    erasure.erase_lead(LeadFactory(email="jo0@example.com", phone=""), by=ActorKind.PATIENT, now=NOW)
    job = run(table(*people(2)))
    assert (Lead.objects.live().count(), why(job)) == (1, {2: ERASED_ROW})
    assert "jo0@" not in str([part.rows for part in job.parts.all()])
    assert Suppression.objects.count() == 1


def test_number_of_who_asked_to_be_forgotten_stays_out_too(run, head):
    erasure.erase_lead(LeadFactory(email="o@x.example", phone_e164="+12125550000"), by=ActorKind.PATIENT, now=NOW)
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
    assert job.figures() == {"created": 1, "updated": 0, "duplicate": 0, "rejected": 2, "noted": 0, "done": 3}
    assert why(job) == {2: ERASED_ROW, 3: ERASED_ROW}


def test_status_of_another_pipeline_is_taken_as_far_as_there_is_one_here(run):
    job = run(table("A,a@x.example,,contacted", "B,b@x.example,,closed,Moved away", "C,c@x.example,,Qualified",
                      "D,d@x.example,,Junk Lead", "E,e@x.example,,Customer", "F,f@x.example,,erased",
                      "G,g@x.example,,Open - Not Contacted", "H,h@x.example,,closed"))  # fmt: skip
    assert list(Lead.objects.order_by("name").values_list("name", "status", "close_reason")) == [
        ("A", "contacted", ""),
        ("B", "closed", "Moved away"),
        ("C", "qualified", ""),
        ("D", "closed", "Junk Lead"),
        ("E", "qualified", ""),
        ("F", "new", ""),
        ("G", "new", ""),
        ("H", "closed", "Closed before the import"),
    ]
    assert notes(job) == {
        6: ["Imported as qualified: only a trial can be converted."],
        7: ["Status could not be read: imported as new."],
    }
    assert AuditEvent.objects.filter(action=AuditAction.MOVED).count() == 6


def test_what_was_taken_in_is_not_kept(run, checked):
    job = run(table(*people(2), "Jo,broken"))
    assert [part.rows for part in job.parts.all()] == [[[4, ["Jo", "broken", ""]]]]
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
    LeadFactory(email="else@example.com", created_at=NOW)
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
        lambda: result_rows(part.import_job, by=other, now=NOW),
        lambda: undo_import(job=part.import_job, by=other, now=NOW),
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
    missing = client.post(page + "columns/", {"column-0": "name"})
    assert (missing.status_code, "Match a column to Email or Phone." in missing.content.decode()) == (422, True)
    twice = client.post(page + "columns/", {"column-0": "name", "column-1": "email", "column-2": "email"})
    assert "More than one column is matched to: Email." in twice.content.decode()
    client.post(page + "columns/", {"column-0": "name", "column-1": "email", "column-2": "phone", "column-3": ""})
    assert "<progress" in client.get(page).content.decode()
    work()
    assert "Import 1 lead<" in client.get(page).content.decode()
    client.post(page + "start/")
    assert 'value="0"' in client.get(page).content.decode()
    work()
    assert "<h2>Result</h2>" in client.get(page).content.decode()
    lead = Lead.objects.get()
    assert (lead.name, lead.phone_e164, lead.phone) == ("Jo", "+12125550123", "+12125550123")
    why = "No email address or phone number that works. The email address could not be read."
    assert why in client.get(page).content.decode()
    text = b"".join(client.get(page + "results/").streaming_content).decode()
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [
        ["Row", "Outcome", "Why", "Notes", "Person", "E-mail", "Phone", "Diagnosis"],
        ["2", "Created", "", ""],
        ["3", "Rejected", why, "", "'=cmd()", "no-address", "", "y"],
    ]
    client.post(page + "cancel/")
    assert "no-address" not in client.get(page).content.decode()
    assert not ImportChunk.objects.filter(rows__isnull=False).exists()
    assert "Ann Secret" not in str(list(AuditEvent.objects.values_list("detail", "target")))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7", "is not a table"),
        (b"Name,Email\n", "no rows below the headings"),
        (b"", "The file is empty."),
        (b"x" * 10_000_001, "larger than 10 MB"),
    ],
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
            with django_assert_max_num_queries(10):
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


# --- Who is whom ----------------------------------------------------------------------------------------------------


def test_people_who_share_a_number_are_all_taken_in(run):
    """A household, a switchboard with extensions, and a placeholder that stands on twenty rows."""
    household = [f"{name} Rivera,{name}@x.example,512 555 0440" for name in ("Ann", "Ben", "Cleo")]
    office = ["Jo Lee,jo12@x.example,512 555 0441 x12", "Jo Lee,jo13@x.example,512 555 0441 x13"]
    filler = [f"Person {n},p{n}@x.example,(555) 555-5556" for n in range(20)]
    assert run(table(*household, *office, *filler)).figures()["created"] == 25


def test_one_person_by_number_and_near_name_is_a_duplicate_that_says_of_whom(run):
    known = LeadFactory(name="Margaret Olds", email="molds@x.example", phone="(512) 555-0440")
    job = run(table("Peggy Olds,peggy@x.example,512.555.0440", "Tom Olds,tom@x.example,512.555.0440"))
    assert ends(job) == {2: "duplicate", 3: "created"}
    assert next(one.lead for one in results(job)) == known.pk
    known.refresh_from_db()
    assert (known.name, known.email) == ("Margaret Olds", "molds@x.example")


def test_row_about_somebody_known_fills_what_is_empty_and_overwrites_nothing(run):
    known = LeadFactory(
        name="Jo Miller", email="jo@x.example", phone="", state="", time_zone="America/Chicago", zone_is_guessed=True
    )
    header = "Name,Email,Phone,State,Time zone,Email opt out,Do not call"
    job = run(table("Joanna Miller,JO@x.example,(808) 555-0123 x4,HI,Hawaii,yes,1", header=header))
    assert ends(job) == {2: "updated"}
    known.refresh_from_db()
    assert (known.name, known.email, known.phone_e164, known.phone_extension) == (
        "Jo Miller",
        "jo@x.example",
        "+18085550123",
        "4",
    )
    assert (known.state, known.time_zone, known.zone_is_guessed) == ("HI", "Pacific/Honolulu", False)
    assert (known.unsubscribed_at, known.do_not_call_at) == (NOW, NOW)
    again = run(table("Joanna Miller,JO@x.example,(808) 555-0199,TX,Central,yes,1", header=header))
    assert ends(again) == {2: "duplicate"}
    assert Lead.objects.get().state == "HI"


def test_what_was_left_out_once_comes_with_the_next_import_of_the_file(run):
    run(table("Jo Miller,jo@x.example", header="Name,Email"))
    assert ends(run(table("Jo Miller,jo@x.example,512 555 0123", header="Name,Email,Phone"))) == {2: "updated"}
    assert Lead.objects.get().phone_e164 == "+15125550123"


def test_row_of_addresses_only_gets_a_name_from_a_later_list(run):
    job = run(table("a@x.example", header="email"))
    assert (Lead.objects.get().name, ends(job)) == ("a@x.example", {2: "created"})
    run(table("Ann Lee,a@x.example", header="Name,Email"))
    assert Lead.objects.get().name == "Ann Lee"


def test_zone_comes_from_the_state_and_is_marked_when_it_is_a_guess(run):
    run(table("A,a@x.example,,CA", "B,b@x.example,,Hawaii", "C,c@x.example,,TX", "D,d@x.example,(808) 555-0611,",
              "E,e@x.example,,", header="Name,Email,Phone,State"))  # fmt: skip
    assert list(Lead.objects.order_by("name").values_list("time_zone", "zone_is_guessed")) == [
        ("America/Los_Angeles", False),
        ("Pacific/Honolulu", False),
        ("America/Chicago", True),
        ("Pacific/Honolulu", True),
        ("America/New_York", True),
    ]


def test_cell_that_cannot_be_read_becomes_empty_with_a_note(run):
    header = "Name,Email,Phone,State,Time zone,Owner,Tags,Signed up,Preferred contact"
    job = run(table("A,a@x.example,12,Ontario,Mars,Nobody,Odd,soon,fax", header=header))
    lead = Lead.objects.get()
    assert (lead.phone, lead.state, lead.owner, lead.created_at) == ("", "", None, NOW)
    told = " ".join(notes(job)[2])
    for word in ("phone number", "State", "Time zone", "Owner", "Tags", "date", "Preferred contact"):
        assert word in told
    assert "Ontario" not in told


def test_owner_tags_and_day_of_sign_up_come_with_the_row(run, head):
    TagFactory(name="Spring fair")
    owner = UserFactory(role=roles.COORDINATOR, username="ana")
    run(table("A,a@x.example,ANA,spring fair; none of ours,2026-01-12 09:14", header="Name,Email,Owner,Tags,Signed up"))
    lead = Lead.objects.get()
    assert (lead.owner, [str(one) for one in lead.taggings.all()]) == (owner, ["Spring fair"])
    assert lead.created_at == dt.datetime(2026, 1, 12, 14, 14, tzinfo=dt.UTC)


RIGHT = {
    "01-hubspot.csv": {"created": 6},
    "02-salesforce-report.csv": {"created": 6, "rejected": 2},
    "04-mailchimp-unsubscribed.csv": {"created": 6},
    "05-google-contacts.csv": {"created": 6},
    "07-outlook-desktop-cp1252.csv": {"created": 6},
    "09-outlook-com.csv": {"created": 6},
    "11-typeform.csv": {"created": 6},
    "14-zoho.csv": {"created": 6},
    "22-sep-line.csv": {"created": 6},
    "30-two-numbers.csv": {"created": 6},
    "31-family-shared-phone.csv": {"created": 4},
    "32-family-shared-email.csv": {"created": 1, "duplicate": 1},
    "37-dates-and-types.csv": {"created": 6},
    "39-state-variants.csv": {"created": 6},
    "41-placeholder-values.csv": {"created": 7},
    "42-email-with-name.csv": {"created": 4},
    "48-contacts.vcf": {"created": 1},
    "51-phone-country-no-plus.csv": {"created": 4},
    "55-import-tz.csv": {"created": 8},
    "70-placeholder-phones.csv": {"created": 20},
    "73-ca.csv": {"created": 2},
    "83-header-only-mail.csv": {"created": 2},
    "84-no-last-name.csv": {"created": 3},
}
LISTS = Path(__file__).parent / "lists"
OPT_OUTS = {  # file → how many are not written to, and not called
    "01-hubspot.csv": (1, 0),
    "02-salesforce-report.csv": (3, 0),
    "04-mailchimp-unsubscribed.csv": (6, 0),
    "14-zoho.csv": (3, 0),
    "37-dates-and-types.csv": (1, 0),
}


def test_every_list_has_its_right_answer():
    assert {path.name for path in LISTS.iterdir()} == RIGHT.keys()


@pytest.mark.parametrize("name", RIGHT)
def test_lists_of_other_systems_come_in_by_themselves_and_a_second_time_change_nothing(run, name):
    content = (LISTS / name).read_bytes()
    job = run(content)
    figures = {key: value for key, value in job.figures().items() if value and key not in ("noted", "done")}
    assert figures == RIGHT[name]
    assert sum(figures.values()) == job.size
    stopped = Lead.objects.exclude(unsubscribed_at=None).count(), Lead.objects.exclude(do_not_call_at=None).count()
    assert stopped == OPT_OUTS.get(name, (0, 0))
    before = list(Lead.objects.order_by("pk").values())
    again = run(content).figures()
    assert (again["created"], again["updated"]) == (0, 0)
    assert list(Lead.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    ("name", "field", "values"),
    [
        ("39-state-variants.csv", "state", ["NY", "CA", "TX", "TX", "DC", "NY"]),
        ("07-outlook-desktop-cp1252.csv", "name", ["Maya Okafor", "Liam O’Brien", "Zoë Müller", "José García López",
                                                  "Anne-Marie van der Berg", "Bob Null"]),
        ("30-two-numbers.csv", "phone_e164", ["+15125550330", "+17185550331", "+13035550332", "+13055550333",
                                              "+12065550334", "+14045550335"]),
        ("51-phone-country-no-plus.csv", "phone_e164", ["+15125550540", "", "", ""]),
        ("42-email-with-name.csv", "email_key", ["ann@x42.example", "bob@x42.example", "cy@x42.example",
                                                 "di@x42.example"]),
        ("55-import-tz.csv", "time_zone", ["America/New_York", "America/New_York", "America/Chicago",
                                           "America/Chicago", "America/Los_Angeles", "America/Chicago",
                                           "America/Chicago", "America/Los_Angeles"]),
    ],
)  # fmt: skip
def test_cells_of_other_systems_are_read_rightly(run, name, field, values):
    job = run((LISTS / name).read_bytes())
    found = {one.number: getattr(Lead.objects.get(pk=one.lead), field) for one in results(job)}
    assert [found[number] for number in sorted(found)] == values


# --- Opt-outs and encodings that somebody must look at ---------------------------------------------------------------


def test_column_that_looks_like_an_opt_out_stops_the_import_until_somebody_decides(client, head):
    client.force_login(head)
    page = post(client, table("A,a@x.example,yes", header="Name,Email,SMS opt out"))["Location"]
    chosen = {"column-0": "name", "column-1": "email", "column-2": ""}
    refused = client.post(page + "columns/", chosen)
    assert (refused.status_code, "This looks like an opt-out" in refused.content.decode()) == (422, True)
    assert client.post(page + "columns/", chosen | {"column-2": "ignore"}).status_code == 303


def test_column_of_statuses_that_say_unsubscribed_stops_it_too(head):
    job = upload_list(content=table("A,a@x.example,Unsubscribed", header="Name,Email,List"), by=head, now=NOW)
    assert job.opt_outs == [2]


def test_guessed_encoding_is_said_shown_and_confirmed(client, head):
    client.force_login(head)
    page = post(client, (LISTS / "07-outlook-desktop-cp1252.csv").read_bytes())["Location"]
    shown = client.get(page).content.decode()
    assert ("Windows-1252" in shown, "Müller" in shown, "left out" in shown) == (True, True, True)
    chosen = {f"column-{at}": key for at, key in enumerate(ImportJob.objects.get().columns)}
    assert client.post(page + "columns/", chosen).status_code == 422
    assert client.post(page + "columns/", chosen | {"encoding": "on"}).status_code == 303


def test_samples_are_the_first_filled_cells_of_the_whole_file(client, head):
    client.force_login(head)
    rows = [f"P{n},p{n}@x.example," for n in range(1200)]
    rows[1100] += "512 555 0100"
    page = post(client, table(*rows, header="Name,Email,Contact no"))["Location"]
    assert "512 555 0100" in client.get(page).content.decode()


# --- Undo -----------------------------------------------------------------------------------------------------------


def undo(job, head, now=NOW):
    undo_import(job=job, by=head, now=now)
    while run_next_undo_step(lambda: now):
        pass
    job.refresh_from_db()


def test_import_is_undone_as_one_batch_and_can_come_again(run, head):
    known = LeadFactory(name="Jo", email="jo@x.example", phone="")
    content = table("Jo,jo@x.example,512 555 0123", "Al,al@x.example,512 555 0124", header="Name,Email,Phone")
    job = run(content)
    undo(job, head, NOW + UNDO_WINDOW)
    assert job.status == "undone"
    known.refresh_from_db()
    assert (known.phone, known.phone_e164, known.email) == ("", "", "jo@x.example")
    assert list(Lead.objects.live()) == [known]
    assert not Lead.objects.exclude(pk=known.pk).exclude(name="", email="", phone="", email_key="").exists()
    again = run(content)
    assert (again.figures()["created"], again.figures()["updated"]) == (1, 1)


def test_who_was_worked_with_since_stays(run, head):
    job = run(table(*people(3)))
    change_status(lead=Lead.objects.earliest("pk"), to=LeadStatus.CONTACTED, by=head, now=NOW + dt.timedelta(hours=1))
    undo(job, head, NOW + dt.timedelta(hours=2))
    assert [lead.status for lead in Lead.objects.live()] == ["contacted"]


def test_after_thirty_days_an_import_is_no_longer_undone(run, head):
    job = run(table(*people(1)))
    with pytest.raises(locking.ActionError, match="no longer"):
        undo_import(job=job, by=head, now=NOW + UNDO_WINDOW + dt.timedelta(seconds=1))


def test_batch_can_be_found_and_tagged(client, head, checked):
    client.force_login(head)
    LeadFactory(name="Ann Else")
    job, tag = checked(table(*people(2))), TagFactory(name="Batch")
    page = f"{URL}{job.public_id}/"
    client.post(page + "start/", {"tag": tag.pk})
    work()
    assert {str(one) for one in LeadTag.objects.all()} == {"Batch"}
    assert f"?import={job.pk}" in client.get(page).content.decode()
    shown = client.get(f"/admin/signups/lead/?import={job.pk}").content.decode()
    assert ("Jo Miller" in shown, "Ann Else" in shown) == (True, False)
    assert "Undo this import" in client.get(page).content.decode()
    assert client.get("/admin/signups/lead/?import=x").status_code == 400
    client.post(page + "undo/")
    while run_next_undo_step(timezone.now):
        pass
    assert "was undone" in client.get(page).content.decode()


# --- Properties -----------------------------------------------------------------------------------------------------

NAMES = ("Ann Lee", "Annie Lee", "Ben Lee", "Bo Yi", "Bo", "")
ADDRESSES = ("a@x.example", "A@x.example", "b@gmail.com", "b+x@gmail.com", "nobody", "")
NUMBERS = ("512 555 0100", "+1 512 555 0100 x1", "(555) 555-5555", "000", "512 555 0101", "")
ROWS = st.lists(st.tuples(*map(st.sampled_from, (NAMES, ADDRESSES, NUMBERS))), min_size=1, max_size=8)


@given(ROWS, st.randoms(use_true_random=False))
@example(
    rows=[
        ("Ann Lee", "a@x.example", "512 555 0100"),
        ("Annie Lee", "nobody", "512 555 0100"),
        ("Ben Lee", "b@gmail.com", "(555) 555-5555"),
        ("Bo Yi", "a@x.example", "512 555 0100"),
        ("", "b@gmail.com", "512 555 0100"),
    ],
    random=random.Random(0),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sums_are_equal_order_does_not_matter_and_twice_changes_nothing(head, rows, random):
    def check(order):
        with transaction.atomic():
            content = table(*(",".join(row) for row in order), header="Name,Email,Phone")
            taken = []
            for _ in range(2):
                job = upload_list(content=content, by=head, now=NOW)
                start_validation(job=job, columns=[headings.guess_field(name) for name in job.header], by=head)
                run_next_import_step(lambda: NOW)
                job.refresh_from_db()
                before = job.figures()
                start_import(job=job, by=head, now=NOW)
                work()
                job.refresh_from_db()
                assert job.figures() == before
                assert sum(before[outcome] for outcome in RowOutcome.values) == job.size
                fields = ("name", "email_key", "phone_e164", "phone_extension")
                taken.append(sorted(Lead.objects.live().values_list(*fields)))
            assert taken[0] == taken[1]
            numbers = [number for _, _, number, _ in taken[0] if number]
            assert "+15555555555" not in numbers
            transaction.set_rollback(True)
        return taken[0]

    if any(any(row) for row in rows):
        shuffled = list(rows)
        random.shuffle(shuffled)
        assert check(rows) == check(shuffled)
