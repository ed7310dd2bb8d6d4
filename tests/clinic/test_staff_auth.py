"""Staff sign-in: password, second step, lockout, session end."""

import datetime as dt
import json
import re
import threading
import time
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from clinic import cleanup, roles
from clinic.lib import encryption
from signups.audit.models import AuditEvent
from tests.factories import content, users

pytestmark = pytest.mark.django_db

PASSWORD = "a long password for tests"
LOGIN = "/admin/login/"


@pytest.fixture
def head(clinic):
    return users.UserFactory(username="head", role=roles.HEAD)


@pytest.fixture
def required(settings):
    settings.STAFF_MFA_REQUIRED = True


def sign_in(client, password=PASSWORD, username="head", stamp="", **extra):
    return client.post(LOGIN, {"login": username, "password": password, "stamp": stamp}, **extra)


def code(secret, later=0):
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + later))


def set_up_app(client):
    """Activate an authenticator app; return its secret and the next page."""
    page = client.get("/admin/security/app/").content.decode()
    secret = re.search(r'id="totp-key">(\w+)<', page)[1]
    return secret, client.post("/admin/security/app/", {"code": code(secret)}, follow=True)


def audit_actions():
    """What happened, but for the single wrong passwords and codes."""
    events = AuditEvent.objects.exclude(action__in=["sign_in_failed", "second_step_failed"])
    return list(events.order_by("id").values_list("action", flat=True))


@pytest.mark.parametrize("mfa", [True, False])
def test_security_page_says_what_the_second_step_opens(head, client, settings, mfa):
    settings.STAFF_MFA_REQUIRED = mfa
    sign_in(client)
    page = client.get("/admin/security/").content.decode()
    assert "Two-factor authentication is off." in page
    assert ("to continue to the desk" in page) == mfa


def test_right_password_opens_the_desk_under_a_new_session(client, head):
    client.get(LOGIN)
    client.session["left"] = "by somebody"
    session = client.session
    session["left"] = "by somebody"
    session.save()
    before = session.session_key
    response = sign_in(client)
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()
    assert client.get("/admin/").status_code == 200
    assert audit_actions() == ["signed_in"]


@pytest.mark.parametrize("fields", [{"is_active": False}, {"is_staff": False}])
def test_only_active_staff_sign_in(client, head, fields):
    type(head).objects.update(**fields)
    assert "not correct" in sign_in(client).content.decode()
    assert client.get("/admin/").status_code == 302


def test_who_is_no_staff_any_more_is_signed_out_at_once(client, head):
    sign_in(client)
    type(head).objects.update(is_staff=False)
    assert client.get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"
    assert client.get(LOGIN).status_code == 200


@pytest.mark.parametrize("evil", ["//evil.example", "/\\evil.example", "javascript:alert(1)", "https://evil.example/"])
def test_sign_in_leads_nowhere_else(client, head, evil):
    response = client.post(f"{LOGIN}?next={evil}", {"login": "head", "password": PASSWORD, "next": evil})
    assert (response.status_code, response["Location"]) == (302, "/admin/")


def test_sixth_wrong_password_is_not_even_tried(client, head):
    assert [sign_in(client, "wrong").status_code for _ in range(6)] == [200] * 5 + [429]
    response = sign_in(client)  # the right one
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 901
    assert set(AuditEvent.objects.values_list("target", flat=True)) == {f"user:{head.pk}"}
    assert audit_actions() == ["locked_out"]


def test_somebody_elsewhere_is_not_locked_out(client, head, settings):
    for _ in range(6):
        sign_in(client, "wrong", REMOTE_ADDR="203.0.113.7")
    assert sign_in(client).status_code == 302


def test_lock_out_ends_by_itself_however_often_it_is_tried_meanwhile(client, head, time_machine):
    start = timezone.now()
    for minute in range(0, 20, 2):  # the fifth failure is in minute 8
        time_machine.move_to(start + dt.timedelta(minutes=minute), tick=False)
        response = sign_in(client, "wrong")
    assert (response.status_code, response["Retry-After"]) == (429, str(5 * 60 + 1))
    time_machine.move_to(start + dt.timedelta(minutes=23, seconds=1), tick=False)
    assert sign_in(client).status_code == 302
    assert audit_actions() == ["locked_out", "signed_in"]


