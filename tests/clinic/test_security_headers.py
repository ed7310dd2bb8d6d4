"""Security headers and cache rules of every URL in the URLconf."""

import json
import re

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from clinic.middleware import security_headers
from tests.factories import content, users

pytestmark = pytest.mark.django_db

# The addresses that may be stored, and by whom; all others are `no-store`.
PUBLIC = {
    "landing",
    "manifest",
    "robots",
    "sitemap",
    "learn",
    "feed",
    "article",
    "sources-bib",
    "sources-ris",
    "sources-json",
    "claims-json",
    "claims-schema",
    "evidence-keys",
    "text",
    "security-txt",
}
SAFE = security_headers.SECURITY_HEADERS | {
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
SAMPLES = {"slug": "a-page", "kind": "terms", "token": "x", "app_label": "signups", "url": "x", "object_id": "1"}
SAMPLES |= {"pk": "1", "content_type_id": "1"}


def addresses(patterns=None, prefix=""):
    """Yield (name, path) of every pattern, with sample arguments."""
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: SAMPLES.get(part[1], "1"), route)
            path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda part: SAMPLES.get(part[1], "1"), path)
            yield pattern.name, "/" + re.sub(r"[\^$\\]|\.\*|\(\?:\.\*\)", "", path)


ADDRESSES = sorted({(name or "", path) for name, path in addresses()})


@pytest.fixture
def site(clinic):
    content.ArticleFactory(kind="landing", slug="landing")
    content.ArticleFactory(slug="a-page")


def test_every_address_is_read():
    assert {"landing", "home", "mfa_index", "health-live", "index"} <= {name for name, _ in ADDRESSES}
    assert len(ADDRESSES) > 60


@pytest.mark.parametrize("who", ["a stranger", "staff"])
def test_every_answer_is_safe_and_stored_by_rule(client, site, who):
    if who == "staff":
        client.force_login(users.UserFactory(is_superuser=True))
    wrong = []
    for name, path in ADDRESSES:
        response = client.get(path)
        missing = [header for header, value in SAFE.items() if response.get(header) != value]
        if response.status_code >= 500 or missing:
            wrong.append((path, response.status_code, missing))
        stored = response.get("Cache-Control", "")
        if name in PUBLIC and response.status_code == 200:
            if not stored.startswith("public") or response.cookies or "Cookie" in response.get("Vary", ""):
                wrong.append((path, stored, response.cookies, response.get("Vary")))
        elif name != "jsi18n" and "no-store" not in stored:
            wrong.append((path, stored))
        if response.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
            wrong.append((path, response.get("Referrer-Policy")))
    assert wrong == []


def test_policy_allows_nothing_unsafe():
    policy = security_headers.SECURITY_HEADERS["Content-Security-Policy"]
    assert re.search("unsafe|http|nonce|\\*", policy) is None
    assert "default-src 'none'" in policy


def test_https_is_demanded_and_cookies_are_bound_to_it(settings):
    import subprocess
    import sys

    from tests.processes import ROOT

    from .test_settings import PRODUCTION

    names = [
        "SECURE_HSTS_SECONDS",
        "SECURE_HSTS_INCLUDE_SUBDOMAINS",
        "SECURE_SSL_REDIRECT",
        "SESSION_COOKIE_NAME",
        "SESSION_COOKIE_SECURE",
        "SESSION_COOKIE_HTTPONLY",
        "SESSION_COOKIE_SAMESITE",
        "CSRF_COOKIE_NAME",
        "CSRF_COOKIE_SECURE",
        "CSRF_COOKIE_SAMESITE",
    ]
    code = (
        "import json, clinic.settings as s; from clinic.message_storage import HostCookieStorage as messages;"
        f"print(json.dumps([*[getattr(s, n) for n in {names!r}], messages.cookie_name]))"
    )
    env = {"ENV_FILE": "", "PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "clinic.settings", **PRODUCTION}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [
        63_072_000,
        True,
        True,
        "__Host-sessionid",
        True,
        True,
        "Lax",
        "__Host-csrftoken",
        True,
        "Lax",
        "__Host-messages",
    ]
