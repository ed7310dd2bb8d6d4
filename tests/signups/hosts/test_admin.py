"""The page on which a host's week is kept, and the clinic's holidays."""

import datetime as dt
import re

import pytest
from django.urls import reverse

from clinic import roles
from signups.audit.models import AuditEvent
from signups.hosts import links as host_links
from signups.hosts.models import AvailabilityRule, DateOverride, Holiday, TimeOff
from tests.factories.calls import OnboardingCallFactory
from tests.factories.hosts import AvailabilityRuleFactory, HolidayFactory, HostFactory, TimeOffFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 11, 24, 15, 0, tzinfo=dt.UTC)  # the Wednesday before Thanksgiving


@pytest.fixture
def host(clinic, time_machine):
    time_machine.move_to(NOW, tick=False)
    host = HostFactory(user__first_name="Sam", user__last_name="Reed", user__role=roles.COORDINATOR)
    for start, end in ((540, 720), (780, 1020)):
        AvailabilityRuleFactory(host=host, weekday=2, start=start, end=end)
    return host


@pytest.fixture
def head(client, host):
    user = UserFactory(role=roles.HEAD)
    client.force_login(user)
    return user


def page(host):
    return reverse("admin:signups_host_change", args=[host.pk])


def typed(host, **changed):
    """The form as the page shows it, with what is changed."""
    inlines = {}
    for prefix in ("overrides", "time_off"):
        inlines |= {f"{prefix}-{name}": 0 for name in ("INITIAL_FORMS", "MIN_NUM_FORMS")}
        inlines[f"{prefix}-TOTAL_FORMS"] = 1
    days = dict.fromkeys(("monday", "tuesday", "thursday", "friday", "saturday", "sunday"), "")
    return {
        "time_zone": host.time_zone,
        "active": "on",
        "weight": 1,
        "wednesday": "09:00–12:00, 13:00–17:00",
        **days,
        **inlines,
        **changed,
    }


def week(client, host):
    """What the page says of the next seven days."""
    text = client.get(page(host)).content.decode()
    return re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td>', text)


def test_the_page_shows_the_week_that_results(client, host, head):
    HolidayFactory(date=dt.date(2027, 11, 25), name="Thanksgiving Day")
    AvailabilityRuleFactory(host=host, weekday=3, start=540, end=600)
    AvailabilityRuleFactory(host=host, weekday=4, start=540, end=720)
    DateOverride.objects.create(host=host, date=dt.date(2027, 11, 27), windows=[[600, 660]])
    noon = dt.datetime(2027, 11, 26, 15, 0, tzinfo=dt.UTC)
    TimeOffFactory(host=host, starts_at=noon, ends_at=noon + dt.timedelta(hours=1))
    assert week(client, host) == [
        ("Wednesday, November 24", "09:00–12:00, 13:00–17:00", ""),
        ("Thursday, November 25", "closed", "Thanksgiving Day"),
        ("Friday, November 26", "09:00–10:00, 11:00–12:00", "time off"),
        ("Saturday, November 27", "10:00–11:00", "other hours"),
        ("Sunday, November 28", "closed", ""),
        ("Monday, November 29", "closed", ""),
        ("Tuesday, November 30", "closed", ""),
    ]


def test_hours_are_typed_as_people_write_them(client, host, head):
    data = typed(
        host,
        monday="9:00-12:00; 22:00 – 02:00",
        wednesday="",
        **{"overrides-0-date": "2027-12-24", "overrides-0-windows": ""},
        **{
            "time_off-0-starts_at": "2027-12-01T00:00",
            "time_off-0-ends_at": "2027-12-02T00:00",
        },
    )
    response = client.post(page(host), data)
    assert response.status_code == 302, response.context["errors"]
    assert list(AvailabilityRule.objects.values_list("weekday", "start", "end")) == [(0, 540, 720), (0, 1320, 120)]
    assert list(DateOverride.objects.values_list("date", "windows")) == [(dt.date(2027, 12, 24), [])]
    assert TimeOff.objects.get().starts_at == dt.datetime(2027, 12, 1, 5, 0, tzinfo=dt.UTC)  # midnight in the clinic
    assert str(TimeOff.objects.get()).startswith("Wed, Dec 1, 12:00 AM Eastern Time to ")
    assert AuditEvent.objects.filter(action="hours_changed", target=f"host:{host.pk}", actor=head).count() == 1


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ("9 to 5", "“9 to 5” needs a start and an end, such as 9:00–17:00."),
        ("09:00", "“09:00” needs a start and an end, such as 9:00–17:00."),
        ("09:00–25:00", "“25:00” is later than 24:00."),
        ("09:61–10:00", "“09:61” isn’t a valid time. Use 9:30 or 09:30."),
        ("09:00–09:00", "“09:00–09:00”: start and end are the same."),
        ("09:00–12:00, 11:00–13:00", "09:00–12:00 overlaps what starts at 11:00."),
        ("22:00–02:00, 23:00–23:30", "22:00–02:00 overlaps what starts at 23:00."),
    ],
)
def test_impossible_hours_are_refused_in_words(client, host, head, hours, words):
    response = client.post(page(host), typed(host, monday=hours))
    assert words in response.content.decode()
    assert not AvailabilityRule.objects.filter(weekday=0).exists()


