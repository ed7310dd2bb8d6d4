"""Dashboard: counters equal the length of their lists; charts equal the rows."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from clinic import dashboard, roles
from clinic.lib.row_count import count_rows
from content import state_changes
from content.models import ClinicProfile
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.callbacks.models import CallbackRequest
from signups.calls.actions import complete_call
from signups.leads.contact import record_contact
from signups.leads.models import Lead
from signups.reports import daily_metrics
from signups.reports.models import DailyMetric
from tests.factories import callbacks, calls, content, leads, messages, trials, users

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
QUEUE = "/admin/signups/callbackrequest/"


@pytest.fixture
def head(client, clinic):
    client.force_login(users.UserFactory(role=roles.HEAD))
    return client


def create_waiting_rows(now):
    """Create three rows for each counter, and one that is no longer waiting."""
    other = users.UserFactory()
    for number in range(3):
        leads.LeadFactory(created_at=now)
        start = now - 6 * 24 * HOUR
        trials.TrialFactory(lead__owner=other, requested_at=start, started_at=start)
        callbacks.CallbackRequestFactory(lead__owner=other, created_at=now - 9 * HOUR)
        callbacks.CallbackRequestFactory(lead__owner=other, created_at=now, due_at=now + (number + 1) * HOUR)
        trials.TrialFactory(
            lead__owner=other, requested_at=now, started_at=now, converted_at=now, refund_requested_at=now
        )
        noon = timezone.localtime(now, ZoneInfo("America/New_York")).replace(hour=12)
        calls.OnboardingCallFactory(lead__owner=other, starts_at=noon)
        leads.LeadFactory(owner=other, email_bounced_at=now)
        messages.InboundMessageFactory(lead__owner=other)
    messages.InboundMessageFactory(lead__owner=other, handled_at=now)
    leads.LeadFactory(status="closed", close_reason="No answer", created_at=now)


def create_content_to_review():
    """Create three rows for each content alert, and one that needs none."""
    past = dt.date(2020, 1, 1)
    source = content.SourceFactory()
    for _ in range(3):
        content.ArticleFactory(review_by=past)
        content.ClaimFactory(checked_on=past, sources=[source])
        content.QuotationFactory(wording_checked=False, source=source)
        for outcome in ("dead", "silent"):
            content.LinkCheckFactory(outcome=outcome)
        content.SourceFactory(status="recheck")
    content.ArticleFactory()
    content.ClaimFactory(sources=[source])
    content.QuotationFactory(source=source)


def test_each_number_is_the_length_of_its_list(head, time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC), tick=False)  # by day, where people live
    create_waiting_rows(timezone.now())
    create_content_to_review()
    desk = head.get("/admin/").context
    tiles = desk["counters"] + desk["content_alerts"]
    counted, listed = {}, {}
    for number in tiles:
        context = head.get(number.url).context
        rows = context["cl"].result_list if "cl" in context else context["rows"]
        counted[number.label], listed[number.label] = number.count.number, len(rows)
    assert counted == listed
    assert counted == {
        "Overdue callbacks": 3,
        "Callbacks due now": 6,
        "Booked calls today": 3,
        "Unassigned leads": 3,
        "Trials ending within 48 hours": 3,
        "Refund requests": 3,
        "Mail came back": 3,
        "Replies to read": 3,
        "Articles whose review is overdue": 3,
        "Claims whose check is overdue": 3,
        "Quotes not verified": 3,
        "Sources to recheck": 3,
        "Broken source links": 3,
        "Sources whose link did not answer": 3,
    }


@pytest.mark.parametrize("role", [*roles.ROLES, None])
def test_desk_shows_only_what_its_reader_may_see(client, clinic, role):
    content.ArticleFactory(review_by=dt.date(2020, 1, 1))
    client.force_login(users.UserFactory(role=role))
    response = client.get("/admin/")
    urls = [number.url for number in response.context["counters"] + response.context["content_alerts"]]
    assert [client.get(url).status_code for url in urls] == [200] * len(urls)
    assert any("signups" in url for url in urls) == (role in (roles.HEAD, roles.COORDINATOR, roles.AUDITOR))
    assert any("content" in url for url in urls) == (role in (roles.HEAD, roles.EDITOR, roles.AUDITOR, roles.REVIEWER))
    assert bool(response.context["charts"]) == (role in (roles.HEAD, roles.COORDINATOR, roles.AUDITOR))


@pytest.mark.parametrize("days", ["8", "x", "", "-7", "9" * 20])
def test_figures_cover_7_30_or_90_days(head, days):
    assert head.get("/admin/", {"days": days}).status_code == 400


def figures(response):
    return {
        chart.title: [(bar.label, bar.number, bar.note) for bar in chart.bars if bar.number]
        for chart in response.context["charts"]
    }


def create_history(now):
    """Create two leads of ten days ago and one of today, with calls."""
    past = now - 10 * 24 * HOUR
    one = leads.LeadFactory(created_at=past, first_touch_source="friend")
    for hours in (3, 30):
        record_contact(one, AuditAction.TRIED, by=ActorKind.SYSTEM, now=past + HOUR * hours)
    trials.TrialFactory(lead=one, requested_at=past, started_at=past, converted_at=past + 24 * HOUR)
    leads.LeadFactory(created_at=past, first_touch_source="ad")
    trials.TrialFactory(lead__created_at=now, requested_at=now, started_at=now)
    for status in ("completed", "no_show", "cancelled", "booked"):
        calls.OnboardingCallFactory(lead=one, starts_at=past, status=status, is_current=False)


EXPECTED = {
    "Conversion funnel": [
        ("Signed up", 3, "100%"),
        ("Started trial", 2, "67%"),
        ("Contacted", 1, "33%"),
        ("Converted", 1, "33%"),
    ],
    "Lead source": [("friend", 1, "33%"), ("ad", 1, "33%"), ("Unknown", 1, "33%")],
    "Time to first contact": [("within 4 hours", 1, "33%"), ("not yet", 2, "67%")],
    "Calls": [("Completed", 1, "50%"), ("No-show", 1, "50%")],
    "No-show rate per week": [("Nov 7", 1, "50% of 2 calls")],
}


def test_figures_are_the_rows_own_kept_for_days_gone_by_and_fresh_for_today(head, time_machine):
    now = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
    time_machine.move_to(now, tick=False)
    create_history(now)
    assert sum(bar[1] for bar in figures(head.get("/admin/"))["Conversion funnel"]) == 2  # today’s alone, so far
    assert daily_metrics.refresh_metrics(timezone.now) == 0
    chart_bars = figures(head.get("/admin/"))
    assert {title: sorted(bars) for title, bars in chart_bars.items() if title in EXPECTED} == {
        title: sorted(bars) for title, bars in EXPECTED.items()
    }
    assert chart_bars["Sign-ups per day"] == [("Nov 10", 2, ""), ("Nov 20", 1, "")]
    assert figures(head.get("/admin/", {"days": 7}))["Sign-ups per day"] == [("Nov 20", 1, "")]


def test_no_shows_are_drawn_day_by_day_or_week_by_week(head, time_machine):
    now = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
    time_machine.move_to(now, tick=False)
    for days, statuses in ((0, ["no_show"] * 2 + ["completed"]), (8, ["completed"]), (20, ["no_show"])):
        for status in statuses:
            calls.OnboardingCallFactory(starts_at=now - days * 24 * HOUR, status=status, is_current=False)
    daily_metrics.refresh_metrics(timezone.now)

    def drawn(days):
        chart = head.get("/admin/", {"days": days}).context["charts"][-1]
        return chart.title, [(bar.label, bar.number, bar.share, bar.note) for bar in chart.bars]

    title, bars = drawn(7)
    assert (title, len(bars)) == ("No-show rate per day", 7)
    assert bars[-2:] == [("Nov 19", 0, 0, "No calls"), ("Nov 20", 2, 67, "67% of 3 calls")]
    assert drawn(30) == (
        "No-show rate per week",
        [
            ("Oct 22", 0, 0, "No calls"),
            ("Oct 24", 0, 0, "No calls"),
            ("Oct 31", 1, 100, "100% of 1 call"),
            ("Nov 7", 0, 0, "0% of 1 call"),
            ("Nov 14", 2, 67, "67% of 3 calls"),
        ],
    )


def test_counting_again_changes_nothing_but_what_changed(clinic, time_machine):
    now = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
    time_machine.move_to(now, tick=False)
    create_history(now)
    daily_metrics.refresh_metrics(timezone.now)
    kept = sorted(DailyMetric.objects.values_list("day", "metric", "dimension", "value"))
    daily_metrics.refresh_metrics(timezone.now)
    assert sorted(DailyMetric.objects.values_list("day", "metric", "dimension", "value")) == kept
    assert len(kept) > 5


def test_charts_follow_what_was_done_since_the_worker_counted(head, time_machine):
    now = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
    time_machine.move_to(now, tick=False)
    old, older = (leads.LeadFactory(created_at=now - days * 24 * HOUR) for days in (3, 5))
    call = calls.OnboardingCallFactory(lead=old, starts_at=now - 48 * HOUR)
    daily_metrics.refresh_metrics(timezone.now)

    def charts():
        return {chart.title: {bar.label: bar.number for bar in chart.bars} for chart in dashboard.build_charts(7, now)}

    assert (charts()["Conversion funnel"]["Contacted"], charts()["Calls"]["Completed"]) == (0, 0)
    complete_call(call=call, by=ActorKind.SYSTEM, now=now)
    record_contact(older, AuditAction.TRIED, by=ActorKind.SYSTEM, now=now)
    assert (charts()["Conversion funnel"]["Contacted"], charts()["Calls"]["Completed"]) == (2, 1)
    assert charts()["Time to first contact"]["not yet"] == 0
    assert charts()["Sign-ups per day"] == {f"Nov {day}": int(day in (15, 17)) for day in range(14, 21)}


def test_a_retry_is_never_shown_as_overdue_nor_is_somebody_who_may_not_be_called(client, clinic, time_machine):
    """On the desk, in the list, on the lead's page and in the queue; what is late and waits for its hour is said."""
    now = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
    time_machine.move_to(now, tick=False)
    user = users.UserFactory(role=roles.COORDINATOR)
    client.force_login(user)
    late = callbacks.CallbackRequestFactory(
        created_at=now - 9 * HOUR, due_at=now - HOUR, claimed_by=user, claimed_at=now
    )
    pages = ("/admin/", "/admin/signups/lead/", f"/admin/signups/lead/{late.lead_id}/change/", QUEUE)

    def overdue():
        return ["is-overdue" in client.get(page).content.decode().split("<main")[1] for page in pages]

    assert overdue() == [True] * 4
    assert "All callbacks are on time" not in client.get(QUEUE).content.decode()
    asleep = {"time_zone": "Pacific/Honolulu"}
    type(late).objects.update(**asleep)
    Lead.objects.update(**asleep, phone="", phone_e164="", email="a@example.com")
    assert overdue() == [False] * 4
    queue = client.get(QUEUE).content.decode()
    assert ("All callbacks are on time" in queue, "1 callback past due can’t be made now" in queue) == (False, True)
    type(late).objects.update(time_zone="America/New_York")
    Lead.objects.update(time_zone="America/New_York")
    attempt = {"attempted_by": user, "attempted_at": now - 3 * HOUR, "outcome": "no_answer"}
    callbacks.CallAttemptFactory(request=late, **attempt, next_attempt_at=now - HOUR)
    assert overdue() == [False] * 4
    assert "From Fri, Nov 20, 9:00 AM" in client.get(pages[2]).content.decode().replace("\n", "")
    assert "All callbacks are on time" in client.get(QUEUE).content.decode()


