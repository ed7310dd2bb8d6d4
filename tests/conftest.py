import os

import hypothesis
import pytest
from django.db import connection

from . import factories

hypothesis.settings.register_profile("clinic", deadline=None)  # how long an example takes proves nothing here
hypothesis.settings.load_profile("clinic")


@pytest.fixture
def clinic(db):
    """The least a running site has: its profile, terms and privacy notice."""
    profile = factories.ClinicProfileFactory()
    for kind in ("terms", "privacy"):
        factories.LegalTextFactory(kind=kind, title=f"Our {kind}")
    return profile


def pytest_report_header():
    return f"database: {connection.vendor}"


def pytest_sessionfinish(session):
    """Where everything is supposed to be there (CI), a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = 1
