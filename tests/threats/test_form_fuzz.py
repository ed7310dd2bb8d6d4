"""Every form that a crawl finds, with valid values in all fields but one: nothing of it is a 5xx.

FUZZ_SECONDS of CPU for each visitor (a long night: 3600), FUZZ_SEED for another order of values. With FUZZ_SECONDS also
those go through it whose forms the Head and the editor see as well.
"""

import datetime as dt
import os
import random
import sys
import time
from urllib.parse import urlencode

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.core.signals import got_request_exception
from django.db import transaction
from django.test import Client
from django.utils import timezone

from clinic import roles
from signups.leads import links as lead_links
from tests.factories import callbacks, followups, imports, leads, messages, trials, users

from .form_crawler import Form, crawl

pytestmark = pytest.mark.django_db
SECONDS = float(os.environ.get("FUZZ_SECONDS", "3"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))
LONG = ["é" * 400, "x" * 70_000, '{"a":' * 300, "[" * 5000, "a@" + "b" * 300 + ".com", "9" * 30, "-" + "9" * 19]
TEXTS = [
    "",
    " ",
    "\0",
    "\ud800",
    "a\ud800b",
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "%",
    "_",
    "\\",
    "zzz",
    "on",
    "é",
    ",",
]
TEXTS += [
    "{{ 7|add:1 }}",
    "%s%n{0}",
    "\u202e",
    "\u200b",
    "\r\nBcc: x@example.com",
    "../../etc/passwd",
    "[^c99]",
    "![",
    "::: x\n",
]
NUMBERS = [
    "-1",
    "0",
    "1.5",
    "+1",
    "01",
    "9223372036854775808",
    "2147483648",
    "1e400",
    "NaN",
    "Infinity",
    "٣",
    "²",
    "1,2,3",
]
JSON = [
    "null",
    "[]",
    "{}",
    "[[1]]",
    '"',
    '["\\ud800"]',
    '[{"weekday": 0.0}]',
    "[NaN]",
    "[1e999]",
    "true",
    "[1, null]",
    '{"": ""}',
]
MOMENTS = ["2026-02-30", "0001-01-01", "9999-12-31", "99999-01-01", "2026-12-15T99:00", "24:00", "00:00", "2026-12-15"]
ADDRESSES = [
    "a@b",
    "ann?bcc=x%40y.example&body=a@example.com",
    "ı@example.com",
    "javascript:alert(1)",
    "//evil.example",
]
ADDRESSES += ["//evil.example", "http://[", "http://127.0.0.1:1", "https://exa mple.org", "America/Nowhere", "NY"]
VALUES = [*LONG, *TEXTS, *NUMBERS, *JSON, *MOMENTS, *ADDRESSES]
MISSING = object()
REFUSED = 0.3  # of the forms, when filled in by `Form.values` alone
TYPED = "application/x-www-form-urlencoded"


@pytest.fixture
def site(shipped_content, time_machine):
    """The shipped texts and a few people of every kind."""
    now = (timezone.now() + dt.timedelta(days=2)).replace(hour=15, minute=0)  # once the shipped texts are published
    time_machine.move_to(now, tick=False)
    call_command("seed_demo_data", leads=12, verbosity=0)
    trial = trials.TrialFactory(requested_at=now - dt.timedelta(days=1), started_at=now - dt.timedelta(days=1))
    lead = trial.lead
    waiting = trials.TrialFactory(requested_at=now - dt.timedelta(hours=1)).lead
    callbacks.CallbackRequestFactory(lead=leads.LeadFactory(phone="(212) 555-0111", phone_e164="+12125550111"))
    followups.FollowUpFactory(lead=lead)
    leads.NoteFactory(lead=lead)
    leads.LeadTagFactory(lead=lead)
    messages.EmailTemplateFactory()
    messages.InboundMessageFactory(lead=None)
    imports.ImportChunkFactory()
    leads.LeadFactory(name="Jo Miller", phone="(212) 555-0123", phone_e164="+12125550123")
    leads.LeadFactory(name="Jo Miller", phone="(212) 555-0123", phone_e164="+12125550123")
    return {"lead": lead, "waiting": waiting}


