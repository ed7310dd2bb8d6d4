"""Leads on the desk: found quickly, shown whole, changed by nobody here."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import caches
from django.db import connection
from django.utils import timezone

from clinic import roles
from signups.audit.choices import ActorKind, AuditAction
from signups.desk.saved_views import SAVED_VIEWS
from signups.leads import links as lead_links
from signups.leads.contact import record_contact
from signups.leads.models import Lead
from tests.factories import audit, callbacks, calls, consents, leads, messages, trials, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db

LIST = "/admin/signups/lead/"


@pytest.fixture
def head(client, clinic):
    client.force_login(users.UserFactory(role=roles.HEAD))
    return client


def names(response):
    return [lead.name for lead in response.context["cl"].result_list]


@pytest.mark.parametrize("query", ["milL", "jo.mill", "JO.MILLER@EXAMPLE.COM", "555-01", "2125550123"])
def test_search_finds_any_part_of_name_address_and_number(head, query):
    leads.LeadFactory(
        name="Jo Miller", email="jo.miller@example.com", phone="(212) 555-0123", phone_e164="+12125550123"
    )
    leads.LeadFactory(name="Other", email="other@example.com", phone="")
    assert names(head.get(LIST, {"q": query})) == ["Jo Miller"]


@pytest.mark.parametrize("query", ["%", "_", "nobody", "x" * 5000])
def test_search_takes_every_character_as_itself(head, query):
    leads.LeadFactory()
    response = head.get(LIST, {"q": query})
    assert (response.status_code, names(response)) == (200, [])


def test_search_for_what_no_text_can_hold_is_refused_in_words(head):
    assert "Null characters are not allowed." in head.get(LIST, {"q": "\x00"}).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("jo", ["Jo Miller"]),  # one or two letters: the start of a word, in the name or the address
        ("mi", ["Jo Miller"]),
        ("il", []),
        ("jo il", []),
        ("miller jo", ["Jo Miller"]),
        ("李", ["李 Wei"]),
        ("ÑANDÚ", ["Ana Ñandú"]),
        ("ñandú", ["Ana Ñandú"]),
        ("(212) 555", ["Jo Miller"]),
        ("+1 212-555-0123", ["Jo Miller"]),
    ],
)
def test_search_is_by_words(head, query, found):
    leads.LeadFactory(name="Jo Miller", email="m@example.com", phone="(212) 555-0123", phone_e164="+12125550123")
    leads.LeadFactory(name="李 Wei", email="w@example.com", phone="", phone_e164="")
    leads.LeadFactory(name="Ana Ñandú", email="a@example.com", phone="", phone_e164="")
    assert names(head.get(LIST, {"q": query})) == found


PEOPLE = {
    "Müller, Ana": ["Muller", "müller", "MULLER ana", "Müller, Ana", "ana, muller", "mu\u0308ller"],
    "Seán O’Brien": ["o'brien", "O’Brien sean", "obrien", "Oʼbrien", "O`Brien"],
    "Anne-Marie Weiß": ["anne marie", "Anne–Marie", "weiss", "WEISS", "weiß", "marie anne"],
    "Łukasz Đoković": ["lukasz", "dokovic", "Đoković Łukasz"],
    "Søren Æbelø": ["soren", "aebelo", "søren"],
    "Ольга Иванова": ["ольга", "ОЛЬГА", "Иванова Ольга"],
}


@pytest.mark.parametrize(("name", "query"), [(name, query) for name, queries in PEOPLE.items() for query in queries])
def test_search_ignores_accents_apostrophes_hyphens_case_and_order(head, name, query):
    for each in PEOPLE:
        leads.LeadFactory(name=each)
    assert names(head.get(LIST, {"q": query})) == [name]


@pytest.mark.parametrize(
    "query",
    [
        *("646–296–0201", "tel:+16462960201", "001 646 296 0201", "646 296 0201 x5", "(646) 296-0201 ext. 12"),
        *("1-646-296-0201", "646.296.0201", "+1 (646) 296‑0201", "6462960201;ext=5", "mailto:jo.miller@example.com"),
        *("<jo.miller@example.com>", "Jo <Jo.Miller@Example.com>", "jo.miller", "2960201"),
    ],
)
def test_search_reads_numbers_and_addresses_in_every_notation(head, query):
    leads.LeadFactory(name="Jo Miller", email="jo.miller@example.com", phone_e164="+16462960201")
    leads.LeadFactory(name="Jo Other", email="jo.other@example.com", phone_e164="+16462960299")
    assert names(head.get(LIST, {"q": query})) == ["Jo Miller"]


@pytest.mark.parametrize("query", ["020 7946 0958", "+44 (0)20 7946 0958", "0044 20 7946 0958"])
def test_search_leaves_out_the_zero_of_a_trunk_call(head, query):
    leads.LeadFactory(name="Jo Miller", phone_e164="+442079460958")
    assert names(head.get(LIST, {"q": query})) == ["Jo Miller"]


def test_search_finds_a_lead_by_its_public_id(head):
    leads.LeadFactory(name="Other")
    lead = leads.LeadFactory(name="Jo Miller")
    assert names(head.get(LIST, {"q": f" {lead.public_id}"})) == ["Jo Miller"]


def test_search_follows_a_name_however_it_is_changed(head):
    lead = leads.LeadFactory(name="Before")
    lead.name = "Zoë"
    lead.save(update_fields=["name"])
    assert names(head.get(LIST, {"q": "zoe"})) == ["Zoë"]
    Lead.objects.filter(pk=lead.pk).update(name="Chloé")
    assert names(head.get(LIST, {"q": "chloe"})) == ["Chloé"]
    assert names(head.get(LIST, {"q": "zoe"})) == []


def test_filters_narrow_the_list(head):
    user = users.UserFactory(role=roles.COORDINATOR)
    leads.LeadFactory(name="Mine", owner=user)
    leads.LeadFactory(name="Called", preferred_channel="call", owner=user)
    leads.LeadFactory(name="Shut", status="closed", close_reason="moved away", created_at=NOW - dt.timedelta(days=40))
    assert names(head.get(LIST, {"owner": user.pk})) == ["Called", "Mine"]
    assert names(head.get(LIST, {"owner": "none"})) == ["Shut"]
    assert names(head.get(LIST, {"channel": "call"})) == ["Called"]
    assert names(head.get(LIST, {"status": "closed"})) == ["Shut"]
    assert names(head.get(LIST, {"created": "2026-10", "q": "shut", "owner": "none"})) == ["Shut"]


def test_dates_are_days_of_the_clinics_calendar_and_lead_further_in(head):
    late = dt.datetime(2026, 3, 1, 4, 59, tzinfo=dt.UTC)  # still the last of February in New York
    leads.LeadFactory(name="February", created_at=late)
    leads.LeadFactory(name="March", created_at=late + dt.timedelta(minutes=1))
    for value, found in [
        ("2026", ["March", "February"]),
        ("2026-02", ["February"]),
        ("2026-03-01", ["March"]),
        ("2025", []),
    ]:
        assert names(head.get(LIST, {"created": value})) == found
    assert 'href="?created=2026"' in head.get(LIST).content.decode()
    assert 'href="?created=2026-02"' in head.get(LIST, {"created": "2026"}).content.decode()
    month = head.get(LIST, {"created": "2026-02"}).content.decode()
    assert 'href="?created=2026-02-28"' in month
    assert 'href="?created=2026-02-29"' not in month


def test_saved_views_are_worklists(head, time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC), tick=False)  # by day, where people live
    user = head.get(LIST).wsgi_request.user
    now = timezone.now()
    hour = dt.timedelta(hours=1)
    leads.LeadFactory(name="Mine", owner=user)
    leads.LeadFactory(name="Unassigned")
    other = users.UserFactory()
    leads.LeadFactory(name="Closed", status="closed", close_reason="moved away")
    callbacks.CallbackRequestFactory(lead__name="Overdue", lead__owner=other, created_at=now - 9 * hour)
    callbacks.CallbackRequestFactory(lead__name="Due", lead__owner=other, created_at=now, due_at=now + hour)
    for name, age in (("Ending", 5), ("Midway", 2), ("Ended", 8)):
        start = now - age * 24 * hour - hour
        trials.TrialFactory(lead__name=name, lead__owner=other, requested_at=start, started_at=start)
    trials.TrialFactory(
        lead__name="Refund",
        lead__owner=other,
        requested_at=now,
        started_at=now,
        converted_at=now,
        refund_requested_at=now,
    )
    leads.LeadFactory(name="Returned", owner=other, email_bounced_at=now)
    call_at = now.astimezone(ZoneInfo("America/New_York")).replace(hour=12)  # today there, whatever the hour here
    calls.OnboardingCallFactory(lead__name="Called", lead__owner=other, starts_at=call_at)
    calls.OnboardingCallFactory(lead__name="Later", lead__owner=other, starts_at=call_at + 24 * hour)
    shown = {name: sorted(names(head.get(LIST, {"view": name}))) for name in SAVED_VIEWS}
    assert shown == {
        "calls": ["Called"],
        "due": ["Due", "Overdue"],
        "unassigned": ["Unassigned"],
        "ending": ["Ending"],
        "refunds": ["Refund"],
        "returned": ["Returned"],
        "mine": ["Mine"],
    }


def test_calls_today_are_in_the_order_of_their_times_and_show_them(head, time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC), tick=False)
    noon = dt.datetime(2026, 11, 20, 17, tzinfo=dt.UTC)
    for name, hours in (("Third", 2), ("First", -1), ("Second", 0)):  # in the order of their sign-ups
        calls.OnboardingCallFactory(lead__name=name, starts_at=noon + hours * dt.timedelta(hours=1))
    held = calls.OnboardingCallFactory(lead__name="Held", starts_at=noon - dt.timedelta(hours=3), status="completed")
    calls.OnboardingCallFactory(lead=held.lead, starts_at=noon + dt.timedelta(days=1))
    page = head.get(LIST, {"view": "calls"})
    assert names(page) == ["First", "Second", "Third"]
    shown = re.findall(r'data-label="Call" class="nowrap"><strong>([^<]+)', page.content.decode())
    assert shown == ["11:00 AM", "12:00 PM", "2:00 PM"]
    assert 'data-label="Call"' not in head.get(LIST).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"owner__password__startswith": "a"},
        {"owner__id__exact": "1"},
        {"email__regex": "("},
        {"name__startswith": "J"},
        {"search_text__startswith": "j"},
        {"created_at__year": "2026"},
        {"created": "9999"},
        {"created": "0000"},
        {"created": "2026-13"},
        {"created": "2026-02-30"},
        {"created": "٢٠٢٦"},
        {"created": ""},
        {"status": "\x00"},
        {"status": "merry"},
        {"owner": "9" * 30},
        {"owner": "1 OR 1=1"},
        {"view": "everything"},
        {"p": "2"},
        {"p": "after-999999999999999999-1"},
        {"p": "after--1"},
        {"q": ["a", "b"]},
        {"o": "1.-2"},
        {"_facets": "True"},
        {"all": ""},
        {"_to_field": "email"},
    ],
)
def test_filter_answers_no_question_but_its_own(head, query):
    leads.LeadFactory()
    head.raise_request_exception = False
    assert head.get(LIST, query).status_code == 400


def test_list_shows_the_newest_first_with_their_trial(head, time_machine):
    time_machine.move_to(NOW, tick=False)
    leads.LeadFactory(name="Older", created_at=NOW - dt.timedelta(days=1))
    trials.TrialFactory(lead__name="Newer", lead__created_at=NOW, requested_at=NOW, started_at=NOW)
    response = head.get(LIST)
    assert names(response) == ["Newer", "Older"]
    assert "day 1 of 7" in response.content.decode()


def walk(client, label, params):
    """The names on each page, following the link `label` from the page of `params` on."""
    response = client.get(LIST, params)
    seen = [names(response)]
    while address := dict(response.context["cl"].pages).get(label):
        response = client.get(LIST + address)
        seen.append(names(response))
    return seen


@pytest.mark.parametrize("count", [49, 50, 51, 100, 101])
def test_pages_show_every_lead_once_forwards_and_backwards(head, count):
    for number in range(count):  # three of each instant: the id decides between them
        leads.LeadFactory(name=f"Lead {number}", created_at=NOW + dt.timedelta(seconds=number // 3))
    newest_first = [f"Lead {number}" for number in reversed(range(count))]
    forwards, backwards = walk(head, "Next", {}), walk(head, "Previous", {"p": "last"})
    assert [name for page in forwards for name in page] == newest_first
    assert [name for page in reversed(backwards) for name in page] == newest_first
    assert all(len(page) == 50 for page in forwards[:-1] + backwards[:-1])


def test_pages_keep_filter_and_search_and_do_not_shift_under_new_leads(head):
    for number in range(60):
        leads.LeadFactory(name=f"Lead {number}", created_at=NOW + dt.timedelta(seconds=number))
    first = head.get(LIST, {"status": "new", "q": "lead"})
    leads.LeadFactory(name="Lead of just now", created_at=NOW + dt.timedelta(hours=1))
    leads.LeadFactory(name="Lead too, but closed", status="closed", close_reason="moved away", created_at=NOW)
    assert names(head.get(LIST + dict(first.context["cl"].pages)["Next"])) == [f"Lead {n}" for n in range(9, -1, -1)]


def test_last_contact_is_the_latest_try_to_reach_them(head):
    lead = leads.LeadFactory()
    assert "none yet" in head.get(LIST).content.decode()
    for days in (2, 3):
        record_contact(lead, AuditAction.TRIED, by=ActorKind.SYSTEM, now=NOW - dt.timedelta(days=days))
    assert "Nov 18, 2026, 10:00 AM" in head.get(LIST).content.decode()


@pytest.mark.parametrize("count", [1, 100])
def test_list_takes_the_same_queries_for_one_lead_and_many(head, count, django_assert_num_queries):
    for _ in range(count):
        lead = trials.TrialFactory(lead__owner=users.UserFactory()).lead
        callbacks.CallbackRequestFactory(lead=lead)
        audit.AuditEventFactory(lead=lead, action="tried")
        leads.LeadTagFactory(lead=lead)
    head.get(LIST)  # what is asked once per process is asked now
    with django_assert_num_queries(15 if count == 1 else 16 if connection.vendor == "sqlite" else 17):
        assert len(names(head.get(LIST))) == min(count, 50)


@pytest.mark.parametrize("count", [1, 30])
def test_page_takes_the_same_queries_for_one_record_and_many(head, count, django_assert_num_queries):
    lead = trials.TrialFactory().lead
    for _ in range(count):
        consents.ConsentFactory(lead=lead)
        messages.OutboxMessageFactory(lead=lead)
        audit.AuditEventFactory(lead=lead, actor_kind="staff", actor=users.UserFactory())
    head.get(f"{LIST}{lead.pk}/change/")  # what is asked once per process is asked now
    with django_assert_num_queries(26):
        assert head.get(f"{LIST}{lead.pk}/change/").status_code == 200


def test_page_shows_everything_about_a_lead_but_their_private_link(head):
    trial = trials.TrialFactory(lead__name="Jo Miller")
    lead = trial.lead
    consents.ConsentFactory(lead=lead)
    audit.AuditEventFactory(lead=lead)
    link = lead_links.confirmation_url(lead)
    messages.OutboxMessageFactory(lead=lead, text=f"Press {link}", subject="Please confirm")
    page = head.get(f"{LIST}{lead.pk}/change/").content.decode()
    for text in (
        "Jo Miller",
        lead.email,
        "email not confirmed",
        "terms 2026-11",
        "Signed up",
        "Please confirm",
        "Press http",
    ):
        assert text in page, text
    assert link.split("/")[-2] not in page


def test_markup_in_a_name_is_text(head):
    lead = leads.LeadFactory(name="<script>alert(1)</script>")
    for path in (LIST, f"{LIST}{lead.pk}/change/", f"{LIST}{lead.pk}/history/"):
        page = head.get(path, follow=True).content
        assert (b"&lt;script&gt;alert(1)&lt;/script&gt;" in page, b"<script>alert(1)" in page) == (True, False), path


def test_nothing_is_added_changed_or_deleted_here(head):
    lead = leads.LeadFactory()
    assert head.post(f"{LIST}{lead.pk}/change/", {"name": "X"}).status_code == 403
    assert head.get(f"{LIST}{lead.pk}/delete/").status_code == 403
    assert head.get(f"{LIST}add/").status_code == 403
    lead.refresh_from_db()
    assert lead.name == "Jo Miller"


def test_plain_names_and_no_way_back_from_a_whole_list(head):
    leads.LeadFactory(name="Jo Miller")
    whole, searched = (head.get(LIST, {"q": words}).content.decode() for words in ("", "Jo"))
    assert "<title>Leads | Care desk</title>" in whole
    assert [page.count(">Clear<") for page in (whole, searched)] == [0, 1]
    hosts = head.get("/admin/signups/host/").content.decode()
    assert "<title>Hosts | Care desk</title>" in hosts
    assert "<h1>Hosts</h1>" in hosts


def test_tagging_is_offered_where_there_are_tags(head):
    leads.LeadFactory()
    bare = head.get(LIST).content.decode()
    caches["memory"].clear()
    leads.TagFactory()
    tagged = head.get(LIST).content.decode()
    assert [(page.count("Tag…"), page.count("Remove tag…")) for page in (bare, tagged)] == [(0, 0), (1, 1)]