def test_what_is_refused_at_one_address_does_not_lock_the_account_elsewhere(client, head):
    tries = [sign_in(client, "wrong", REMOTE_ADDR="203.0.113.7").status_code for _ in range(60)]
    assert tries == [200] * 5 + [429] * 55
    assert sign_in(client).status_code == 302


def test_password_of_who_is_no_staff_is_not_guessed_either(client, head):
    type(head).objects.update(is_staff=False)
    assert [sign_in(client).status_code for _ in range(6)] == [200] * 5 + [429]


def test_nothing_typed_is_kept_of_a_wrong_password_and_nothing_at_all_for_long(client, head, time_machine, caplog):
    caplog.set_level("DEBUG")
    sign_in(client)
    form = {"oldpassword": "hunter2", "password1": "another long password", "password2": "another long password"}
    client.post("/admin/password_change/", form, headers={"user-agent": "A browser"})
    sign_in(Client(), "hunter2", username="hedy", QUERY_STRING="next=hunter2", REMOTE_ADDR="203.0.113.7")
    rows = list(AccessAttempt.objects.values())
    assert sorted(row["ip_address"] for row in rows) == ["127.0.0.1", "203.0.113.7"]
    kept = json.dumps(rows, default=str) + caplog.text
    assert [word for word in ("hunter2", "another", "head", "hedy", "browser") if word in kept] == []
    assert AccessLog.objects.count() == AccessFailureLog.objects.count() == 0
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=16))
    cleanup.delete_expired_sessions(timezone.now)
    assert AccessAttempt.objects.count() == 0


def test_guessing_from_many_addresses_is_stopped_as_well(client, head):
    tries = [sign_in(client, "wrong", REMOTE_ADDR=f"203.0.113.{n}").status_code for n in range(53)]
    assert tries == [200] * 52 + [429]  # the last two slowly: see tests/threats/test_sign_in_abuse.py


def test_forged_forwarding_does_not_help(client, head):
    tries = [sign_in(client, "wrong", HTTP_X_FORWARDED_FOR=f"203.0.113.{n}").status_code for n in range(6)]
    assert tries == [200] * 5 + [429]


def test_right_password_forgets_the_wrong_ones(client, head):
    for _ in range(3):
        for _ in range(4):
            sign_in(client, "wrong")
        assert sign_in(client).status_code == 302
        client.post("/admin/logout/")


def test_unknown_name_that_may_be_a_password_is_not_noted(client, head):
    for _ in range(6):
        sign_in(client, username="hunter2")
    assert set(AuditEvent.objects.values_list("target", flat=True)) == {"user:unknown"}
    assert "hunter2" not in json.dumps(list(AuditEvent.objects.values()), default=str)


@pytest.mark.django_db(transaction=True)
def test_parallel_guesses_get_no_more_tries():
    content.ClinicProfileFactory()
    users.UserFactory(username="head")
    results = []

    def guess():
        for _ in range(5):
            results.append(sign_in(Client(), "wrong").status_code)
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [200] * 5 + [429] * 15


def test_first_sign_in_leads_to_the_second_step_and_nowhere_else(client, head, required):
    response = client.post(LOGIN, {"login": "head", "password": PASSWORD}, follow=True)
    assert response.redirect_chain[-1] == ("/admin/security/", 302)
    assert "Two-factor authentication is off." in response.content.decode()
    for path in ("/admin/signups/lead/", "/admin/password_change/", "/admin/security/sessions/"):
        assert client.get(path).headers["Location"] == "/admin/security/"


def test_app_is_set_up_used_and_its_secret_is_ciphertext(client, head, required):
    sign_in(client)
    secret, page = set_up_app(client)
    assert page.redirect_chain[-1] == ("/admin/security/codes/", 302)
    recovery = re.findall(r"<code>(\w+)</code>", page.content.decode())
    assert len(recovery) == 10
    assert client.get("/admin/").status_code == 200
    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert encryption.decrypt(Authenticator.objects.get(type="totp").data["secret"]) == secret
    assert "second_step_added" in audit_actions()

    client.post("/admin/logout/")
    assert sign_in(client)["Location"] == "/admin/login/code/"
    assert client.get("/admin/").status_code == 302
    assert client.post("/admin/login/code/", {"code": "000000"}).status_code == 200
    assert client.post("/admin/login/code/", {"code": code(secret, 1)})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200

    # A recovery code works once.
    for works in (True, False):
        client.post("/admin/logout/")
        sign_in(client)
        response = client.post("/admin/login/code/", {"code": recovery[0]})
        assert (response.status_code == 302) == works