def private(site):
    return [
        lead_links.portal_url(site["lead"]),
        lead_links.confirmation_url(site["waiting"]),
        lead_links.unsubscribe_url(site["lead"]),
    ]


ROLES = {
    "a reviewer": roles.REVIEWER,
    "a coordinator": roles.COORDINATOR,
    "the Head": roles.HEAD,
    "an editor": roles.EDITOR,
    "a superuser": "",
}
VISITORS = ["a visitor", "a patient", "the Head", "an editor", "a reviewer"]
if "FUZZ_SECONDS" in os.environ:
    VISITORS += ["a coordinator", "a superuser"]
ON_BOTH = {"a visitor", "a patient"}  # the others' forms are on PostgreSQL alone, for the time they take
MARKED = [pytest.param(who, marks=[pytest.mark.sqlite] if who in ON_BOTH else []) for who in VISITORS]


def visit(who, site):
    """The client of `who`, and where they begin."""
    client = Client(raise_request_exception=False)
    if who == "a visitor":
        return client, ["/", "/start/", "/start/elsewhere/", "/callback/", "/lost-link/", "/learn/", "/admin/login/"]
    if who == "a patient":
        starts = [url.partition("8000")[2] for url in private(site)]
        return client, [*starts, *(f"{starts[0]}{page}/" for page in PORTAL)]
    client.force_login(users.UserFactory(role=ROLES[who], is_superuser=not ROLES[who]))
    return client, ["/admin/"]


PORTAL = ["details", "consents", "callback", "call", "link", "erase", "trial/cancel"]


class Fuzz:
    """Sends forms, and takes back whatever each of them did."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.errors: list[str] = []
        got_request_exception.connect(self.note)

    def note(self, **kwargs) -> None:
        self.errors.append(repr(sys.exc_info()[1])[:200])

    def send(self, form: Form, values: dict[str, str]) -> int:
        self.errors.clear()
        pairs = [(name.encode(), value.encode("utf-8", "surrogatepass")) for name, value in values.items()]
        with transaction.atomic():
            response = self.request(form, values, urlencode(pairs))
            transaction.set_rollback(True)
        return response.status_code

    def request(self, form: Form, values: dict[str, str], encoded: str):
        if form.method != "post":
            return self.client.get(form.action.partition("?")[0], QUERY_STRING=encoded)
        if all(one.type != "file" for one in form.fields.values()):
            return self.client.post(form.action, encoded, content_type=TYPED)
        data = {name: value.encode("utf-8", "replace").decode() for name, value in values.items()}
        return self.client.post(form.action, data | {"file": ContentFile(b"Name,E-mail\nA,a@b.co", "x")})


def cases(forms, rng):
    """Every field of every form with one value, then each with another, without end."""
    fields = [(form, name) for form in forms for name in form.fields]
    while fields:
        rng.shuffle(fields)
        for form, name in fields:
            yield form, name, rng.choice([*VALUES, MISSING])


@pytest.mark.parametrize("who", MARKED)
def test_one_odd_value_in_any_form_is_no_server_error(site, time_machine, monkeypatch, who):
    monkeypatch.setattr("signups.web.form_limits.PER_LINK", 10**9)
    client, starts = visit(who, site)
    found, broken = crawl(client, starts)
    assert broken == []
    time_machine.shift(dt.timedelta(minutes=1))
    fuzz, rng, forms = Fuzz(client), random.Random(SEED), list(found.values())
    answers = {form.kind: fuzz.send(form, form.values()) for form in forms}
    refused = [(form.action, answers[form.kind]) for form in forms if answers[form.kind] >= 400]
    started, wrong = time.process_time(), {}
    for form, name, value in cases(forms, rng):
        if time.process_time() - started > SECONDS:
            break
        values = form.values() | {name: value}
        if value is MISSING:
            del values[name]
        if fuzz.send(form, values) >= 500:
            wrong.setdefault((form.action, name, *fuzz.errors[-1:]), repr(value)[:60])
    assert wrong == {}
    assert len(refused) <= len(forms) * REFUSED, refused  # else most fields are never looked at
