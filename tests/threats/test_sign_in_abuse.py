"""Nobody is shut out by a stranger, no password is hashed without bound, and what failed leaves a trace."""

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from clinic import roles
from clinic.staff_auth import adapters, lockout, signals
from signups.audit.models import AuditEvent
from tests.clinic.test_staff_auth import LOGIN, PASSWORD, sign_in
from tests.factories import users

pytestmark = pytest.mark.django_db


@pytest.fixture
def head(clinic, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    return users.UserFactory(username="Sibil", role=roles.HEAD)


def tries(name, password="wrong", *, address="198.51.100.1"):
    return sign_in(Client(), password, username=name, HTTP_X_FORWARDED_FOR=address).status_code


def test_a_stranger_shuts_nobody_out_elsewhere(head):
    for number in range(80):
        tries("Sibil", address=f"10.{number}.0.1")
    assert tries("Sibil", PASSWORD, address="203.0.113.9") == 302


def test_beyond_the_accounts_limit_each_network_gets_few_tries(head):
    for number in range(adapters.MAX_ACCOUNT_ATTEMPTS):
        tries("Sibil", address=f"10.{number}.0.1")
    codes = [tries("Sibil", address=f"203.0.113.{n}") for n in range(adapters.SLOW_ATTEMPTS + 1)]
    assert codes == [200] * adapters.SLOW_ATTEMPTS + [429]


def test_no_address_gets_a_hash_for_every_new_name(head, monkeypatch):
    hashed, genuine = [], adapters.DefaultAccountAdapter.authenticate
    monkeypatch.setattr(
        adapters.DefaultAccountAdapter, "authenticate", lambda *args, **kw: hashed.append(1) or genuine(*args, **kw)
    )
    codes = [tries(f"name{number}") for number in range(60)]
    assert codes == [200] * adapters.MAX_CLIENT_ATTEMPTS + [429] * (60 - adapters.MAX_CLIENT_ATTEMPTS)
    assert len(hashed) == adapters.MAX_CLIENT_ATTEMPTS


def test_neighbors_share_a_larger_bound(head, monkeypatch):
    monkeypatch.setattr(adapters, "MAX_NETWORK_ATTEMPTS", 10)
    codes = [tries(f"name{number}", address=f"2001:db8:7:{number:x}::1") for number in range(12)]
    assert codes == [200] * 10 + [429] * 2
    assert tries("Sibil", PASSWORD, address="2001:db8:8::1") == 302


def test_only_so_many_passwords_are_hashed_at_once(head, monkeypatch):
    monkeypatch.setattr(adapters, "HASHING_TIMEOUT", 0.01)
    slots = [adapters.HASHING_SLOTS.acquire(blocking=False) for _ in range(3)]
    try:
        assert slots == [True, True, False]
        assert tries("Sibil", PASSWORD) == 429
    finally:
        for _ in range(2):
            adapters.HASHING_SLOTS.release()
    assert tries("Sibil", PASSWORD) == 302


SPELLINGS = ["Sibil", "sibil", "SIBIL", "sıbil", "ſibil", "ＳＩＢＩＬ", "sıbıl", "ſIBıL", " sibil "]


def test_spellings_of_one_account_share_one_count(head):
    assert {lockout.fold_username(name) for name in SPELLINGS} == {"sibil"}
    codes = [tries(name) for name in SPELLINGS]
    assert codes == [200] * 5 + [429] * 4
    assert lockout.fold_username("Kelvin") == lockout.fold_username("\u212aelvin")
    assert lockout.fold_username("sibyl") != "sibil"


def test_wrong_passwords_and_codes_leave_an_event(head):
    for name in ("Sibil", "nobody", "Sibil"):
        tries(name)
    events = list(AuditEvent.objects.order_by("id").values_list("action", "target"))
    known, unknown = ("sign_in_failed", f"user:{head.pk}"), ("sign_in_failed", "user:unknown")
    assert events == [known, unknown, known]


def test_failures_do_not_make_the_audit_log_grow_without_bound(head, monkeypatch):
    monkeypatch.setattr(signals, "MAX_FAILURES_RECORDED", 3)
    for number in range(9):
        tries(f"name{number}", address=f"10.{number}.0.1")
    assert AuditEvent.objects.filter(action="sign_in_failed").count() == 3


def test_a_session_in_constant_use_ends_after_the_shift(head, time_machine):
    client, start = Client(), timezone.now()
    sign_in(client, username="Sibil")
    for minute in range(20, 12 * 60, 20):
        time_machine.move_to(start + dt.timedelta(minutes=minute), tick=False)
        assert client.get("/admin/security/sessions/").status_code == 200, minute
    time_machine.move_to(start + dt.timedelta(hours=12, seconds=1), tick=False)
    assert client.get("/admin/").status_code == 302
    assert client.get("/admin/").headers["Location"] == f"{LOGIN}?next=/admin/"


PAGES = [
    "",
    "login/",
    "login/code/",
    "login/passkey/",
    "security/",
    "security/again/",
    "security/app/",
    "security/codes/",
]


def test_looking_at_a_page_leaves_no_session_for_long(clinic):
    for page in PAGES:
        for _ in range(3):
            Client().get(f"/admin/{page}")
    soon = timezone.now() + dt.timedelta(minutes=11)
    assert not Session.objects.filter(expire_date__gt=soon).exists()


def test_failed_sign_ins_reach_the_head(head):
    client = Client()
    sign_in(client, username="Sibil")
    assert "since yesterday" not in client.get("/admin/").content.decode()
    tries("Sibil")
    AuditEvent.objects.create(
        target=f"user:{head.pk}", occurred_at=timezone.now(), actor_kind="system", action="second_step_failed"
    )
    page = client.get("/admin/").content.decode()
    assert "Wrong passwords since yesterday" in page
    assert "Wrong codes after a right password since yesterday" in page
    assert client.get("/admin/signups/auditevent/?action=sign_in_failed").status_code == 200
