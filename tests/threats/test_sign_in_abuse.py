"""Nobody is shut out by a stranger, no password is hashed without bound, and what failed leaves a trace."""

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from clinic import roles
from clinic.staff_auth import adapters, digest, forms, lockout, signals, urls
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


def test_whoever_waits_signs_in_whatever_others_do(head, monkeypatch, time_machine):
    """2,000 tries from 34 networks, of which everybody's bound lets a few through; then the right password."""
    hashed, genuine = [], adapters.DefaultAccountAdapter.authenticate
    monkeypatch.setattr(
        adapters.DefaultAccountAdapter, "authenticate", lambda *args, **kw: hashed.append(1) or genuine(*args, **kw)
    )
    monkeypatch.setattr(forms, "MAX_SIGN_INS", 30)
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    pages = [
        sign_in(Client(), "wrong", username=f"name{number}", HTTP_X_FORWARDED_FOR=f"10.{number % 34}.0.{number // 34}")
        for number in range(200)
    ]
    assert (len(hashed), {page.status_code for page in pages}) == (30, {200})
    mine = {"HTTP_X_FORWARDED_FOR": "203.0.113.9", "username": "Sibil"}
    page = sign_in(Client(), PASSWORD, **mine)
    assert "wait ten seconds" in page.content.decode()
    stamp = page.context["form"].data["stamp"]
    assert "wait ten seconds" in sign_in(Client(), PASSWORD, stamp=stamp, **mine).content.decode()  # too soon
    time_machine.move_to(start + dt.timedelta(seconds=11), tick=False)
    assert sign_in(Client(), PASSWORD, stamp=stamp, **mine).status_code == 302
    codes = [
        sign_in(Client(), "wrong", stamp=stamp, username=f"n{n}", HTTP_X_FORWARDED_FOR="10.1.0.1").status_code
        for n in range(forms.WHEN_CROWDED + 1)
    ]
    assert codes == [200] * forms.WHEN_CROWDED + [429]  # waiting buys a small share


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


def test_one_client_makes_a_bounded_number_of_sessions_by_looking(clinic, monkeypatch):
    monkeypatch.setattr(urls, "MAX_CHALLENGES", 3)
    codes = [Client().get(f"{LOGIN}passkey/", HTTP_ACCEPT="application/json").status_code for _ in range(6)]
    assert codes == [200] * 3 + [429] * 3
    assert Session.objects.count() <= 3
    for page in PAGES:
        Client().get(f"/admin/{page}")
    assert Session.objects.count() <= 3


@pytest.fixture
def morning(head, time_machine):
    """Shortly after seven where the clinic is; `head` has an address, and so has an editor."""
    head.email = "head@example.com"
    head.save()
    users.UserFactory(role=roles.EDITOR, email="editor@example.com")
    time_machine.move_to(dt.datetime(2026, 11, 20, 12, 5, tzinfo=dt.UTC), tick=False)


def test_failed_sign_ins_are_mailed_to_the_head_once_a_day(head, morning, mailoutbox, time_machine):
    assert digest.send_failed_sign_ins(timezone.now) == 0  # nothing failed
    tries("Sibil")
    tries("nobody")
    AuditEvent.objects.create(
        target=f"user:{head.pk}", occurred_at=timezone.now(), actor_kind="system", action="second_step_failed"
    )
    assert digest.send_failed_sign_ins(timezone.now) == 1
    (mail,) = mailoutbox
    assert mail.to == ["head@example.com"]
    assert "Sibil: 1 wrong code after the right password, 1 wrong password\n" in mail.body
    assert "names that no account has: 1 wrong password\n" in mail.body
    assert digest.send_failed_sign_ins(timezone.now) == 0
    time_machine.shift(dt.timedelta(hours=23))
    tries("Sibil")
    assert digest.send_failed_sign_ins(timezone.now) == 0  # before seven
    time_machine.shift(dt.timedelta(hours=1))
    assert digest.send_failed_sign_ins(timezone.now) == 1
    assert "Sibil: 1 wrong password\n" in mailoutbox[1].body
    assert "someone else knows" not in mailoutbox[1].body


def test_a_digest_that_the_mail_server_refused_is_sent_later(morning, mailoutbox, time_machine, monkeypatch):
    tries("Sibil")
    with monkeypatch.context() as broken:
        broken.setattr(digest, "get_connection", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            digest.send_failed_sign_ins(timezone.now)
    assert digest.send_failed_sign_ins(timezone.now) == 0  # too soon after the failure
    time_machine.shift(dt.timedelta(minutes=11))
    assert digest.send_failed_sign_ins(timezone.now) == 1


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
