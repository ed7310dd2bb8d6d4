"""NUL, invalid UTF-8, lone surrogates: a field error or a replacement, never a fault."""

import pytest

from .conftest import FORMS

pytestmark = pytest.mark.django_db

BAD = [b"%00", b"%FF%FE", b"%ED%A0%80", b"%C0%AE", b"a%00b%EF%BF%BD"]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("path", FORMS)
def test_in_every_field_of_every_form(clinic, client, stamp, path, bad):
    for field in FORMS[path]:
        names = {"stamp": stamp, "aq_7": "", **FORMS[path]}
        body = b"&".join(
            name.encode() + b"=" + (bad if name == field else value.replace("+", "%2B").encode())
            for name, value in names.items()
        )
        response = client.post(path, body, content_type="application/x-www-form-urlencoded")
        assert response.status_code in (303, 422), (field, response.status_code)


@pytest.mark.parametrize("bad", ["%00", "%FF", "%ED%A0%80", "x" * 5000, "..%2f..", "{{7*7}}"])
@pytest.mark.parametrize("path", ["/my/{}/", "/my/{}/erase/", "/confirm/{}/", "/stop/{}/"])
def test_in_tokens(clinic, client, path, bad):
    assert client.get(path.format(bad)).status_code == 404


@pytest.mark.parametrize("bad", ["%00", "%FF", "%ED%A0%80"])
@pytest.mark.parametrize("path", ["/start/?source={}", "/callback/?source={}", "/callback/thanks/?by={}", "/?q={}"])
def test_in_query_strings(clinic, client, path, bad):
    from tests.factories.content import ArticleFactory

    ArticleFactory(kind="landing", slug="landing")
    assert client.get(path.format(bad)).status_code == 200