def test_time_off_that_ends_before_it_starts_is_refused_in_words(client, host, head):
    data = {
        "time_off-0-starts_at": "2027-12-02T00:00",
        "time_off-0-ends_at": "2027-12-01T00:00",
    }
    response = client.post(page(host), typed(host, **data))
    assert "Time off ends after it starts." in response.content.decode()
    assert not TimeOff.objects.exists()


def test_a_host_keeps_their_own_hours_and_nobody_elses(client, host):
    other = HostFactory()
    client.force_login(host.user)
    assert client.get(page(host)).status_code == 200
    text = client.get(page(other)).content.decode()
    assert ("Thursday, November 25" in text, host_links.feed_url(other) in text) == (True, False)
    assert client.post(page(other), typed(other)).status_code == 403
    assert client.post(page(host), typed(host, monday="09:00–10:00", weight=9)).status_code == 302
    host.refresh_from_db()
    assert (host.rules.filter(weekday=0).count(), host.weight) == (1, 1)
    assert client.post(reverse("admin:signups_host_renew_feed", args=[other.pk])).status_code == 403


def test_others_read_without_the_calendars_address(client, host):
    client.force_login(UserFactory(role=roles.AUDITOR))
    text = client.get(page(host)).content.decode()
    assert ("Thursday, November 25" in text, host_links.feed_url(host) in text) == (True, False)
    assert client.post(page(host), typed(host)).status_code == 403
    client.force_login(UserFactory(role=roles.EDITOR))
    assert client.get(page(host)).status_code in (302, 403)


def test_a_new_address_for_the_calendar(client, host, head):
    old = host_links.feed_url(host)
    assert old in client.get(page(host)).content.decode()
    assert client.post(reverse("admin:signups_host_renew_feed", args=[host.pk])).status_code == 303
    text = client.get(page(host)).content.decode()
    host.refresh_from_db()
    assert (old in text, host_links.feed_url(host) in text) == (False, True)


def test_a_host_is_added_with_their_week(client, host, head):
    user = UserFactory()
    assert client.get(reverse("admin:signups_host_add")).status_code == 200
    response = client.post(reverse("admin:signups_host_add"), typed(host, user=user.pk))
    assert response.status_code == 302, response.context["errors"]
    assert user.host.rules.count() == 2


def test_federal_holidays_are_added_once(client, host, head):
    url = reverse("admin:signups_holiday_federal", args=[2027])
    assert (
        "Add US federal holidays for 2028" in client.get(reverse("admin:signups_holiday_changelist")).content.decode()
    )
    client.post(url)
    count = Holiday.objects.count()
    assert Holiday.objects.get(date=dt.date(2027, 11, 25)).name == "Thanksgiving Day"
    client.post(url)
    assert Holiday.objects.count() == count
    client.force_login(host.user)
    assert client.post(url).status_code == 403


WEDNESDAY = dt.datetime(2027, 12, 1, 15, 0, tzinfo=dt.UTC)  # 10 a.m. in New York, in the host's hours


def warnings(response):
    return [message.message for message in response.context["messages"] if message.level_tag == "warning"]


