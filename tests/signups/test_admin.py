"""Leads on the desk: found quickly, shown whole, changed by nobody here."""

import datetime as dt

import pytest

from clinic import roles
from signups import links
from tests import factories

from .conftest import NOW

pytestmark = pytest.mark.django_db

LIST = "/admin/signups/lead/"


@pytest.fixture
def head(client, clinic):
    client.force_login(factories.UserFactory(role=roles.HEAD))
    return client


def names(response):
    return [lead.name for lead in response.context["cl"].result_list]


@pytest.mark.parametrize("query", ["milL", "jo.mill", "JO.MILLER@EXAMPLE.COM", "555-01", "2125550123"])
def test_search_finds_any_part_of_name_address_and_number(head, query):
    factories.LeadFactory(
        name="Jo Miller", email="jo.miller@example.com", phone="(212) 555-0123", phone_e164="+12125550123"
    )
    factories.LeadFactory(name="Other", email="other@example.com")
    assert names(head.get(LIST, {"q": query})) == ["Jo Miller"]


@pytest.mark.parametrize("query", ["%", "_", "nobody", "x" * 5000])
def test_search_takes_every_character_as_itself(head, query):
    factories.LeadFactory()
    response = head.get(LIST, {"q": query})
    assert (response.status_code, names(response)) == (200, [])


def test_search_for_what_no_text_can_hold_is_refused_in_words(head):
    assert "Null characters are not allowed." in head.get(LIST, {"q": "\x00"}).content.decode()


def test_filters_narrow_the_list(head):
    user = factories.UserFactory()
    factories.LeadFactory(name="Mine", owner=user)
    factories.LeadFactory(name="Called", preferred_channel="call")
    factories.LeadFactory(
        name="Shut", status="closed", close_reason="moved away", created_at=NOW - dt.timedelta(days=40)
    )
    assert names(head.get(LIST, {"owner__id__exact": user.pk})) == ["Mine"]
    assert names(head.get(LIST, {"preferred_channel__exact": "call"})) == ["Called"]
    assert names(head.get(LIST, {"status__exact": "closed"})) == ["Shut"]
    assert names(head.get(LIST, {"created_at__year": 2026, "created_at__month": 10})) == ["Shut"]


@pytest.mark.parametrize(
    "query",
    [
        {"owner__password__startswith": "a"},
        {"email__regex": "("},
        {"name__startswith": "J"},
        {"created_at__year": "9999"},
        {"created_at__year": "99999999999"},
        {"status__exact": "\x00"},
    ],
)
def test_filter_answers_no_question_but_its_own(head, query):
    factories.LeadFactory()
    head.raise_request_exception = False
    assert head.get(LIST, query).status_code in (400, 302)


def test_owner_nobody_is_owns_nothing(head):
    assert head.get(LIST, {"owner__id__exact": "9" * 30}).status_code < 500


def test_list_shows_the_newest_first_with_their_trial(head, time_machine):
    time_machine.move_to(NOW, tick=False)
    factories.LeadFactory(name="Older", created_at=NOW - dt.timedelta(days=1))
    factories.TrialFactory(lead__name="Newer", lead__created_at=NOW, requested_at=NOW, started_at=NOW)
    response = head.get(LIST)
    assert names(response) == ["Newer", "Older"]
    assert "day 1 of 7" in response.content.decode()


@pytest.mark.parametrize("count", [1, 50])
def test_list_takes_the_same_queries_for_one_lead_and_many(head, count, django_assert_num_queries):
    for _ in range(count):
        factories.TrialFactory(lead__owner=factories.UserFactory())
    head.get(LIST)  # what is asked once per process is asked now
    with django_assert_num_queries(12):
        assert len(names(head.get(LIST))) == count


@pytest.mark.parametrize("count", [1, 30])
def test_page_takes_the_same_queries_for_one_record_and_many(head, count, django_assert_num_queries):
    lead = factories.TrialFactory().lead
    for _ in range(count):
        factories.ConsentFactory(lead=lead)
        factories.MessageFactory(lead=lead)
        factories.EventFactory(lead=lead, actor_kind="staff", actor=factories.UserFactory())
    head.get(f"{LIST}{lead.pk}/change/")  # what is asked once per process is asked now
    with django_assert_num_queries(11):
        assert head.get(f"{LIST}{lead.pk}/change/").status_code == 200


def test_page_shows_everything_about_a_lead_but_their_private_link(head):
    trial = factories.TrialFactory(lead__name="Jo Miller")
    lead = trial.lead
    factories.ConsentFactory(lead=lead)
    factories.EventFactory(lead=lead)
    link = links.confirm_url(lead)
    factories.MessageFactory(lead=lead, text=f"Press {link}", subject="Please confirm")
    page = head.get(f"{LIST}{lead.pk}/change/").content.decode()
    for text in ("Jo Miller", lead.email, "requested", "terms 2026-11", "signed up", "Please confirm", "Press http"):
        assert text in page, text
    assert link.split("/")[-2] not in page


def test_markup_in_a_name_is_text(head):
    lead = factories.LeadFactory(name="<script>alert(1)</script>")
    for path in (LIST, f"{LIST}{lead.pk}/change/", f"{LIST}{lead.pk}/history/"):
        assert b"<script>alert(1)" not in head.get(path).content


def test_nothing_is_added_changed_or_deleted_here(head):
    lead = factories.LeadFactory()
    assert head.post(f"{LIST}{lead.pk}/change/", {"name": "X"}).status_code == 403
    assert head.get(f"{LIST}{lead.pk}/delete/").status_code == 403
    assert head.get(f"{LIST}add/").status_code == 403
    lead.refresh_from_db()
    assert lead.name == "Jo Miller"
