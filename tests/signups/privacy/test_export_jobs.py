"""A copy of all we hold about somebody, where there is so much that the worker makes it."""

import datetime as dt
import io
import json
import zipfile

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from clinic.lib.encryption import encrypt
from signups.audit.choices import ActorKind
from signups.callbacks.models import CallAttempt
from signups.duplicates import merging
from signups.leads import links as lead_links
from signups.privacy import erasure, export_jobs, personal_data, retention
from signups.privacy.models import DataExportChunk, DataExportJob
from tests.factories.callbacks import CallAttemptFactory
from tests.factories.leads import LeadFactory, NoteFactory
from tests.factories.messages import OutboxMessageFactory
from tests.factories.privacy import DataExportJobFactory
from tests.factories.users import UserFactory
from tests.signups.calls.scenario_player import together
from tests.signups.conftest import NOW

from . import find_leaks

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def lead(clinic, monkeypatch):
    """Of whom there is more than is answered at once, and more of one table than fits into a part."""
    monkeypatch.setattr(export_jobs, "INLINE_ROW_LIMIT", 5)
    monkeypatch.setattr(export_jobs, "CHUNK_SIZE", 2)
    lead = LeadFactory()
    CallAttemptFactory(request__lead=lead)
    for day in (3, 1, 2):
        OutboxMessageFactory(lead=lead, text=f"of day {day}", created_at=NOW - day * DAY)
    NoteFactory(lead=lead, text="Prefers <b>mornings</b>.")
    return lead


@pytest.fixture
def my(client, lead, time_machine):
    time_machine.move_to(NOW, tick=False)
    return lead_links.portal_url(lead)


def work(steps=1000):
    for _ in range(steps):
        if not export_jobs.run_next_export_step(timezone.now):
            return


def told(client, my):
    with zipfile.ZipFile(io.BytesIO(client.post(my + "export/").content)) as archive:
        return json.loads(archive.read("my-data.json")), archive.read("my-data.html").decode()


def test_page_says_how_far_it_is_and_then_gives_it(client, lead, my):
    answer = client.post(my + "export/")
    path, _, asked = answer["Location"].partition("?")
    assert (answer.status_code, path, asked.endswith("#download")) == (
        303,
        my.removeprefix("http://127.0.0.1:8000"),
        True,
    )
    assert '<progress max="1" value="0"' in client.get(my).content.decode()
    work(3)  # it is planned, and two parts are done: then the worker dies
    parts = DataExportChunk.objects.count()
    assert f'<progress max="{parts}" value="2"' in client.get(my).content.decode()
    assert client.post(my + "export/").status_code == 303
    assert DataExportJob.objects.count() == 1
    work()
    assert "Your file is ready" in client.get(my).content.decode()
    held, shown = told(client, my)
    now_held = personal_data.export_lead_data(lead)
    assert held == {**now_held, "events": held["events"]}
    assert [event["action"] for event in held["events"]] == ["requested a data export"]
    assert [message["text"] for message in held["messages"]] == ["of day 3", "of day 2", "of day 1"]
    assert "Prefers &lt;b&gt;mornings&lt;/b&gt;." in shown
    assert shown.count("<p>Nothing.</p>") == sum(rows == [] for rows in held.values())
    assert lead.events.first().action == "downloaded"


def test_small_ones_are_answered_at_once(client, lead, my, monkeypatch):
    monkeypatch.setattr(export_jobs, "INLINE_ROW_LIMIT", 50)
    assert told(client, my)[0]["lead"]["name"] == "Jo Miller"
    assert not DataExportJob.objects.exists()


def test_every_row_is_told_once_whatever_is_added_meanwhile(client, lead, my):
    client.post(my + "export/")
    work(2)
    NoteFactory(lead=lead, text="Later")
    OutboxMessageFactory(lead=lead, text="Earlier", created_at=NOW - 9 * DAY)
    work()
    held = told(client, my)[0]
    assert (len(held["notes"]), len(held["messages"])) == (1, 3)
    client.post(my + "export/anew/")
    assert told_of_progress(client, my)
    work()
    assert [note["text"] for note in told(client, my)[0]["notes"]] == ["Prefers <b>mornings</b>.", "Later"]


def told_of_progress(client, my):
    return "<progress" in client.get(my).content.decode()


def test_asking_anew_does_not_throw_away_what_is_being_made(client, lead, my):
    client.post(my + "export/")
    work(2)
    client.post(my + "export/anew/")
    assert export_jobs.export_progress(DataExportJob.objects.get())[0] == 1


def test_copy_is_unreadable_in_the_database_and_reads_no_column_of_plain_text(client, lead, my):
    client.post(my + "export/")
    work()
    hits = find_leaks.in_tables(["Jo Miller", "mornings"])
    assert {table for table, _, _ in hits} == {"signups_lead"}


def test_nothing_of_a_copy_is_left_of_who_is_erased_or_merged(client, lead, my):
    head = UserFactory(is_superuser=True)
    for end in (
        lambda: merging.merge_leads(lead=lead, other=LeadFactory(), from_other=set(), by=head, now=NOW),
        lambda: erasure.erase_lead(lead, by=ActorKind.PATIENT, now=NOW),
    ):
        client.post(my + "export/")
        work(3)
        assert DataExportChunk.objects.exists()
        end()
        assert (DataExportJob.objects.count(), DataExportChunk.objects.count()) == (0, 0)
        work()


