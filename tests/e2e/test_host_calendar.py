"""A host connects a calendar of their own, blocks an hour there and sees it gone here, and the booked call there."""

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import caldav
import pytest
from playwright.sync_api import Page, expect

from tests.services import WAIT_TIMEOUT
from tests.signups.calendars import radicale_server

from .conftest import Site, look, wait_like_a_person

pytestmark = pytest.mark.desk

PASSWORD = "a long password for a walk"
NEW_YORK = ZoneInfo("America/New_York")
# A host who takes calls on one day, from five to six in the morning, when nobody else does.
PREPARE = f"""
import datetime as dt
from tests import factories
user = factories.UserFactory(username="cal-host", first_name="Hana", password="{PASSWORD}", role="Care coordinator")
host = factories.HostFactory(user=user, time_zone="America/New_York")
factories.DateOverrideFactory(host=host, date=dt.date.fromisoformat("DATE"), windows=[[300, 360]])
print("HOST", host.pk)
"""
BOOK = """
import datetime as dt
from django.utils import timezone
from signups.audit.choices import ActorKind
from signups.calls.actions import book_call
from signups.models import Host
from tests import factories
lead, host = factories.LeadFactory(name="Wilma Walker", email="wilma@walk.example"), Host.objects.get(pk=HOST)
book_call(lead=lead, start=dt.datetime.fromisoformat("START"), host=host, by=ActorKind.PATIENT, now=timezone.now())
"""
DUE_NOW = """
from django.utils import timezone
from signups.models import CalendarConnection
CalendarConnection.objects.update(next_check_at=timezone.now())
"""
PUT_BACK = """
from signups.models import CalendarConnection, Host
CalendarConnection.objects.filter(host=HOST).delete()
Host.objects.filter(pk=HOST).update(active=False)
"""


def until(ready: Callable[[], bool]) -> None:
    """Wait for the worker, which reads the calendar within seconds."""
    deadline = time.monotonic() + WAIT_TIMEOUT
    while not ready():
        assert time.monotonic() < deadline


def entry(start: dt.datetime) -> str:
    times = [f"DTSTART:{start:%Y%m%dT%H%M%SZ}", f"DTEND:{start + dt.timedelta(minutes=30):%Y%m%dT%H%M%SZ}"]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", "BEGIN:VEVENT", "UID:dentist", "SUMMARY:Dentist"]
    return "\r\n".join([*lines, "DTSTAMP:20260101T000000Z", *times, "END:VEVENT", "END:VCALENDAR", ""])


def test_hour_blocked_in_the_hosts_calendar_is_gone_on_the_desk(page: Page, site: Site, tmp_path: Path) -> None:
    date = dt.datetime.now(NEW_YORK).date() + dt.timedelta(days=5)
    start = dt.datetime.combine(date, dt.time(5), NEW_YORK).astimezone(dt.UTC)
    host = site.shell(PREPARE.replace("DATE", date.isoformat())).rpartition("HOST ")[2].strip()
    day = f"/admin/signups/onboardingcall/?day={date}&span=day&who=mine"

    def is_free(label: str) -> bool:
        page.goto(day)
        return page.get_by_text(f"{label} available", exact=True).count() == 1

    with radicale_server.running(tmp_path) as server:
        client = caldav.DAVClient(server, **radicale_server.ACCOUNT, enable_rfc6764=False)
        theirs = client.principal().make_calendar(name="Hana")
        try:
            page.goto("/admin/login/")
            page.get_by_label("Username").fill("cal-host")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Log in").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Today")
            assert is_free("5:00 AM")
            assert is_free("5:30 AM")

            page.goto(f"/admin/signups/host/{host}/calendars/")
            look(page)
            page.get_by_label("Server address").fill(str(theirs.url))
            page.get_by_label("User name").fill(radicale_server.ACCOUNT["username"])
            page.get_by_label("App password").fill(radicale_server.ACCOUNT["password"])
            wait_like_a_person(page)
            page.get_by_role("button", name="Connect account").click()
            expect(page.get_by_text("0 busy times ahead.")).to_be_visible()
            look(page)

            theirs.add_event(entry(start))
            site.shell(BOOK.replace("HOST", host).replace("START", (start + dt.timedelta(minutes=30)).isoformat()))
            site.shell(DUE_NOW)
            until(lambda: not is_free("5:00 AM"))
            expect(page.get_by_text("Dentist")).to_have_count(0)
            until(lambda: len(theirs.events()) == 2)
            titles = {str(one.icalendar_component["SUMMARY"]) for one in theirs.events()}
            assert titles == {"Dentist", "Onboarding call with W. W."}

            page.goto(f"/admin/signups/host/{host}/calendars/")
            page.get_by_role("button", name="Disconnect").click()
            expect(page.get_by_text("No calendar is connected.")).to_be_visible()
            assert [str(one.icalendar_component["SUMMARY"]) for one in theirs.events()] == ["Dentist"]
            assert is_free("5:00 AM")
        finally:
            site.shell(PUT_BACK.replace("HOST", host))
