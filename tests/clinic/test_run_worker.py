"""Worker loop: a failing job does not delay the others."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import OperationalError

from clinic.management.commands.run_worker import Job

pytestmark = pytest.mark.django_db
DONE = []


def three_things(clock):
    assert isinstance(clock(), dt.datetime)
    DONE.append("thing")
    return len(DONE) < 3


def fails(clock):
    raise OperationalError("the database is away")


def breaks(clock):
    raise ValueError("a mistake of ours")


def test_once_works_until_nothing_is_left(settings):
    DONE.clear()
    settings.WORKER_JOBS = {f"{__name__}.three_things": 1.0}
    call_command("run_worker", once=True)
    assert len(DONE) == 3


def test_a_failing_job_waits_longer_each_time_and_recovers(monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    job = Job(f"{__name__}.fails", 1.0)
    pauses = []
    for _ in range(8):
        assert not job.run()
        pauses.append(job.next_at)
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    job.name = f"{__name__}.three_things"
    DONE.clear()
    assert job.run()
    assert (job.next_at, job.failures) == (0.0, 0)


def test_a_mistake_in_a_job_does_not_end_the_worker():
    assert not Job(f"{__name__}.breaks", 1.0).run()
