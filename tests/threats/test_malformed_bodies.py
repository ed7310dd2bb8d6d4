"""Bodies and hidden values that no page of ours sends are a 4xx, at every address that takes a POST."""

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from signups.leads import links as lead_links
from tests.factories import leads, trials, users
from tests.signups.conftest import NOW

PART = '--b\r\nContent-Disposition: form-data; name="stamp"{file}\r\n{headers}\r\n{value}\r\n--b--\r\n'
BASE64 = "Content-Transfer-Encoding: base64\r\n"
BODIES = {
    "broken base64": PART.format(file="", headers=BASE64, value="a$b!!"),
    "broken base64 of a file": PART.format(file='; filename="x"', headers=BASE64, value="abc$de"),
    "no end": PART.format(file="", headers="Content-Type: text/plain; charset=zlib\r\n", value="a")[:-6],
}
LONG_BOUNDARY = "multipart/form-data; boundary=" + "b" * 300
TOO_MANY_HEADERS = "--b\r\n" + "X: y\r\n" * 5000 + "\r\n\r\n--b--"
TYPES = ["multipart/form-data; boundary=b", "multipart/form-data", "multipart/form-data; boundary=", "application/json"]
CONVERTERS = {"int": "1", "slug": "a-page", "path": "1", "uuid": "7f0a9c1e-1f2b-4c3d-8e4f-5a6b7c8d9e0f", "str": "x"}


def routes(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        elif path.count("^") == 0:
            yield path, pattern.pattern.converters


@pytest.fixture
def paths(clinic, time_machine):
    """Every address of the site, with a lead's own link where one is needed."""
    time_machine.move_to(NOW, tick=False)
    lead = trials.TrialFactory(requested_at=NOW, started_at=NOW).lead
    tokens = {
        "my/": lead_links.portal_url(lead),
        "confirm/": lead_links.confirmation_url(lead),
        "stop/": lead_links.unsubscribe_url(lead),
    }
    found = []
    for path, converters in routes(get_resolver()):
        for name in converters:
            kind = next((kind for kind in CONVERTERS if f"<{kind}:{name}>" in path), "str")
            token = next(
                (url.rstrip("/").rpartition("/")[2] for start, url in tokens.items() if path.startswith(start)), ""
            )
            value = token if token and name == "token" else CONVERTERS[kind]
            path = path.replace(f"<{kind}:{name}>", value).replace(f"<{name}>", value)
        if "<" not in path and "logout" not in path and "/end/" not in path:
            found.append(f"/{path}")
    return sorted(set(found))


@pytest.mark.django_db
@pytest.mark.parametrize("body", BODIES)
def test_a_malformed_multipart_body_is_no_server_error(paths, body):
    client = Client(raise_request_exception=False, enforce_csrf_checks=body == "broken base64")
    client.force_login(users.UserFactory(is_superuser=True))
    data = BODIES[body].encode("latin-1")
    broken = [path for path in paths if client.post(path, data, content_type=TYPES[0]).status_code >= 500]
    assert broken == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (LONG_BOUNDARY, b"--b--"),
        (TYPES[0], TOO_MANY_HEADERS.encode()),
        (TYPES[0], BODIES["broken base64 of a file"].encode()),
    ],
    ids=["long boundary", "too many headers", "a file"],
)
@pytest.mark.parametrize(
    "path", ["/nowhere/", "/admin/nowhere/", "/start/nowhere/", "/my/nothing/", "/static/none.css"]
)
def test_a_malformed_body_to_a_page_that_is_not_there_is_a_4xx(clinic, path, kind, body):
    """With the cookie of a visit before, for which Django's error pages read the form too."""
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.get("/start/")
    for path in ("/nowhere/", "/admin/nowhere/", "/start/nowhere/", "/my/nothing/", "/static/none.css"):
        assert 400 <= client.post(path, body, content_type=kind).status_code < 500, path


@pytest.mark.django_db
@pytest.mark.parametrize("content_type", TYPES[1:2])
def test_a_body_of_another_type_is_no_server_error(paths, content_type):
    client = Client(raise_request_exception=False)
    client.force_login(users.UserFactory(is_superuser=True))
    assert [
        path for path in paths if client.post(path, b'{"a": NaN}', content_type=content_type).status_code >= 500
    ] == []


CHOSEN = ["{pk}:zzz", "{pk}:zzz,{pk}:new", "9" * 30 + ":new", ":", "{pk}", "{pk}:", "{pk}:NEW", "x:new"]
BULK = "/admin/signups/lead/bulk/"


@pytest.mark.django_db
@pytest.mark.parametrize("chosen", CHOSEN)
def test_made_up_hidden_values_of_a_bulk_action_are_a_4xx_and_move_nobody(client, clinic, chosen):
    lead = leads.LeadFactory()
    client.raise_request_exception = False
    client.force_login(users.UserFactory(is_superuser=True))
    before = lead.status
    for action in ("assign", "change-status", "tag", "untag"):
        form = {"chosen": chosen.format(pk=lead.pk), "to": "contacted", "tag": "x", "reason": "", "open_work": "keep"}
        assert 400 <= client.post(f"{BULK}{action}/", form).status_code < 500, action
    lead.refresh_from_db()
    assert lead.status == before
