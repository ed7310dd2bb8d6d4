import copy
import datetime as dt
import os

import hypothesis
import pytest
import time_machine
from django.apps import apps
from django.core.cache import caches
from django.db import connection, transaction
from django.test import TransactionTestCase

from content import page_rendering, state_changes
from content.fixtures import loader
from content.models import ClinicProfile
from content.models.content_version import ContentVersion
from signups.audit import triggers
from signups.consents import actions as consents
from tests.factories import content
from tests.signups.conftest import post_start  # noqa: F401 - a fixture of every package

hypothesis.settings.register_profile("clinic", deadline=None)  # how long an example takes proves nothing here
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=400)  # --hypothesis-profile=thorough
hypothesis.settings.load_profile("clinic")


def pytest_addoption(parser):
    parser.addoption(
        "--days-ahead", type=int, default=0, help="run in process as if it were so many days later (make test-ahead)"
    )


def pytest_configure(config):
    if days := config.getoption("--days-ahead"):
        ahead = time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=days))
        ahead.start()
        config.add_cleanup(ahead.stop)


@pytest.fixture(autouse=True)
def audit_head(settings, tmp_path):
    """Each test's trail begins anew, so its end is noted anew too."""
    settings.AUDIT_CHAIN_HEAD_FILE = tmp_path / "audit-head"
    settings.RESTORE_JOURNAL_FILE = tmp_path / "restore-journal"


@pytest.fixture(autouse=True)
def nothing_remembered():
    """What a process keeps for a minute or for an edition outlives no test: each begins with the same edition."""
    caches["memory"].clear()
    page_rendering._cached_page.cache_clear()
    state_changes._changed_pages.cache_clear()
    consents.STORED_WORDINGS.clear()


@pytest.fixture(autouse=True, scope="session")
def emptying_between_tests():
    """Lets Django empty the tables after a test with real commits; `flush` then puts the guards up again."""
    flush = TransactionTestCase._fixture_teardown

    def take_down_and_flush(test):
        triggers.drop_triggers(connection)
        flush(test)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", take_down_and_flush)
        yield


def content_rows(blocker, make):
    """Return the rows of the content app that `make` makes, by model. They are made once and rolled back."""
    with blocker.unblock(), transaction.atomic():
        make()
        models = apps.get_app_config("content").get_models(include_auto_created=True)
        rows = {model: list(model._base_manager.all()) for model in models}
        transaction.set_rollback(True)
    return {model: rows for model, rows in rows.items() if rows}


def insert(rows):
    """Put copies of `rows` into the database, so that no test changes another's."""
    for model, made in rows.items():  # (foreign keys are checked at the commit)
        model._base_manager.bulk_create(copy.deepcopy(made))
    ContentVersion.invalidate()  # as saving them would: what a test before this one cached is out of date


@pytest.fixture(scope="session")
def shipped_rows(django_db_setup, django_db_blocker):
    return content_rows(django_db_blocker, loader.load_fixtures)


@pytest.fixture
def shipped_content(db, shipped_rows):
    """The shipped texts are in the database, as `load_content` leaves them."""
    insert(shipped_rows)


@pytest.fixture(scope="session")
def clinic_rows(django_db_setup, django_db_blocker):
    return content_rows(django_db_blocker, open_clinic)


@pytest.fixture
def clinic(db, clinic_rows):
    """The least a running site has (`open_clinic`); returns the profile."""
    insert(clinic_rows)
    return ClinicProfile.objects.get()


def open_clinic():
    """The least a running site has: its profile, terms and privacy notice."""
    profile = content.ClinicProfileFactory()
    for kind in ("terms", "privacy", "news", "calls", "texts", "callbacks"):
        content.LegalTextFactory(kind=kind, title=f"Our {kind}")
    return profile


# Everything runs on PostgreSQL. What SQLite may do otherwise runs on both: constraints, triggers, locks, search, JSON,
# dates, migrations and processes. Folders and files of tests; single tests elsewhere carry the marker themselves.
SQLITE = (
    *("clinic/lib/test_encryption", "clinic/test_backup", "clinic/test_cleanup", "clinic/test_dashboard"),
    *("clinic/test_rotate_encryption_keys", "clinic/test_run_", "clinic/test_seed_demo_data"),
    *("content/test_publication", "repository/test_models", "signups/audit/"),
    *("signups/callbacks/test_models", "signups/calls/test_no_overlap", "signups/calls/test_races"),
    *("signups/desk/test_audit_log", "signups/desk/test_lead_list", "signups/duplicates/", "signups/imports/"),
    *("signups/leads/test_models", "signups/messages/test_delivery", "signups/messages/test_outbox", "signups/ops/"),
    *("signups/privacy/", "signups/scheduling/test_scheduling_cases", "signups/test_lifecycle_state_machine"),
    *(
        "signups/trials/test_actions",
        "threats/test_audit_race",
        "threats/test_02",
        "threats/test_27",
        "threats/test_29",
        "threats/test_far_times",
    ),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark what runs on SQLite too. Deselect what only PostgreSQL can do from SQLite, and what has a clock of its own
    from a shifted clock.
    """
    here = config.rootpath / "tests"
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(SQLITE):
            item.add_marker("sqlite")
    unfit = {"postgresql": connection.vendor == "sqlite", "real_clock": config.getoption("--days-ahead")}
    deselected = [item for item in items if any(unfit.get(mark.name) for mark in item.iter_markers())]
    items[:] = [item for item in items if item not in deselected]
    config.hook.pytest_deselected(items=deselected)


def pytest_report_header():
    return f"database: {connection.vendor}; clock: {dt.datetime.now(dt.UTC):%Y-%m-%d}"


def pytest_sessionfinish(session):
    """Where everything is supposed to be there (CI), a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        reporter.write_line("CI=true: a skipped test is a failure.", red=True)
        session.exitstatus = 1
