"""The list of leads as a work list: sorted, narrowed, its columns chosen, saved, and never lost on the way."""

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pytest

from clinic import roles
from signups.desk.models import MAX_VIEWS, SavedList
from tests.factories import callbacks, calls, followups, leads, reports, trials, users
from tests.factories.desk import SavedListFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
LIST = "/admin/signups/lead/"
DAY = dt.timedelta(days=1)


def names(response):
    assert response.status_code == 200, response
    return [row["lead"].name for row in response.context["cl"].rows]


def pages(client, query, size):
    """The names of every page, forward by Next and back again by Previous, which must agree."""
    response = client.get(LIST + query)
    forward, links = names(response), dict(response.context["cl"].pages)
    while "Next" in links:
        response = client.get(LIST + links["Next"])
        assert 0 < len(names(response)) <= size
        forward, links = forward + names(response), dict(response.context["cl"].pages)
    backward = [names(response)]
    while "Previous" in links:
        response = client.get(LIST + links["Previous"])
        backward.insert(0, names(response))
        links = dict(response.context["cl"].pages)
    assert [name for page in backward for name in page] == forward
    return forward


@pytest.fixture
def people(user, frozen):
    """Seven people: two of one name, three never contacted, two contacted at the same moment."""
    rows = [("Éva", 5), ("Zoe", None), ("adam", 1), ("Ben", None), ("Ben", 1), ("Cy", None), ("Dee", 9)]
    for number, (name, days) in enumerate(rows):
        at = NOW - days * DAY if days else None
        leads.LeadFactory(name=name, last_contact_at=at, first_contact_at=at, created_at=NOW - (20 - number) * DAY)


def test_every_order_is_right_across_pages_forward_and_back(client, people, monkeypatch):
    from signups.desk.lead_admin import LeadAdmin

    by_name = ["adam", "Ben", "Ben", "Cy", "Dee", "Éva", "Zoe"]
    orders = {
        "": ["Dee", "Cy", "Ben", "Ben", "adam", "Zoe", "Éva"],
        "?sort=created": ["Éva", "Zoe", "adam", "Ben", "Ben", "Cy", "Dee"],
        "?sort=name": by_name,
        "?sort=-name": by_name[::-1],
        "?sort=contact": ["Zoe", "Ben", "Cy", "Dee", "Éva", "adam", "Ben"],
        "?sort=-contact": ["Ben", "adam", "Éva", "Dee", "Cy", "Ben", "Zoe"],
    }
    for size in (2, 3, 50):
        monkeypatch.setattr(LeadAdmin, "list_per_page", size)
        for query, expected in orders.items():
            assert (size, query, pages(client, query, size)) == (size, query, expected)
    last = client.get(LIST + "?sort=contact&p=last").context["cl"]
    assert [row["lead"].name for row in last.rows][-1] == "Ben"
    for query in (
        "?sort=phone",
        "?sort=name&p=after-1-1",
        "?p=after-name-1",
        "?p=after-none-1",
        "?sort=name&sort=name",
    ):
        assert client.get(LIST + query).status_code == 400, query
    assert "Ben" not in dict(client.get(LIST + "?sort=name").context["cl"].pages).get("Next", "")


def test_what_is_due_soonest_is_first_each_person_once(client, user, frozen):
    def due(name, **hours):
        lead = leads.LeadFactory(name=name)
        for kind, offset in hours.items():
            at = NOW + dt.timedelta(hours=offset)
            match kind.rstrip("_"):
                case "follow":
                    followups.FollowUpFactory(lead=lead, owner=user, due_at=at, created_at=NOW - 9 * DAY)
                case "call":
                    calls.OnboardingCallFactory(lead=lead, starts_at=at, ends_at=at + dt.timedelta(minutes=30))
                case "back":
                    callbacks.CallbackRequestFactory(lead=lead, due_at=at)

    due("Late", follow=-48, call=40)
    due("Soon", call=2)
    due("Back", back=-1)
    due("Next week", follow=24 * 6)
    due("Far", follow=24 * 30)
    leads.LeadFactory(name="Nothing")
    assert names(client.get(LIST + "?sort=due")) == ["Late", "Back", "Soon", "Next week", "Far"]
    expected = {"overdue": {"Late", "Back"}, "today": {"Late", "Back", "Soon"}}
    expected["week"] = expected["today"] | {"Next week"}
    for within, found in expected.items():
        assert (within, set(names(client.get(f"{LIST}?due={within}")))) == (within, found)
    assert names(client.get(LIST + "?due=today&sort=due")) == ["Late", "Back", "Soon"]


