"""The list of leads answers its own questions only: nobody's password or address is guessed through a filter."""

import pytest

from clinic import roles
from tests.factories import leads, users

pytestmark = pytest.mark.django_db
LIST = "/admin/signups/lead/"


@pytest.fixture
def head(client, clinic):
    client.force_login(users.UserFactory(role=roles.HEAD))
    return client


@pytest.mark.parametrize(
    "name",
    [
        "owner__password__startswith",
        "owner__email__iregex",
        "email__startswith",
        "search_text__contains",
        "notes__text__contains",
        "messages__text__contains",
        "id__in",
        "created_at__gte",
        "o",
        "e",
        "all",
        "_facets",
        "_popup",
        "_to_field",
        "%00",
        "nonsense",
    ],
)
def test_other_questions_are_400(head, name):
    leads.LeadFactory()
    assert head.get(LIST, {name: "a"}).status_code == 400


@pytest.mark.parametrize("query", ["%", "_", "%%%", "j%r", "\\", "'", '"', "--", "()", "*", "+++"])
def test_search_takes_every_character_as_itself(head, query):
    leads.LeadFactory(name="Jo Miller", email="a@example.com")
    response = head.get(LIST, {"q": query})
    assert (response.status_code, response.context["cl"].rows) == (200, [])


@pytest.mark.parametrize(
    "query", ["x" * 100_000, "a " * 50_000, "\ud800".encode("utf-8", "surrogatepass"), b"\xff\xfe"]
)
def test_enormous_or_broken_search_finds_nothing_and_breaks_nothing(head, query):
    leads.LeadFactory()
    assert head.get(LIST, {"q": query}).status_code == 200