def waiting_session():
    """Return a client signed in by password, without its second step."""
    waiting = Client()
    assert sign_in(waiting)["Location"] == "/admin/"
    assert waiting.get("/admin/").headers["Location"] == "/admin/security/"
    return waiting


BEHIND_THE_STEP = [
    "/admin/",
    "/admin/signups/lead/",
    "/admin/signups/lead/export/",
    "/admin/security/",
    "/admin/security/codes/",
    "/admin/security/passkeys/add/",
    "/admin/security/again/code/",
    "/admin/password_change/",
]


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("path", BEHIND_THE_STEP)
def test_session_from_before_the_step_does_not_skip_it(client, head, required, path, listed):
    waiting = waiting_session()
    if not listed:  # and so not ended when the step is added
        UserSession.objects.all().delete()
    sign_in(client)
    set_up_app(client)
    response = waiting.get(path)
    assert (response.status_code, response["Location"].partition("?")[0]) == (302, LOGIN)
    assert sign_in(waiting)["Location"] == "/admin/login/code/"
    assert client.get("/admin/").status_code == 200


def test_passkey_alone_is_both_steps(client, head, required, monkeypatch):
    waiting = waiting_session()
    passkey = Authenticator.objects.create(user=head, type="webauthn", data={"name": "Key"})
    monkeypatch.setattr(webauthn, "parse_authentication_response", lambda sent: None)
    monkeypatch.setattr(webauthn, "extract_user_from_response", lambda sent: head)
    monkeypatch.setattr(webauthn, "complete_authentication", lambda user, sent: passkey)
    client.post("/admin/login/passkey/", {"credential": '{"id": "x"}'})
    assert (client.get("/admin/").status_code, waiting.get("/admin/").status_code) == (200, 302)


def test_where_no_step_is_required_the_other_sessions_end_all_the_same(client, head):
    other = Client()
    for each in (client, other):
        sign_in(each)
    set_up_app(client)
    assert (client.get("/admin/").status_code, other.get("/admin/").status_code) == (200, 302)


def test_code_is_not_used_twice(client, head, required):
    sign_in(client)
    secret, _ = set_up_app(client)
    used = code(secret, 1)
    for status in (302, 200):
        client.post("/admin/logout/")
        sign_in(client)
        assert client.post("/admin/login/code/", {"code": used}).status_code == status


def test_guessing_codes_is_stopped(client, head, required):
    sign_in(client)
    secret, _ = set_up_app(client)
    client.post("/admin/logout/")
    sign_in(client)
    tries = [client.post("/admin/login/code/", {"code": f"{n:06}"}).status_code for n in range(6)]
    assert tries == [200] * 5 + [429]
    assert client.post("/admin/login/code/", {"code": code(secret, 1)}).status_code == 429
    assert AuditEvent.objects.filter(action="second_step_failed", target=f"user:{head.pk}").count() == 5


def test_only_second_step_stays(client, head, required):
    sign_in(client)
    set_up_app(client)
    assert "your only two-factor method" in client.get("/admin/security/app/off/").content.decode()
    client.post("/admin/security/app/off/")
    assert Authenticator.objects.filter(type="totp").exists()


def test_lost_second_step_is_reset_by_a_command(client, head, required):
    sign_in(client)
    set_up_app(client)
    call_command("reset_mfa", "head", stdout=StringIO())
    assert Authenticator.objects.count() == 0
    last = AuditEvent.objects.latest("id")
    assert (last.action, last.actor_kind, last.target) == ("second_step_removed", "system", f"user:{head.pk}")
    assert client.get("/admin/").status_code == 302  # and signed out everywhere
    with pytest.raises(CommandError, match="no account"):
        call_command("reset_mfa", "nobody")