def test_filters_find_exactly_whom_they_name(client, user, frozen):
    reports.DailyMetricFactory(metric="signed_up", dimension="walk-in", day=NOW.date())
    states = {
        "unconfirmed": {"started_at": None},
        "active": {"started_at": NOW - DAY},
        "ended": {"started_at": NOW - 9 * DAY},
        "canceled": {"started_at": NOW - DAY, "cancelled_at": NOW},
        "converted": {"started_at": NOW - DAY, "converted_at": NOW},
    }
    for name, times in states.items():
        trials.TrialFactory(lead__name=name, requested_at=NOW - 9 * DAY, **times)
    again = trials.TrialFactory(
        lead__name="again", requested_at=NOW - 9 * DAY, started_at=NOW - 8 * DAY, cancelled_at=NOW - 5 * DAY
    )
    trials.TrialFactory(lead=again.lead, requested_at=NOW - DAY, started_at=NOW - DAY)
    leads.LeadFactory(name="none")
    for state in [*states, "none"]:
        found = {state, "again"} if state == "active" else {state}
        assert (state, set(names(client.get(f"{LIST}?trial={state}")))) == (state, found)

    first, last = NOW - 40 * DAY, NOW - 30 * DAY  # Oct 11 and Oct 21, 10:00 AM in New York
    common = {"time_zone": "Pacific/Honolulu", "first_touch_source": "walk-in"}
    leads.LeadFactory(name="Kai", created_at=first, first_contact_at=last, last_contact_at=last, **common)
    narrowed = {
        "zone=Pacific/Honolulu": True,
        "zone=Asia/Tokyo": False,
        "source=walk-in": True,
        "source=none": False,
        "contacted=once": True,
        "contacted=never": False,
        "created_from=2026-10-11&created_to=2026-10-11": True,
        "created_to=2026-10-10": False,
        "created_from=2026-10-12": False,
        "contacted_from=2026-10-21": True,
        "contacted_from=2026-10-22": False,
        "contacted_to=2026-10-20": False,
    }
    for query, is_there in narrowed.items():
        assert (query, "Kai" in names(client.get(f"{LIST}?{query}"))) == (query, is_there)
    for query in (
        "trial=x",
        "zone=Mars",
        "source=tv",
        "due=x",
        "created_to=2026-13-01",
        "created_to=9999-12-31",
        "contacted=",
    ):
        assert (query, client.get(f"{LIST}?{query}").status_code) == (query, 400)


def test_columns_are_chosen_in_the_address_and_the_form_makes_a_tidy_one(client, people):
    page = client.get(LIST, {"columns": "status.zone"}).content.decode()
    heads = [
        label for label in ("Email", "Status", "Local time", "Owner") if f'<th scope="col" data-label="{label}"' in page
    ]
    assert heads == ["Status", "Local time"]
    for wrong in ("status.x", "status.status", "."):
        assert client.get(LIST, {"columns": wrong}).status_code == 400
    filled = {
        "apply": "1",
        "trial": "",
        "zone": "America/New_York",
        "q": "",
        "sort": "name",
        "columns": ["status", "email"],
    }
    answer = client.get(LIST, filled)
    assert answer.status_code == 302
    tidy = parse_qs(urlsplit(answer["Location"]).query)
    assert tidy == {"zone": ["America/New_York"], "sort": ["name"], "columns": ["status.email"]}
    page = client.get(LIST + answer["Location"])
    assert 'aria-sort="ascending"' in page.content.decode()


def test_the_list_somebody_works_from_is_kept_through_every_action(client, people):
    query = "?sort=name&status=new"
    shown = [row["lead"].pk for row in client.get(LIST + query).context["cl"].rows]
    first, second, last = shown[0], shown[1], shown[-1]
    client.post(f"{LIST}{first}/assign-next/")
    client.post(f"{LIST}{first}/change-status/", {"seen": "new", "to": "contacted"})  # (no longer in that list)
    page = client.get(f"{LIST}{first}/change/").content.decode()
    assert 'href="/admin/signups/lead/?sort=name&amp;status=new">Leads</a>' in page
    assert (f"{LIST}{second}/change/" in page, "1 of 7" in page, "Previous lead" in page) == (True, True, False)
    page = client.get(f"{LIST}{last}/change/").content.decode()
    assert ("Previous lead" in page, "Next lead" in page) == (True, False)
    for other in (f"{LIST}{second}/contact/", f"{LIST}bulk/assign/{query}"):
        answer = client.post(other, {"all": "1"}) if "bulk" in other else client.get(other)
        assert "?sort=name&amp;status=new" in answer.content.decode(), other
    client.get(LIST + "?q=Zoe")
    assert ("q=Zoe" in client.get(f"{LIST}{first}/change/").content.decode(), "Zoe" in str({**client.session})) == (
        True,
        False,
    )
    elsewhere = leads.LeadFactory()
    assert client.get(f"{LIST}{elsewhere.pk}/change/").context["place"] is None


def test_a_view_is_saved_without_search_words_shared_and_deleted_by_its_maker_or_the_head(client, user, people):
    answer = client.post(f"{LIST}views/save/?status=new&sort=name&q=Ben", {"name": "Call list", "is_shared": "on"})
    assert answer["Location"] == f"{LIST}?status=new&sort=name"
    saved = SavedList.objects.get()
    assert (saved.query, saved.is_shared, saved.owner) == ("status=new&sort=name", True, user)
    client.post(f"{LIST}views/save/?status=closed", {"name": "Call list"})
    assert SavedList.objects.values_list("query", "is_shared").get() == ("status=closed", False)
    theirs, team = SavedListFactory(name="Hers"), SavedListFactory(name="Team’s", is_shared=True)
    page = client.get(LIST + "?status=new").content.decode()
    assert [each in page for each in (">Call list", "Hers", "Team’s")] == [True, False, True]
    for query, status in [("?owner=x", 400), ("?status=new&status=closed", 400), ("", 303)]:
        assert client.post(f"{LIST}views/save/{query}", {"name": " "}).status_code == status, query
    SavedListFactory.create_batch(MAX_VIEWS, owner=user)
    client.post(f"{LIST}views/save/", {"name": "One too many"})
    assert not SavedList.objects.filter(name="One too many").exists()
    for pk, status in [(theirs.pk, 404), (team.pk, 403), (saved.pk, 303)]:
        assert client.post(f"{LIST}views/{pk}/delete/").status_code == status
    client.force_login(users.UserFactory(role=roles.HEAD))
    assert client.post(f"{LIST}views/{team.pk}/delete/").status_code == 303
