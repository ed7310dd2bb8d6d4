"""Public responses: content codings, ETags and proxy headers."""

import gzip

import brotli
import pytest

from clinic.middleware import public_cache
from clinic.middleware.public_cache import collapse_whitespace
from content.models.profile import ClinicProfile
from tests.factories.content import ArticleFactory

pytestmark = pytest.mark.django_db

PATH = "/learn/a-page/"
DECODE = {"": bytes, "br": brotli.decompress, "gzip": gzip.decompress}


@pytest.fixture(autouse=True)
def page(clinic):
    return ArticleFactory(slug="a-page", body="Prose. " * 200)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", ""),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.1, gzip;q=0.9", "br"),
        ("gzip;q=0.001", "gzip"),
        ("br;q=0.000", ""),
        ("br ; q=0 , gzip ;q=0", ""),
        ("*;q=0, gzip", "gzip"),
        ("*", ""),
        ("identity", ""),
        ("br ; q=1.0 , gzip", "br"),
        ("BR", "br"),
        ("bread, abr, x-brotli", ""),
        ("deflate", ""),
    ],
)
def test_coding_is_one_that_the_client_takes(client, accepted, coding):
    plain, coded = client.get(PATH), client.get(PATH, HTTP_ACCEPT_ENCODING=accepted)
    assert (coded.get("Content-Encoding", ""), DECODE[coding](coded.content)) == (coding, plain.content)
    assert (coded["Content-Length"], coded["Vary"]) == (str(len(coded.content)), "Accept-Encoding")


def test_each_coding_has_a_strong_tag_of_its_own(client):
    tags = {client.get(PATH, HTTP_ACCEPT_ENCODING=coding)["ETag"] for coding in DECODE}
    assert len(tags) == 3
    assert not any(tag.startswith("W/") for tag in tags)


def test_tag_changes_with_the_page(client, page):
    before = client.get(PATH)["ETag"]
    profile = ClinicProfile.objects.get()
    profile.crisis_phone = "911"
    profile.save()
    assert client.get(PATH, HTTP_IF_NONE_MATCH=before).status_code == 200
    assert client.get(PATH)["ETag"] != before


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize(
    ("known", "status"),
    [("{tag}", 304), ("W/{tag}", 304), ('"other", {tag}', 304), ("*", 304), ('"other"', 200), ("garbage", 200)],
)
def test_client_that_has_the_page_gets_no_body(client, method, known, status):
    tag = client.get(PATH)["ETag"]
    answer = getattr(client, method)(PATH, HTTP_IF_NONE_MATCH=known.format(tag=tag))
    assert (answer.status_code, answer["ETag"], answer["Vary"]) == (status, tag, "Accept-Encoding")
    assert answer["Cache-Control"].startswith("public")
    if status == 304:
        assert answer.content == b""


def test_head_has_the_headers_of_get(client):
    got, head = client.get(PATH, HTTP_ACCEPT_ENCODING="br"), client.head(PATH, HTTP_ACCEPT_ENCODING="br")
    assert dict(head.headers) == dict(got.headers)


def test_page_is_fresh_for_nginx_until_the_second_is_over(client, settings, time_machine):
    assert "X-Accel-Expires" not in client.get(PATH)
    settings.TRUSTED_PROXY_COUNT = 1
    time_machine.move_to("2026-11-20T15:00:00.900+00:00", tick=False)
    assert client.get(PATH)["X-Accel-Expires"] == "@1795186800"


@pytest.mark.parametrize("path", ["/start/", "/admin/login/", "/learn/nothing/", "/health/live", "/my/x/"])
def test_no_other_page_is_compressed_or_tagged(client, settings, path):
    """The compressed length could reveal a secret in the page (BREACH)."""
    settings.TRUSTED_PROXY_COUNT = 1
    answer = client.get(path, HTTP_ACCEPT_ENCODING="br, gzip")
    assert {"Content-Encoding", "ETag", "X-Accel-Expires"} & set(answer.headers) == set()


def test_same_page_is_compressed_once(client, monkeypatch):
    times = []
    monkeypatch.setitem(public_cache.COMPRESSORS, "br", lambda body: times.append(1) or brotli.compress(body))
    public_cache.compress.cache_clear()
    for _ in range(3):
        client.get(PATH, HTTP_ACCEPT_ENCODING="br")
    assert len(times) == 1


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (b"<p>One\n    two</p>\n\n<p>Three</p>", b"<p>One two</p><p>Three</p>"),
        (b"<p>A  b</p><pre>a\n  b</pre>", b"<p>A  b</p><pre>a\n  b</pre>"),
    ],
)
def test_white_space_is_sent_once_unless_it_is_shown(written, sent):
    assert collapse_whitespace(written) == sent
