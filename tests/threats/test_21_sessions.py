"""Fixed, stolen and idle sessions; sign-out by POST; a second step; lock-out. (More: clinic/test_staff_auth.py.)"""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from clinic import roles
from content.models.profile import ClinicProfile
from tests.clinic.test_staff_auth import PASSWORD, sign_in
from tests.factories import users

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def head(clinic):
    return users.UserFactory(username="head", role=roles.HEAD)


def test_session_planted_before_sign_in_is_worth_nothing_after(client):
    client.cookies["sessionid"] = "plantedplantedplantedplantedplan"
    assert sign_in(client).status_code == 302
    assert client.cookies["sessionid"].value != "plantedplantedplantedplantedplan"


def test_cookie_is_for_our_scripts_and_pages_of_other_sites_out_of_reach(client):
    sign_in(client)
    cookie = client.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")


def test_sign_out_by_a_link_or_an_image_does_nothing(client):
    sign_in(client)
    assert client.get("/admin/logout/").status_code == 405
    assert client.get("/admin/").status_code == 200


def test_sign_in_needs_its_own_form(client):
    client.handler.enforce_csrf_checks = True
    assert client.post("/admin/login/", {"login": "head", "password": PASSWORD}).status_code == 403


def test_without_second_step_the_desk_stays_shut(client, settings):
    settings.STAFF_MFA_REQUIRED = True
    sign_in(client)
    assert client.get("/admin/signups/lead/").headers["Location"] == "/admin/security/"


def test_repeated_failures_lock_out(client):
    assert [sign_in(client, "wrong").status_code for _ in range(7)] == [200] * 5 + [429] * 2


WEAK = ["joyous123", "Joyous2026!"]
WEAK += ["ketamine1", "careclinic", "Ketam1ne!", "K3tamine-Clinic", "ｋetamine99", "harborclinic"]
STRONG = ["a long password for tests", "ketamine lozenges on a slow ferry", "correct-horse-battery", "9x!vQpLr2mTz"]


def test_no_password_is_made_of_the_clinics_words(clinic):
    ClinicProfile.objects.update(mailbox="care@joyous.example")
    refused = []
    for password in [*WEAK, *STRONG]:
        try:
            validate_password(password)
        except ValidationError:
            refused.append(password)
    assert refused == WEAK


def test_signing_out_has_the_browser_forget_the_desk(client, clinic):
    client.force_login(users.UserFactory())
    assert client.post("/admin/logout/").headers["Clear-Site-Data"] == '"cache", "storage"'