def test_changing_how_one_signs_in_asks_again_after_a_while(client, head, time_machine):
    sign_in(client)
    assert client.get("/admin/security/app/").status_code == 200
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=11))
    assert client.get("/admin/security/app/").headers["Location"].startswith("/admin/security/again/?next=")


def test_idle_session_ends_and_a_used_one_does_not(client, head, settings, time_machine):
    start = timezone.now()
    sign_in(client)
    for minutes in (20, 40, 60):
        time_machine.move_to(start + dt.timedelta(minutes=minutes))
        assert client.get("/admin/").status_code == 200
    time_machine.move_to(start + dt.timedelta(minutes=91))
    response = client.get("/admin/signups/lead/")
    assert response["Location"] == "/admin/login/?next=/admin/signups/lead/"
    assert client.get("/admin/").status_code == 302
    assert audit_actions() == ["signed_in", "signed_out"]


def test_signing_out_is_a_post(client, head):
    sign_in(client)
    assert client.get("/admin/logout/").status_code == 405
    assert client.get("/admin/").status_code == 200
    client.post("/admin/logout/")
    assert client.get("/admin/").status_code == 302


def test_own_sessions_are_listed_and_ended(client, head):
    others = [Client(headers={"user-agent": f"Browser {n}"}) for n in range(3)]
    for each in (client, *others):
        sign_in(each)
    stranger = Client()
    users.UserFactory(username="other")
    sign_in(stranger, username="other")
    page = client.get("/admin/security/sessions/").content.decode()
    ends = re.findall(r'action="(/admin/security/sessions/\d+/end/)"', page)
    assert len(ends) == 3
    assert stranger.post(ends[0]).status_code == 404
    assert client.post(ends[0]).status_code == 303
    assert [each.get("/admin/").status_code for each in others] == [302, 200, 200]
    client.post("/admin/security/sessions/")
    assert [each.get("/admin/").status_code for each in (client, *others, stranger)] == [200, 302, 302, 302, 200]


def test_old_password_is_not_guessed_where_a_new_one_is_chosen(client, head):
    sign_in(client)
    form = {"oldpassword": "wrong", "password1": "another long password", "password2": "another long password"}
    tries = [client.post("/admin/password_change/", form) for _ in range(6)]
    assert [response.status_code for response in tries] == [200] * 5 + [429]
    assert 0 < int(tries[-1]["Retry-After"]) <= 901
    assert client.post("/admin/password_change/", form | {"oldpassword": PASSWORD}).status_code == 429
    assert audit_actions() == ["signed_in", "locked_out"]
    assert sign_in(Client()).status_code == 429  # one count of wrong passwords, wherever they are typed


def test_new_password_ends_the_other_sessions(client, head):
    other = Client()
    for each in (client, other):
        sign_in(each)
    new = "another long password"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post("/admin/password_change/", form).status_code == 302
    assert (client.get("/admin/").status_code, other.get("/admin/").status_code) == (200, 302)
    assert len(re.findall("This device", client.get("/admin/security/sessions/").content.decode())) == 1


@pytest.mark.parametrize(
    "name",
    [
        "account_signup",
        "account_email",
        "account_reset_password",
        "account_inactive",
        "account_set_password",
        "account_logout",
        "account_email_verification_sent",
        "mfa_trust",
        "mfa_signup_webauthn",
        "socialaccount_login",
    ],
)
def test_rest_of_allauth_is_not_there(name):
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize("path", ["signup", "password/reset", "email", "confirm-email/x", "social", "2fa", "inactive"])
@pytest.mark.parametrize("folder", ["/", "/accounts/", "/admin/"])
def test_addresses_of_the_rest_of_allauth_are_404(client, head, folder, path):
    client.force_login(users.UserFactory(is_superuser=True))
    assert client.get(f"{folder}{path}/").status_code == 404


def test_nobody_reads_sign_in_secrets_in_the_admin(client, head):
    client.force_login(users.UserFactory(is_superuser=True))
    for path in ("mfa/authenticator", "account/emailaddress", "usersessions/usersession", "sessions/session"):
        assert client.get(f"/admin/{path}/").status_code == 404
