"""The free call, booked from the other side of the world, with its e-mails as a real mail server got them."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import vobject
from playwright.sync_api import Page, expect

from tests import processes
from tests.services import WAIT_TIMEOUT

from .conftest import Site, link_in, look, press, wait_like_a_person

pytestmark = pytest.mark.desk

NEW_YORK, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
# A host in New York on Mondays from nine to half past, bookable far enough ahead to reach the next change of clocks.
SETUP = """
import sys
from django.contrib.auth.models import User
from django.utils import timezone
from content.models import ClinicProfile
from signups.leads import links
from signups.models import AvailabilityRule, Host, Lead, Trial

profile = ClinicProfile.current()
profile.call_horizon_days = 300
profile.save()
user, _ = User.objects.get_or_create(username="sam", defaults={"first_name": "Sam", "last_name": "Reed"})
host, _ = Host.objects.get_or_create(user=user, defaults={"time_zone": "America/New_York"})
AvailabilityRule.objects.get_or_create(host=host, weekday=0, start=540, end=570)
now = timezone.now()
lead = Lead.objects.create(
    name="Yuki Mori", email="ADDRESS", email_key="ADDRESS", phone="212 555 0123", phone_e164="+12125550123",
    time_zone="Asia/Tokyo", created_at=now,
)
Trial.objects.create(lead=lead, days=7, guarantee_days=30, terms_version="1", requested_at=now, started_at=now)
print("LINK", links.portal_url(lead))
"""


def my_page(site: Site, address: str) -> str:
    """The private page of a new patient in Tokyo."""
    shell = processes.manage("shell", "-c", SETUP.replace("ADDRESS", address), SITE_URL=site.url, **site.environment)
    said, _ = shell.communicate(timeout=WAIT_TIMEOUT)
    assert shell.returncode == 0, said
    return str(said.rpartition("LINK ")[2].strip())


def around_the_next_change() -> tuple[dt.datetime, dt.datetime]:
    """Nine in New York on the Mondays before and after its clocks change, both more than a week ahead."""
    nine = dt.datetime.combine(dt.datetime.now(NEW_YORK).date() + dt.timedelta(days=8), dt.time(9), NEW_YORK)
    nine += dt.timedelta(days=-nine.weekday() % 7)
    while (later := nine + dt.timedelta(days=7)).utcoffset() == nine.utcoffset():
        nine = later
    return nine, later


def choose(page: Page, start: dt.datetime) -> None:
    """Ticks `start` on the page of days that has it, found by its date and time in Tokyo."""
    local = start.astimezone(TOKYO)
    day = page.locator("details", has=page.locator("summary", has_text=f"{local:%A, %B} {local.day} "))
    while not day.count():
        page.get_by_role("link", name="Later days").click()
        page.wait_for_load_state()
    if day.get_attribute("open") is None:
        day.locator("summary").click()
    day.get_by_label(f"{local.hour % 12 or 12}:{local:%M %p}", exact=True).check()


def said(start: dt.datetime) -> str:
    local = start.astimezone(TOKYO)
    return f"{local:%A, %B} {local.day}, {local.year}, {local.hour % 12 or 12}:{local:%M %p} Tokyo time"


def invitation(message: object) -> tuple[str, dt.datetime, int, str]:
    """What the calendar in an e-mail asks for: its method, the start, the sequence and the identity."""
    (part,) = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    calendar = vobject.readOne(part.get_content())
    assert part.get_param("method") == calendar.method.value
    event = calendar.vevent
    return calendar.method.value, event.dtstart.value, int(event.sequence.value), event.uid.value


def test_from_tokyo_to_new_york_across_a_change_of_clocks(page: Page, site: Site) -> None:
    address = "yuki.mori@example.com"
    before, after = around_the_next_change()
    assert before.astimezone(TOKYO).hour != after.astimezone(TOKYO).hour

    page.goto(my_page(site, address))
    page.get_by_role("link", name="Book a call").click()
    look(page)
    expect(page.get_by_text("Tokyo time")).to_be_visible()
    choose(page, before)
    press(page, "Book this call")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your call is booked")
    expect(page.get_by_text(said(before))).to_be_visible()
    look(page)

    message = site.mail.next_to(address)
    local = before.astimezone(TOKYO)
    when = f"{local:%a}, {local:%b} {local.day}, {local.hour % 12 or 12}:{local:%M %p} Tokyo time"
    assert message["Subject"] == f"Your free call is booked: {when}"
    assert said(before) in message.get_body(["plain"]).get_content()
    method, start, sequence, uid = invitation(message)
    assert (method, start, sequence) == ("REQUEST", before, 0)

    page.goto(link_in(message, "/my/"))
    page.get_by_role("link", name="Reschedule").click()
    look(page)
    choose(page, after)
    press(page, "Reschedule")
    expect(page.get_by_text(said(after))).to_be_visible()
    message = site.mail.next_to(address)
    assert invitation(message) == ("REQUEST", after, 1, uid)

    page.goto(link_in(message, "/my/"))
    page.get_by_role("link", name="Cancel call").click()
    look(page)
    page.get_by_role("button", name="Yes, cancel this call").click()
    expect(page.get_by_role("link", name="Book a call")).to_be_visible()
    assert invitation(site.mail.next_to(address)) == ("CANCEL", after, 2, uid)


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_by_keyboard_alone_without_scripts(page: Page, site: Site) -> None:
    address = "keys.and.calls@example.com"
    page.goto(my_page(site, address) + "call/")
    for key in ("Tab", "Enter", "Tab"):  # past the header
        page.keyboard.press(key)
    change_zone, first_day, *later_days = page.locator("summary").all()
    expect(change_zone).to_be_focused()
    page.keyboard.press("Tab")
    expect(first_day).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio").first).to_be_focused()
    page.keyboard.press("Space")
    for control in (*later_days, page.get_by_label("Remind me a day and an hour before")):
        page.keyboard.press("Tab")
        expect(control).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Book this call")).to_be_focused()
    wait_like_a_person(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your call is booked")
    assert invitation(site.mail.next_to(address))[0] == "REQUEST"

    page.get_by_role("main").focus()
    for _ in range(2):  # past the link to move it
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Cancel call")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancel your call?")
    page.get_by_role("main").focus()
    for _ in range(2):  # past the link to move it
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Yes, cancel this call")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Book a call")).to_be_visible()
    assert invitation(site.mail.next_to(address))[0] == "CANCEL"