def test_copy_is_kept_for_a_week_and_then_deleted(client, lead, my, time_machine):
    client.post(my + "export/")
    work()
    time_machine.move_to(NOW + 7 * DAY, tick=False)
    assert "Your file is ready" not in client.get(my).content.decode()
    while retention.apply_due_rules(timezone.now):
        pass
    assert not DataExportChunk.objects.exists()
    assert client.post(my + "export/").status_code == 303  # and may be asked for again
    assert DataExportJob.objects.get().requested_at == NOW + 7 * DAY


def test_the_next_one_is_planned_while_the_first_is_made():
    first, second = DataExportJobFactory(requested_at=NOW), DataExportJobFactory(requested_at=NOW + DAY)
    work(2)
    assert [copy.parts.exists() for copy in (first, second)] == [True, True]
    work()
    assert [export_jobs.export_is_ready(copy) for copy in (first, second)] == [True, True]


def spoil(table, column, to="lost", **which):
    """As if the key that wrote it were lost, or (`to`) there again."""
    with connection.cursor() as cursor:
        ((where, value),) = which.items()
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {where} = %s", [to, value])


def failures():
    return [copy.failed_at is not None for copy in DataExportJob.objects.order_by("requested_at")]


def test_copy_of_a_lead_says_what_of_it_cannot_be_read(client, lead, my):
    spoil("signups_lead", "referral_answer", id=lead.pk)
    DataExportJobFactory(lead=lead)
    work()
    assert "(could not be read)" in json.dumps(told(client, my))


def test_copy_of_what_cannot_be_read_fails_alone(lead):
    DataExportJobFactory(lead=lead, requested_at=NOW)
    spoil("signups_note", "text", lead_id=lead.pk)
    other = DataExportJobFactory(requested_at=NOW + DAY)
    work()
    assert (failures(), export_jobs.export_is_ready(other)) == ([True, False], True)
    assert set(DataExportChunk.objects.values_list("copy", flat=True)) == {other.pk}


def test_page_says_that_a_copy_failed_and_it_can_be_asked_for_again(client, lead, my):
    note = lead.notes.get()
    DataExportJobFactory(lead=lead)
    spoil("signups_note", "text", id=note.pk)
    work()
    page = client.get(my).content.decode()
    assert ("We could not create your file" in page, "<progress" in page, "Try again" in page) == (True, False, True)
    spoil("signups_note", "text", to=encrypt("Read again"), id=note.pk)
    client.post(my + "export/anew/")
    work()
    assert told(client, my)[0]["notes"][0]["text"] == "Read again"


def test_copy_that_can_no_longer_be_read_says_so(client, lead, my):
    copy = DataExportJobFactory(lead=lead)
    work()
    spoil("signups_dataexportchunk", "json", copy_id=copy.pk)
    assert client.post(my + "export/").status_code == 303
    assert "We could not create your file" in client.get(my).content.decode()
    assert not lead.events.exists()


def test_while_the_database_is_away_no_copy_fails(lead, monkeypatch):
    def away(*args):
        raise OperationalError("the server is gone")

    DataExportJobFactory(lead=lead)
    monkeypatch.setattr(personal_data, "serialize_row", away)
    with pytest.raises(OperationalError):
        work()
    assert failures() == [False]


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_make_each_part_once(clinic, monkeypatch):
    monkeypatch.setattr(export_jobs, "CHUNK_SIZE", 2)
    lead = LeadFactory()
    OutboxMessageFactory.create_batch(9, lead=lead)
    copy = DataExportJobFactory(lead=lead)

    def worker():
        done = 0
        while not export_jobs.export_is_ready(copy):
            done += export_jobs.run_next_export_step(timezone.now)
        return done

    assert sum(together(worker, worker)) == DataExportChunk.objects.count() + 1  # and the plan
    with zipfile.ZipFile(io.BytesIO(export_jobs.download_export(copy, by=ActorKind.PATIENT, now=NOW))) as archive:
        held = json.loads(archive.read("my-data.json"))
    assert (DataExportJob.objects.count(), len(held["messages"]), held["messages"]) == (
        1,
        9,
        personal_data.export_lead_data(lead)["messages"],
    )


def test_questions_to_the_database_do_not_grow_with_the_rows(lead, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(export_jobs, "CHUNK_SIZE", 200)
    DataExportJobFactory(lead=lead)
    work(1)
    DataExportChunk.objects.exclude(model=CallAttempt._meta.label).delete()
    for number in (1, 2, 3):
        if number > 1:
            CallAttemptFactory(request=CallAttempt.objects.get(number=1).request, number=number)
        keys = list(CallAttempt.objects.values_list("pk", flat=True))
        DataExportChunk.objects.update(keys=keys, json=None, html=None)
        with django_assert_num_queries(10):
            assert export_jobs.run_next_export_step(timezone.now) == 1
