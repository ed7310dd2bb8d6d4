"""Pairs that are two people: no longer asked about, until somebody asks again."""

from itertools import combinations

import pytest
from django.utils import timezone

from clinic import roles
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.duplicates import detection, merging
from signups.leads.locking import ActionError
from signups.leads.merge_models import DistinctLeadPair
from tests.factories import duplicates, users
from tests.factories import leads as factories_leads

pytestmark = pytest.mark.django_db

PAIRS = "/admin/signups/lead/duplicates/"
APART = f"{PAIRS}distinct/"


@pytest.fixture
def head(client, clinic):
    user = users.UserFactory(role=roles.HEAD)
    client.force_login(user)
    return user


def household(people, number="+12125550123"):
    """People of one name, which no other number has."""
    return factories_leads.LeadFactory.create_batch(people, phone_e164=number, name=f"Jo {NAMES[int(number[-1])]}")


NAMES = ("Abbot", "Brook", "Coles", "Dunne", "Ewing", "Frost", "Gould", "Hobbs", "Irwin", "Joyce")


def tell_apart(one, other, by):
    merging.mark_distinct(lead=one, other=other, by=by, now=timezone.now())


def asked(**page):
    return [(pair.older, pair.newer) for pair in detection.find_pairs(**page)[0]]


@pytest.mark.parametrize("people", [2, 3, 5])
def test_household_is_asked_about_until_every_two_of_it_are_two_people(head, people):
    leads = household(people)
    of_all = list(combinations(leads, 2))
    while of_all:
        assert asked() == of_all
        tell_apart(*reversed(of_all.pop(0)), head)
    assert asked() == []


def test_mailbox_is_asked_about_no_more_and_others_still_are(head):
    emails = ("jo.m@gmail.com", "jom+2@gmail.com", "ann@gmail.com", "a.nn@gmail.com")
    people = zip(emails, ("Jo M", "Jo M", "Ann N", "Ann N"), strict=True)
    one, other, *rest = (factories_leads.LeadFactory(email=email, name=name, phone="") for email, name in people)
    tell_apart(one, other, head)
    assert asked() == [tuple(rest)]


def test_two_people_are_asked_about_when_a_third_has_their_number(head):
    one, other = household(2)
    tell_apart(one, other, head)
    third = household(1)[0]
    assert asked() == [(one, third), (other, third)]


def test_pair_that_shares_nothing_any_more_settles_no_other(head):
    """Two told apart, one of whom has another number now."""
    one, other = household(2)
    tell_apart(one, other, head)
    third = household(1)[0]
    other.phone_e164, other.name = "+12125550199", "Ann Else"
    other.save()
    assert asked() == [(one, third)]


def test_saying_it_twice_is_one_event_and_asking_again_another(head):
    one, other = household(2)
    for _ in range(2):
        tell_apart(other, one, head)
    pair = DistinctLeadPair.objects.get()
    for _ in range(2):
        merging.unmark_distinct(pair=pair, by=head, now=timezone.now())
    assert asked() == [(one, other)]
    said = AuditEvent.objects.order_by("pk").values_list("action", "lead", "target", "actor")
    assert list(said) == [
        (verb, None, f"leads:{one.pk}+{other.pk}", head.pk)
        for verb in (AuditAction.MARKED_DISTINCT, AuditAction.UNMARKED_DISTINCT)
    ]


def test_nobody_else_tells_apart_or_asks_again(clinic):
    by = users.UserFactory(role=roles.COORDINATOR)
    with pytest.raises(ActionError):
        tell_apart(*household(2), by)
    with pytest.raises(ActionError):
        merging.unmark_distinct(pair=duplicates.DistinctLeadPairFactory(), by=by, now=timezone.now())
    assert DistinctLeadPair.objects.count() == 1


def test_who_is_gone_is_told_apart_from_nobody(head):
    one, other = household(2)
    factories_leads.LeadFactory(phone_e164="+12125550177")
    with pytest.raises(ActionError, match="One of these leads no longer exists"):
        tell_apart(one, one, head)
    merging.merge_leads(lead=one, other=other, from_other=set(), by=head, now=timezone.now())
    with pytest.raises(ActionError, match="One of these leads no longer exists"):
        tell_apart(one, other, head)


