"""Access to the admin by role."""

import re
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.http import HttpRequest

from clinic import roles
from tests.factories import content, leads, users

pytestmark = pytest.mark.django_db

CARE = ["/admin/signups/lead/"]
CONTENT = [
    "/admin/content/article/",
    "/admin/content/clinicprofile/",
    "/admin/content/crisistext/",
    "/admin/content/legaltext/",
    "/admin/content/quotation/",
    "/admin/content/source/",
]
USERS = ["/admin/auth/user/", "/admin/auth/group/"]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (roles.HEAD, CARE + CONTENT),
        (roles.COORDINATOR, CARE),
        (roles.EDITOR, CONTENT),
        (roles.AUDITOR, CARE + CONTENT),
        (None, []),
    ],
    ids=["head", "coordinator", "editor", "auditor", "no-role"],
)
def test_roles_open_their_own_rooms_and_no_other(client, role, allowed):
    client.force_login(users.UserFactory(role=role))
    opened = [path for path in CARE + CONTENT + USERS if client.get(path).status_code == 200]
    assert opened == allowed


def test_strangers_are_asked_to_sign_in(client):
    for path in ["/admin/", *CARE, *CONTENT]:
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (302, f"/admin/login/?next={path}")


@pytest.mark.parametrize("role", list(roles.ROLES))
def test_nobody_deletes(role):
    user = users.UserFactory(role=role)
    assert [permission for permission in user.get_all_permissions() if ".delete_" in permission] == []


def test_roles_are_put_right_after_migrating():
    head = users.UserFactory(role=roles.HEAD)
    group = head.groups.get()
    group.permissions.clear()
    call_command("migrate", verbosity=0)
    assert get_user_model().objects.get(pk=head.pk).has_perm("signups.view_lead")


def test_demo_account_is_a_head_with_a_password_of_its_own(client):
    out = StringIO()
    call_command("create_demo_user", stdout=out)
    password = re.search(r"password  (\S+)", out.getvalue())[1]
    assert client.login(request=HttpRequest(), username="head", password=password)
    assert client.get("/admin/signups/lead/").status_code == 200


def test_demo_password_is_printed_once():
    call_command("create_demo_user", stdout=StringIO())
    out = StringIO()
    call_command("create_demo_user", stdout=out)
    assert "password  " not in out.getvalue()
    assert get_user_model().objects.count() == 1


def test_production_has_no_demo_account(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="no demo account"):
        call_command("create_demo_user")
    assert get_user_model().objects.count() == 0


def test_desk_shows_the_clinics_own_time(client):
    import datetime as dt

    content.ClinicProfileFactory(time_zone="Asia/Tokyo")
    leads.LeadFactory(created_at=dt.datetime(2026, 11, 20, 15, 30, tzinfo=dt.UTC))
    client.force_login(users.UserFactory(role=roles.HEAD))
    page = client.get("/admin/signups/lead/").content.decode()
    assert "Nov 21, 2026" in page
    assert "Times shown in Tokyo time" in page


@pytest.mark.parametrize("role", [*roles.ROLES, None])
def test_roles_page_says_what_each_role_may_do(client, role, django_assert_max_num_queries):
    client.force_login(users.UserFactory(role=role))
    with django_assert_max_num_queries(6):
        page = client.get("/admin/roles/").content.decode()
    row = re.search(r'<th scope="row">Can reopen closed leads</th>(.*?)</tr>', page)[1]
    assert re.findall("yes|–", row) == ["yes" if name == roles.HEAD else "–" for name in roles.ROLES]
    assert re.search("[Dd]elete", page.split("<tbody>")[1]) is None


def test_rights_stand_in_rooms_each_once(db):
    table = roles.permission_matrix()
    names = [right for rights in table.values() for right, _ in rights]
    assert list(table) == ["Care", "Settings", "Content", "Evidence"]
    assert len(set(names)) == len(names)
    assert "Can view link check" in [right for right, _ in table["Evidence"]]