def test_time_off_over_a_booked_call_names_it_and_leads_to_it(client, host, head):
    call = OnboardingCallFactory(host=host, starts_at=WEDNESDAY, lead__name="Vera van Visitor")
    OnboardingCallFactory(host=host, starts_at=WEDNESDAY + dt.timedelta(hours=4))
    OnboardingCallFactory(host=host, starts_at=WEDNESDAY + dt.timedelta(hours=1), status="cancelled")
    assert warnings(client.post(page(host), typed(host), follow=True)) == []
    off = {"time_off-0-starts_at": "2027-12-01T09:00", "time_off-0-ends_at": "2027-12-01T12:00"}
    (said,) = warnings(client.post(page(host), typed(host, **off), follow=True))
    address = reverse("admin:signups_onboardingcall_call", args=[call.public_id])
    assert f'<a href="{address}">V. V. with Sam Reed, Wed, Dec 1, 10:00 AM</a>. Open a call to reschedule it.' in said
    assert said.count("<a ") == 1
    call.refresh_from_db()
    assert (TimeOff.objects.count(), call.status) == (1, "booked")


def test_hours_that_leave_a_booked_call_out_are_told_too(client, host, head):
    OnboardingCallFactory(host=host, starts_at=WEDNESDAY)
    (said,) = warnings(client.post(page(host), typed(host, wednesday="13:00–17:00"), follow=True))
    assert "10:00 AM" in said


def test_holiday_over_booked_calls_names_them_whoever_hosts_them(client, host, head):
    other = HostFactory(user__username="kim")
    AvailabilityRuleFactory(host=other, weekday=2, start=540, end=720)
    for taker in (host, other):
        OnboardingCallFactory(host=taker, starts_at=WEDNESDAY)
        OnboardingCallFactory(host=taker, starts_at=WEDNESDAY + dt.timedelta(days=7))
    add = reverse("admin:signups_holiday_add")
    (said,) = warnings(client.post(add, {"date": "2027-12-01", "name": "A day off"}, follow=True))
    assert [said.count(f"with {name}, Wed, Dec 1") for name in ("Sam Reed", "kim")] == [1, 1]
    assert said.count("<a ") == 2
    assert warnings(client.post(add, {"date": "2027-12-02", "name": "Another"}, follow=True)) == []


def test_federal_holidays_over_booked_calls_name_them(client, host, head):
    AvailabilityRuleFactory(host=host, weekday=3, start=540, end=720)
    thanksgiving = dt.datetime(2027, 11, 25, 15, 0, tzinfo=dt.UTC)
    OnboardingCallFactory(host=host, starts_at=thanksgiving)
    response = client.post(reverse("admin:signups_holiday_federal", args=[2027]), follow=True)
    (said,) = warnings(response)
    assert "Thu, Nov 25" in said


@pytest.mark.parametrize("count", [1, 100])
def test_a_holiday_over_many_calls_asks_no_more_than_over_one(client, host, head, count, django_assert_max_num_queries):
    for number in range(count):
        step = dt.timedelta(minutes=5 * number)
        OnboardingCallFactory(host=host, starts_at=WEDNESDAY + step, ends_at=WEDNESDAY + step + dt.timedelta(minutes=5))
    with django_assert_max_num_queries(24):
        response = client.post(reverse("admin:signups_holiday_add"), {"date": "2027-12-01", "name": "A day off"})
    assert response.status_code == 302
    said = client.get(reverse("admin:index"))
    (words,) = warnings(said)
    assert words.count("<a ") == min(count, 20)
    assert (" and 80 more" in words) == (count == 100)


def test_list_shows_who_got_how_many_calls_by_weight(clinic, client):
    """What the rotation counts: calls of the last two weeks and those to come, less the cancelled."""
    client.force_login(UserFactory(role=roles.HEAD))
    one, two = HostFactory(weight=1), HostFactory(weight=2)
    now = dt.datetime.now(dt.UTC)
    for number in range(3):
        OnboardingCallFactory(host=two, starts_at=now + dt.timedelta(days=number + 1))
    OnboardingCallFactory(host=one, starts_at=now - dt.timedelta(days=13), status="completed")
    OnboardingCallFactory(host=one, starts_at=now - dt.timedelta(days=15), status="completed")
    OnboardingCallFactory(host=one, starts_at=now + dt.timedelta(days=1), status="cancelled")
    page = client.get("/admin/signups/host/").content.decode()
    cells = re.findall(r'field-recent_calls">(\d+)<.*?field-calls_per_weight">([\d.]+)<', page)
    assert cells == [("1", "1.0"), ("3", "1.5")]
