"""“We don’t sell or leak what you tell us”: nothing leaves, everything can be taken along, and erased for good."""

import io
import json
import re
import zipfile

import pytest

from content.fixtures import loader
from signups.messages import delivery
from tests.factories.content import ArticleFactory
from tests.signups.privacy import find_leaks

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/learn/", "/terms/", "/privacy/", "/start/", "/callback/", "/lost-link/"])
def test_page_loads_nothing_from_anybody_else(clinic, client, path):
    ArticleFactory(kind="landing", slug="landing")
    loaded = re.findall(
        r"<(?:script|img|iframe|link|source|video|audio|embed|object)\b[^>]*\b(?:src|href|data)=\"([^\"]+)\"",
        client.get(path).content.decode(),
    )
    own = ("/", "http://127.0.0.1:8000/")
    assert [url for url in loaded if not url.startswith(own) or url.startswith("//")] == []


def test_everything_is_taken_along(client, started):
    with zipfile.ZipFile(io.BytesIO(client.post(started + "export/").content)) as archive:
        held = json.loads(archive.read("my-data.json"))
    assert (held["lead"]["name"], held["lead"]["email"]) == ("Jo Miller", "jo@example.com")
    assert [row["days"] for row in held["trials"]] == [7]
    assert len(held["consents"]) == 2


def test_everything_is_erased_for_good(client, started, now):
    client.post(started + "erase/")
    while delivery.deliver_due(lambda: now):
        pass
    assert find_leaks.in_tables(["Jo Miller", "jo@example.com"]) == []
    assert client.get(started).status_code == 404


def test_notice_says_how_long_a_copy_is_kept():
    notice = " ".join((loader.FILES / "privacy.md").read_text().split())
    assert "encrypted file and keep it for {retention_export_days} days." in notice
