"""What a shared cache may keep is the same for everyone; what is personal is kept nowhere."""

import pytest

from tests.factories.content import ArticleFactory

from .conftest import FORMS

pytestmark = pytest.mark.django_db

POISON = {
    "HTTP_X_FORWARDED_HOST": "evil.example",
    "HTTP_X_FORWARDED_SCHEME": "nothttps",
    "HTTP_X_ORIGINAL_URL": "/admin/",
    "HTTP_ACCEPT_LANGUAGE": "<script>",
    "HTTP_USER_AGENT": "<script>",
    "HTTP_COOKIE": "sessionid=evil; csrftoken=evil",
}


@pytest.mark.parametrize("path", ["/", "/learn/", "/terms/", "/privacy/", "/news/", "/calls/", "/texts/"])
def test_public_page_is_the_same_whatever_a_client_sends(clinic, client, path):
    ArticleFactory(kind="landing", slug="landing")
    plain, poisoned = client.get(path), client.get(path, **POISON)
    assert (plain.status_code, plain.content, plain.cookies) == (200, poisoned.content, {})
    assert (plain["Vary"], poisoned["Vary"], poisoned.cookies) == ("Accept-Encoding", "Accept-Encoding", {})


@pytest.mark.parametrize("path", [*FORMS, "/start/check-your-email/", "/lost-link/sent/", "/start/elsewhere/thanks/"])
def test_forms_and_what_follows_them_are_kept_nowhere(clinic, client, path):
    assert "no-store" in client.get(path)["Cache-Control"]


@pytest.mark.parametrize("room", ["my", "confirm", "stop"])
def test_private_pages_are_kept_nowhere_and_set_no_cookie(client, urls, room):
    response = client.get(urls[room])
    assert ("no-store" in response["Cache-Control"], response.cookies) == (True, {})
