"""Nobody frames a page of ours, and no parameter leads to another site."""

from urllib.parse import urlsplit

import pytest

from clinic import roles
from tests.clinic.test_security_headers import ADDRESSES
from tests.clinic.test_staff_auth import PASSWORD
from tests.factories import users

pytestmark = pytest.mark.django_db

EVIL = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "https://evil.example",
    "///e.ex",
]
EVIL += ["http:evil.example", "/%09/evil.example", "https:///evil.example", "data:text/html,x", "//evil.example/%2f.."]


def test_no_answer_may_be_framed(client, clinic):
    for _, path in ADDRESSES:
        response = client.get(path)
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"], path
        assert response["X-Frame-Options"] == "DENY", path


@pytest.mark.parametrize("evil", EVIL)
def test_sign_in_leads_to_the_desk_instead(client, clinic, evil):
    users.UserFactory(username="head", role=roles.HEAD)
    response = client.post("/admin/login/", {"login": "head", "password": PASSWORD, "next": evil})
    assert response.status_code == 302
    parts = urlsplit(response["Location"])
    assert (parts.scheme, parts.netloc, parts.path[0], parts.path[1] not in "/\\") == ("", "", "/", True)


def test_no_address_redirects_elsewhere(client, clinic):
    """An address that leads on for one parameter is asked with all of them; others never look at them."""
    client.force_login(users.UserFactory(is_superuser=True))
    asked = 0
    for _, path in ADDRESSES:
        for evil in EVIL:
            location = client.get(path, dict.fromkeys(("next", "url", "return", "source"), evil)).get("Location")
            if location is None:
                break
            asked += 1
            assert location.startswith("/"), (path, location)
            assert not location.startswith(("//", "/\\")), (path, location)
    assert asked > len(EVIL)