def test_a_call_under_way_comes_before_a_callback(client, clinic, time_machine):
    now = dt.datetime(2026, 11, 20, 15, 10, tzinfo=dt.UTC)
    time_machine.move_to(now, tick=False)
    call = calls.OnboardingCallFactory(starts_at=now - HOUR / 6)
    callbacks.CallbackRequestFactory(lead=call.lead)
    client.force_login(users.UserFactory(role=roles.HEAD))
    page = f"/admin/signups/lead/{call.lead_id}/change/"
    assert "Call now: onboarding call" in client.get(page).content.decode()
    complete_call(call=call, by=ActorKind.SYSTEM, now=now)
    assert client.get(page).context["next_action"].key == "callback"


def test_many_sources_are_named_by_their_commonest(clinic):
    now = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
    for number in range(daily_metrics.TOP_SOURCES + 4):
        for _ in range(2 if number < daily_metrics.TOP_SOURCES else 1):
            leads.LeadFactory(created_at=now, first_touch_source=f"source-{number}")
    found = daily_metrics.compute_metrics(now.date(), now.date() + dt.timedelta(days=1), ZoneInfo("UTC"))
    named = {key: number for (_, measure, key), number in found.items() if measure == "signed_up"}
    assert named == {f"source-{number}": 2 for number in range(daily_metrics.TOP_SOURCES)} | {daily_metrics.OTHER: 4}


