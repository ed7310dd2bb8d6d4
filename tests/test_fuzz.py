"""Nothing that is sent makes the site fail: any query string on any address, any value in any form."""

import os
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signups.leads import links as lead_links
from signups.web import timed_token
from tests.clinic.test_security_headers import ADDRESSES
from tests.factories import content, trials, users

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))  # of each test; raise it for a long night
few = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None)
NASTY = [
    "\0",
    "\ud800",
    "é" * 300,
    "<script>",
    "' OR 1=1 --",
    "%",
    "_",
    "-1",
    "9" * 30,
    "1e400",
    "null",
    "../",
    "\u202e",
]
NASTY += ["2026-02-30", "0001-01-01", "99999-01-01", "+1", "a@b.c", "{{7*7}}", "\r\nX: y", "٣", "true", "1,2,3", ""]
NAMES = [
    "q",
    "p",
    "o",
    "page",
    "all",
    "e",
    "source",
    "next",
    "t",
    "day",
    "week",
    "host",
    "start",
    "_popup",
    "_to_field",
]
NAMES += [
    "status__exact",
    "owner__id__exact",
    "owner__password__startswith",
    "created_at__gte",
    "created_at__year",
    "id__in",
]
NAMES += ["app_label", "model_name", "field_name", "term", "kind", "published__isnull", "_changelist_filters", "mine"]
texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=40))
pairs = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=8)), texts), max_size=5)
# Raw bytes, as no browser would write them.
raw = st.binary(max_size=40).map(lambda data: quote_from_bytes(data, safe="=&"))


def encoded(values):
    return urlencode(
        [(name.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass")) for name, value in values]
    )


queries = st.one_of(pairs.map(encoded), raw)
GETS = [path for _, path in ADDRESSES if not path.endswith("/logout/")]


@pytest.fixture
def site(clinic):
    content.ArticleFactory(kind="landing", slug="landing")
    content.ArticleFactory(slug="a-page")
    return trials.TrialFactory().lead


def failed(response):
    return response.status_code >= 500


@pytest.mark.parametrize("who", ["a stranger", "staff"])
@few
@given(query=queries)
def test_any_query_string_on_any_address(client, site, who, query):
    client.raise_request_exception = True
    if who == "staff" and "_auth_user_id" not in client.session:
        client.force_login(users.UserFactory(is_superuser=True))
    wrong = [path for path in GETS if failed(client.get(path, QUERY_STRING=query))]
    assert wrong == [], query


@few
@given(values=pairs, body=st.one_of(st.none(), st.binary(max_size=60)))
def test_any_body_on_any_public_address(client, site, values, body):
    client.raise_request_exception = True
    token = lead_links.portal_url(site).split("/")[-2]
    public = {path.replace("/my/x/", f"/my/{token}/") for path in GETS if not path.startswith("/admin/")}
    form = "application/x-www-form-urlencoded"
    sent = encoded(values) if body is None else body
    wrong = [path for path in sorted(public) if failed(client.post(path, sent, content_type=form))]
    assert wrong == [], sent


@pytest.mark.parametrize("path", ["/start/", "/callback/"])
@few
@given(data=st.data())
def test_any_value_in_any_field_of_a_form(client, site, time_machine, path, data):
    """Filled in as by a person, but for what a field holds."""
    import datetime as dt

    client.raise_request_exception = True
    now = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
    time_machine.move_to(now - dt.timedelta(minutes=1), tick=False)
    stamp = timed_token.new_token()
    time_machine.move_to(now, tick=False)
    good = {
        "name": "Jo Miller",
        "email": "jo@example.com",
        "phone": "(212) 555-0123",
        "preferred_channel": "email",
        "time_zone": "America/New_York",
        "topic": "program",
        "best_time": "any",
        "terms": "on",
        "privacy": "on",
    }
    bad = data.draw(st.dictionaries(st.sampled_from([*good, "aq_7", "stamp"]), texts, min_size=1, max_size=3))
    sent = encoded(({"stamp": stamp} | good | bad).items())
    response = client.post(path, sent, content_type="application/x-www-form-urlencoded")
    assert not failed(response), bad
