"""Log redaction: no personal data in log lines."""

import io
import logging
import re

import pytest
from django.db import IntegrityError, connection, transaction

from clinic import log_redaction, roles
from clinic.log_redaction import RedactingFormatter, RedactPathFilter
from signups.leads import links as lead_links
from tests.factories import leads, trials, users

pytestmark = pytest.mark.django_db

PERSON = {"name": "Zoë Quillfeather", "email": "zoe.quill@example.org", "phone": "(212) 555-0147"}


@pytest.fixture
def log(settings):
    """Return every log line as the site would write it, down to DEBUG."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    line = settings.LOGGING["formatters"]["line"]
    handler.setFormatter(RedactingFormatter(line["format"], line["datefmt"], style="{"))
    handler.addFilter(RedactPathFilter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_walk_through_the_site_names_nobody(client, clinic, post_start, log, monkeypatch):
    assert post_start(**PERSON).status_code == 303
    lead = leads.LeadFactory(**PERSON | {"email": "other@example.org"})
    trials.TrialFactory(lead=lead)
    token = lead_links.confirmation_url(lead).split("/")[-2]
    client.get(f"/confirm/{token}/")
    client.get(f"/confirm/{token}x/")
    client.get("/no-such/zoe.quill@example.org/")
    client.post("/admin/login/", {"login": "zoe.quill@example.org", "password": "hunter2hunter2"})
    client.get("/", HTTP_HOST="zoe.example")
    client.raise_request_exception = False
    monkeypatch.setattr("signups.trials.forms.request_trial", lambda **fields: fail(fields))
    assert post_start(**PERSON).status_code == 500
    logged = log.getvalue()
    assert "500 POST start" in logged
    for private in ("Zoë", "Quillfeather", "zoe.quill", "555-0147", "5550147", token, "hunter2"):
        assert private not in logged, private


def fail(fields):
    raise ValueError("refused: Key (email)=(zoe.quill@example.org), +12125550147")


def test_row_that_the_database_quotes_is_scrubbed(log):
    leads.LeadFactory(email="zoe.quill@example.org")
    try:
        with transaction.atomic():
            leads.LeadFactory(email="zoe.quill@example.org")
    except IntegrityError:
        logging.getLogger("x").exception("it failed for %s", "zoe.quill@example.org")
    logged = log.getvalue()
    assert "IntegrityError" in logged
    assert "zoe.quill" not in logged
    assert connection.vendor in ("sqlite", "postgresql")


@pytest.mark.parametrize(
    ("logged", "written"),
    [
        ("to jo.m+x@example.com now", "to (email) now"),
        ("call +1 (212) 555-0123 please", "call (number) please"),
        ("GET /my/abc:def:ghi/call/", "GET /my/…/call/"),
        ("message 7f0a9c1e-1f2b-4c3d-8e4f-5a6b7c8d9e0f was sent", None),
        ("the audit trail ends at 5 with 0d8590ee:eae7e856e4ca56c567489c206d351d6c108d", None),
    ],
)
def test_scrubbing_takes_people_and_leaves_the_rest(logged, written):
    assert log_redaction.redact(logged) == (written or logged)


def test_what_is_refused_is_one_warning_without_what_was_typed(client, clinic, log):
    head = users.UserFactory(is_superuser=True)
    client.get("/zoe/", HTTP_HOST="zoe.example")
    client.post("/start/", {f"zoe{number}": "zoe" for number in range(1001)})
    client.post("/start/", {"name": "zoe"})
    client.force_login(head)
    client.get("/admin/signups/lead/", {"status__exact": "zoe"})
    lines = [line.split(" ", 4)[1:] for line in log.getvalue().splitlines() if " django." in line]
    assert [(level, name, logged) for level, _, name, logged in lines] == [
        ("WARNING", "django.security.DisallowedHost", "400 GET no view DisallowedHost"),
        ("WARNING", "django.security.TooManyFieldsSent", "400 POST start TooManyFieldsSent"),
        ("WARNING", "django.request", "422 POST start"),
        ("WARNING", "django.request", "400 GET admin:signups_lead_changelist BadRequest"),
    ]
    assert re.search("zoe|Traceback", log.getvalue()) is None


def test_lines_of_one_request_carry_the_same_word(client, clinic, log):
    client.get("/no-such-page/")
    client.get("/no-such-page/")
    words = re.findall(r"WARNING (\w{8}) django.request", log.getvalue())
    assert len(words) == 2
    assert len(set(words)) == 2


def test_a_line_begins_with_a_time_and_its_zone(log):
    logging.getLogger("clinic").warning("a word")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} WARNING \S+ clinic a word\n", log.getvalue())


def test_a_line_break_begins_no_line_of_its_own(log):
    logging.getLogger("clinic").warning("said: %s", "no\r\nmade ERROR \x1b[31m\x85\u2028made up")
    assert len(log.getvalue().splitlines()) == 1
    assert r"no\r\nmade ERROR \x1b[31m\x85\u2028made up" in log.getvalue()


def test_a_refusal_says_to_whom_and_where(client, clinic, log):
    coordinator = users.UserFactory(role=roles.COORDINATOR)
    client.force_login(coordinator)
    assert client.get("/admin/signups/lead/import/").status_code == 403
    assert f"403 GET admin:signups_lead_import PermissionDenied user {coordinator.pk}\n" in log.getvalue()