def test_drawing_is_hidden_from_readers_that_have_the_table(head, time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC), tick=False)
    create_history(timezone.now())
    page = head.get("/admin/").content.decode()
    main = page.split("<main")[1].split("</main")[0]
    assert (main.count("<figcaption"), main.count("<table")) == (6, 6)
    assert re.findall("<svg(?![^>]*aria-hidden)", main) == []
    assert " style=" not in main


@pytest.mark.parametrize("count", [1, 100])
def test_desk_takes_the_same_queries_for_one_of_everything_and_many(head, count, django_assert_max_num_queries):
    now = timezone.now()
    for _ in range(count):
        leads.LeadFactory(created_at=now)
        leads.LeadFactory(created_at=now - 48 * HOUR)
    daily_metrics.refresh_metrics(timezone.now)
    with timezone.override(ClinicProfile.objects.get().time_zone):  # the desk's: its day may be another one
        state_changes.changed_pages()  # kept by the process until the content or the day changes
    with django_assert_max_num_queries(51 if connection.vendor == "sqlite" else 57):
        assert head.get("/admin/").status_code == 200


def test_periods_are_offered(head):
    assert [f"?days={days}#figures" in head.get("/admin/").content.decode() for days in dashboard.PERIODS] == [True] * 3


def test_everything_is_grouped_and_named_as_its_page(head, client):
    pages = {page: name for pages in head.get("/admin/").context["navigation"].values() for name, page in pages}
    for page, name in pages.items():
        assert f"<h1>{name}</h1>" in client.get(page).content.decode() or name in ("Callbacks", "Calendar"), page
    assert {"Callbacks", "Calendar", "Duplicates", "Import leads", "Roles"} <= set(pages.values())