def test_merging_one_of_a_pair_forgets_the_pair_and_keeps_that_of_the_one_that_stays(head):
    one, other, third = household(3)
    tell_apart(one, third, head)
    tell_apart(other, third, head)
    merging.merge_leads(lead=one, other=other, from_other=set(), by=head, now=timezone.now())
    assert [(pair.older, pair.newer) for pair in DistinctLeadPair.objects.all()] == [(one, third)]
    assert asked() == []


def test_pages_go_through_every_number_and_mailbox(head, monkeypatch):
    monkeypatch.setattr(detection, "GROUPS_SQL", 2)
    for number in range(3):
        household(2, f"+1212555010{number}")
        for email in (f"a.b{number}@gmail.com", f"ab{number}@gmail.com"):
            factories_leads.LeadFactory(email=email, name=f"Al {NAMES[number + 5]}", phone="")
    seen, page, pages = [], ("number", 0), 0
    while page:
        found, page = detection.find_pairs(*page)
        seen += [(pair.older, pair.newer) for pair in found]
        pages += 1
    assert (len(seen), len(set(seen))) == (6, 6)
    assert pages >= 3


@pytest.mark.parametrize("people", [2, 3])
def test_household_that_is_settled_takes_no_room_on_a_page(head, monkeypatch, people):
    monkeypatch.setattr(detection, "GROUPS_SQL", 1)
    for one, other in combinations(household(people, "+12125550100"), 2):
        tell_apart(one, other, head)
    next_one = tuple(household(2, "+12125550101"))
    assert asked() == [next_one]


def test_head_tells_apart_on_the_page_and_asks_again(client, head):
    one, other = household(2)
    address = f"/admin/signups/lead/{one.pk}/merge/{other.pk}/distinct/"
    assert address in client.get(PAIRS).content.decode()
    assert address in client.get(f"/admin/signups/lead/{one.pk}/merge/{other.pk}/").content.decode()
    assert client.head(address).status_code == 405
    assert client.post(address, follow=True).redirect_chain == [(PAIRS, 303)]
    assert client.get(PAIRS).context["pairs"] == []
    again = f"{APART}{DistinctLeadPair.objects.get().pk}/undo/"
    assert again in client.get(APART).content.decode()
    assert AuditEvent.objects.filter(action=AuditAction.LISTED, target="distinct_pairs").first().detail == {"shown": 2}
    assert client.post(again, follow=True).redirect_chain == [(APART, 303)]
    assert len(client.get(PAIRS).context["pairs"]) == 1


def test_links_lead_through_the_pages_and_hold_no_number(client, head, monkeypatch):
    monkeypatch.setattr(detection, "GROUPS_SQL", 1)
    households = [household(2, f"+1212555010{number}") for number in range(2)]
    first = client.get(PAIRS).content.decode()
    following = f"?same=number&amp;after={households[0][0].pk}"
    assert following in first
    last = client.get(PAIRS + following.replace("&amp;", "&"))
    assert [(pair.older, pair.newer) for pair in last.context["pairs"]] == [tuple(households[1])]


@pytest.mark.parametrize("asked", ["?same=age", "?after=x", "?after=-1", f"?after={10**18}", "?after=²"])
def test_page_that_no_link_names_is_refused(client, head, asked):
    assert client.get(PAIRS + asked).status_code == 400


@pytest.mark.parametrize("pairs", [1, 20])
def test_list_of_those_told_apart_asks_the_same_few_questions(client, head, pairs, django_assert_num_queries):
    duplicates.DistinctLeadPairFactory.create_batch(pairs)
    client.get(APART)
    with django_assert_num_queries(6):
        assert len(client.get(APART).context["pairs"]) == pairs


def test_those_told_apart_are_paged(client, head, monkeypatch):
    monkeypatch.setattr("signups.duplicates.admin.PAIRS_PER_PAGE", 2)
    rows = duplicates.DistinctLeadPairFactory.create_batch(3)
    first = client.get(APART)
    last = client.get(f"{APART}?before={first.context['before']}")
    assert [page.context["pairs"] for page in (first, last)] == [rows[:0:-1], rows[:1]]
    assert (first.context["before"], last.context["before"]) == (rows[1].pk, None)
