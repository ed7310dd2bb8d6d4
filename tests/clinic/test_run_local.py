"""`run_local`: one signal stops all processes; an exit stops the others."""

import os
import signal
import socket
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.factories import content
from tests.services import WAIT_TIMEOUT
from tests.threats import live_site

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(clinic, tmp_path):
    content.ArticleFactory(kind="landing", slug="landing")
    with live_site.running(tmp_path) as site:
        yield site


def running(pids):
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_all_of_it(site, by):
    assert site.visitor().get("/").status == 200
    pids = site.family()
    assert site.stop(by) == 0, "".join(site.log)
    assert running(pids) == []


def test_worker_that_dies_takes_the_site_down_with_it_and_says_so(site):
    pids = site.family()
    (worker,) = [pid for pid in pids if b"run_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(worker, signal.SIGKILL)
    assert site.process.wait(WAIT_TIMEOUT) == 1
    site.reader.join(WAIT_TIMEOUT)
    assert "worker stopped (rc=-9)" in "".join(site.log)
    assert "stopped by itself" in "".join(site.log)
    assert running(pids) == []


def test_production_is_not_run_by_it(settings):
    settings.ENVIRONMENT = "production"
    with pytest.raises(CommandError, match="run_local is for one machine"):
        call_command("run_local")


def test_port_that_is_taken_is_told_before_anything_is_touched():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(CommandError, match=f"make run PORT={port + 1}"):
            call_command("run_local", port=port)