def test_no_page_is_listed_that_the_reader_may_not_open(client, clinic):
    for role in roles.ROLES:
        client.force_login(users.UserFactory(role=role))
        pages = [page for pages in client.get("/admin/").context["navigation"].values() for _, page in pages]
        assert {client.get(page).status_code for page in pages} == {200}, role


def test_upright_bars_say_what_the_highest_stands_for(head):
    now = timezone.now()
    leads.LeadFactory.create_batch(3, created_at=now)
    tops = [chart.top for chart in head.get("/admin/").context["charts"] if chart.upright]
    assert tops == ["3", "100%"]


def test_rows_known_to_be_none_are_counted(db):
    """Django asks the database nothing then, and PostgreSQL's plan is empty: the desk opens all the same."""
    assert count_rows(Lead.objects.filter(pk__in=[])).number == 0


def test_my_day_is_asked_again_for_little_and_told_only_what_changed(client, clinic, time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC), tick=False)
    user = users.UserFactory(role=roles.COORDINATOR)
    client.force_login(user)
    lead = leads.LeadFactory(name="Jo Miller", owner=user)

    def ask(tag=""):
        return client.get("/admin/my-day/", headers={"if-none-match": tag} if tag else {})

    def logged():
        return AuditEvent.objects.filter(action=AuditAction.LISTED, target="in_hand").count()

    first = ask()
    assert (first.status_code, "Nothing due today." in first.content.decode()) == (200, True)
    again = ask(first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    callbacks.CallbackRequestFactory(lead=lead, claimed_by=user, claimed_at=timezone.now())
    CallbackRequest.objects.update(due_at=timezone.now() + HOUR / 6)
    changed = ask(first["ETag"])
    assert (changed.status_code, "Jo Miller" in changed.content.decode()) == (200, True)
    assert changed.content.decode().strip() in client.get("/admin/").content.decode()
    seen = logged()
    assert (ask(changed["ETag"]).status_code, logged()) == (304, seen)
    time_machine.shift(HOUR / 3)  # (now it is late: the row is another)
    assert ask(changed["ETag"]).status_code == 200
    lead.do_not_call_at = timezone.now()
    lead.save()
    late = ask()
    assert ask(late["ETag"]).status_code == 304
    assert logged() > seen
    assert client.post("/admin/my-day/").status_code == 405
    answers = []
    for _ in range(4):  # (what a script asks keeps nobody signed in)
        time_machine.shift(HOUR / 6)
        answers.append(ask(late["ETag"]).status_code)
    assert answers == [304, 302, 302, 302]


def test_trials_ending_count_open_leads_alone_and_only_until_they_were_asked(head, time_machine):
    now = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
    time_machine.move_to(now, tick=False)
    start = {"requested_at": now - 6 * 24 * HOUR, "started_at": now - 6 * 24 * HOUR}
    asked, _, shut = (trials.TrialFactory(lead__status="contacted", **start).lead for _ in range(3))

    def counted():
        tiles = {tile.label: tile.count.number for tile in dashboard.counters(users.UserFactory(role=roles.HEAD), now)}
        listed = head.get("/admin/signups/lead/?view=ending").context["cl"].rows
        assert tiles["Trials ending within 48 hours"] == len(listed)
        return len(listed)

    assert counted() == 3
    record_contact(asked, AuditAction.TRIED, by=ActorKind.SYSTEM, now=now)
    Lead.objects.filter(pk=shut.pk).update(status="closed", close_reason="Moved away")
    assert counted() == 1
