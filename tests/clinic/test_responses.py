"""Responses of every kind: caching, cookies, safety."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.template.loader import render_to_string
from django.test import RequestFactory

from clinic import roles
from tests.factories.content import ArticleFactory
from tests.factories.users import UserFactory

from .test_security_headers import SAFE

PUBLIC = ["/", "/learn/", "/learn/a-page/", "/terms/", "/privacy/"]


@pytest.fixture(autouse=True)
def pages(clinic):
    ArticleFactory(kind="landing", slug="landing")
    ArticleFactory(slug="a-page")


@pytest.mark.parametrize("path", PUBLIC)
def test_public_page_is_the_same_for_everyone(client, path):
    response = client.get(path)
    assert (response.status_code, response.cookies, response["Vary"]) == (200, {}, "Accept-Encoding")
    assert response["Cache-Control"] == "public, max-age=60, stale-while-revalidate=600"


@pytest.mark.parametrize("path", PUBLIC)
def test_public_page_takes_no_post(client, path):
    assert (client.post(path).status_code, client.head(path).status_code) == (405, 200)


@pytest.mark.parametrize("path", ["/start/", "/start/check-your-email/", "/admin/login/", "/health/live"])
def test_other_pages_are_stored_nowhere(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("path", [*PUBLIC, "/start/", "/admin/login/", "/no-such-page/", "/health/live"])
def test_policy_allows_nothing_inline_and_no_other_site(client, path):
    policy = client.get(path)["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_forged_host_is_refused_and_reaches_no_page(client):
    response = client.get("/", HTTP_HOST="evil.example")
    assert response.status_code == 400
    assert b"We could not process that" in response.content
    assert b'href="tel:988"' in response.content
    assert b"evil.example" not in response.content


def test_drafts_are_not_found(client):
    ArticleFactory(slug="draft", published_at=None)
    assert client.get("/learn/draft/").status_code == 404


@pytest.mark.parametrize("path", ["/nothing/", "/learn/nothing/", "/%00/", "/learn/%ff/", "/confirm/%00/"])
def test_unknown_address_is_a_helpful_404(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert b"Page not found" in response.content
    assert b"988" in response.content


def test_server_error_page_helps(client, monkeypatch):
    monkeypatch.setattr("content.views._redirect_to_present_address", lambda request, slug: 1 / 0)
    client.raise_request_exception = False
    response = client.get("/learn/never-shown-before/")
    assert response.status_code == 500
    assert b"Something went wrong on our end" in response.content
    assert b"988" in response.content


@pytest.mark.parametrize("path", ["/", "/start/", "/no-such-page/", "/admin/login/"])
def test_lost_database_is_a_page_that_asks_for_patience(client, monkeypatch, path):
    def away(*args, **kwargs):
        raise OperationalError("the server is gone")

    client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        response = client.get(path)
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "30", "no-store")
    assert "We’ll be back soon" in response.content.decode()


@pytest.mark.parametrize("page", ["400.html", "500.html", "503.html"])
def test_fault_pages_ask_nothing_of_the_database(page, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert "988" in render_to_string(page)


def test_form_without_its_cookie_is_refused_in_words(client):
    client.handler.enforce_csrf_checks = True
    response = client.post("/start/", {"name": "Jo"})
    assert response.status_code == 403
    assert b"we need your browser to accept one cookie" in response.content


def test_form_with_an_altered_token_is_refused(client):
    client.handler.enforce_csrf_checks = True
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/callback/").content.decode())[1]
    statuses = [
        client.post("/callback/", {"csrfmiddlewaretoken": sent}).status_code for sent in (token, token.swapcase(), "")
    ]
    assert statuses == [422, 403, 403]


def test_log_lines_do_not_name_private_addresses(client, caplog):
    from clinic.log_redaction import RedactPathFilter

    caplog.handler.addFilter(RedactPathFilter())
    client.get("/confirm/a-private-token/")
    assert "a-private-token" not in caplog.text
    assert "404 GET confirm" in caplog.text


@pytest.mark.parametrize("charset", ["base64", "hex", "undefined", "idna", "latin-1"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_body_in_another_coding_is_refused(kind, charset):
    status, headers = wsgi_response("GET", f"{kind}; charset={charset}")
    assert (status, headers["Cache-Control"]) == ("400 Bad Request", "no-store")
    assert {name: headers.get(name) for name in SAFE} == SAFE


def test_body_in_utf8_is_read():
    assert wsgi_response("GET", "application/x-www-form-urlencoded; charset=UTF-8")[0] == "200 OK"


def wsgi_response(method, content_type):
    """Return status line and headers as `clinic.wsgi` sends them.

    Django's test client bypasses that module.
    """
    from clinic.wsgi import application

    sent = []
    environ = RequestFactory().generic(method, "/health/live?source=x").environ
    body = application(environ | {"CONTENT_TYPE": content_type}, lambda *args: sent.extend(args))
    assert b"".join(body)
    return sent[0], dict(sent[1])


def test_file_sent_to_a_form_is_refused(client):
    file = SimpleUploadedFile("name.txt", b"x" * 10)
    assert client.post("/start/", {"name": file}).status_code == 400


def test_field_sent_twice_is_refused(client):
    assert client.post("/start/", {"email": ["a@example.com", "b@example.com"]}).status_code == 400


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/admin/nothing/", 404, "We cannot find that page"),
        ("/admin/?days=8", 400, "We could not read that"),
        ("/admin/content/article/", 403, "You cannot open this page"),
    ],
)
def test_faults_at_the_desk_lead_back_to_it(client, path, status, words):
    role = roles.COORDINATOR if status == 403 else roles.HEAD
    client.force_login(UserFactory(role=role))
    response = client.get(path)
    page = response.content.decode()
    assert (response.status_code, words in page, "Back to the desk" in page) == (status, True, True)
    assert "Start free" not in page
    assert "no-store" in response["Cache-Control"]


def test_public_405_stays_as_it_is(client):
    response = client.post("/learn/")
    assert (response.status_code, b"Back to the desk" in response.content) == (405, False)
