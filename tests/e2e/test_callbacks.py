"""A wish to be called, from the visitor's phone to the coordinator's desk, and a call rescheduled in the calendar."""

import datetime as dt
import json
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from .conftest import Site, look, look_wide_too, press

pytestmark = pytest.mark.desk

PASSWORD = "a long password for a walk"
QUEUE = "/admin/signups/callbackrequest/"
CALENDAR = "/admin/signups/onboardingcall/"
ROUND_THE_WORLD = (
    "America/New_York",
    "Pacific/Honolulu",
    "Pacific/Auckland",
    "Asia/Tokyo",
    "Asia/Dubai",
    "Europe/London",
)

PREPARE = f"""
from django.contrib.auth.models import Group, User
from content.models import ClinicProfile
from signups.models import AvailabilityRule, Host
cora = User.objects.create_user("cora", password="{PASSWORD}", is_staff=True, first_name="Cora", last_name="Dean")
cora.groups.add(Group.objects.get(name="Care coordinator"))
host = Host.objects.create(user=cora, time_zone="America/New_York")
AvailabilityRule.objects.bulk_create(AvailabilityRule(host=host, weekday=day, start=0, end=1440) for day in range(7))
profile = ClinicProfile.current()
print(__import__("json").dumps(profile.opening_hours))
profile.opening_hours = [dict(weekday=day, start="00:00", end="24:00") for day in range(7)]
profile.save()
"""
PUT_BACK = """
from content.models import ClinicProfile
from signups.models import Host
Host.objects.filter(user__username="cora").update(active=False)
profile = ClinicProfile.current()
profile.opening_hours = {hours!r}
profile.save()
"""
LET_IT_FALL_DUE = """
import datetime as dt
from django.utils import timezone
from signups.models import CallbackRequest
CallbackRequest.objects.filter(lead__name="Vera Visitor").update(due_at=timezone.now() - dt.timedelta(hours=1))
"""
BOOK_TWO = """
import datetime as dt
from zoneinfo import ZoneInfo
from django.utils import timezone
from signups.calls.actions import available_slots_for, book_call
from signups.models import Host, Lead
now = timezone.now()
host = Host.objects.get(user__username="cora")
for name in ("Kay Board", "Other Person"):
    lead = Lead.objects.create(name=name, phone_e164="+12125550123", time_zone="America/New_York", created_at=now)
    free = available_slots_for(now=now, begin=now, end=now + dt.timedelta(days=3))
    free = [slot for slot in free if host.pk in slot.host_ids]
    call = book_call(lead=lead, start=free[4].start, host=host, by=host.user, now=now)
    print(call.public_id, call.starts_at.astimezone(ZoneInfo(lead.time_zone)).isoformat())
"""


@pytest.fixture(scope="module")
def cora(site: Site) -> Iterator[None]:
    """A coordinator who takes calls, and a clinic that is open at whatever hour the tests run."""
    hours = json.loads(site.shell(PREPARE).splitlines()[-1])
    yield
    site.shell(PUT_BACK.format(hours=hours))


def sign_in(page: Page, name: str = "cora", password: str = PASSWORD) -> None:
    page.goto("/admin/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_load_state()


def look_small_and_wide(page: Page) -> None:
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        look(page)


def daytime_zone() -> str:
    """Where a person may be called just now."""
    now = dt.datetime.now(dt.UTC)
    return next(zone for zone in ROUND_THE_WORLD if 9 <= now.astimezone(ZoneInfo(zone)).hour < 19)


def test_from_a_wish_to_be_called_to_the_next_try(page: Page, site: Site, cora: None) -> None:
    page.goto("/")
    page.get_by_role("link", name="Request a call", exact=True).click()
    look(page)
    page.get_by_label("Your name").fill("Vera Visitor")
    page.get_by_label("Phone number").fill("(833) 555-0177")  # of no zone, so that no other hour counts
    zone, zones = daytime_zone(), page.get_by_label("Your time zone")
    is_listed = zones.locator(f'option[value="{zone}"]').count() > 0
    zones.select_option(**({"value": zone} if is_listed else {"label": "Another time zone"}))
    page.get_by_label("What it costs").check()
    press(page, "Request a call")
    if not is_listed:
        page.get_by_label("Your time zone").select_option(zone)
    expect(page.locator("#errors")).to_contain_text("Check the box to let us call you.")
    look(page)
    page.get_by_label("Yes, call me about this request").check()
    press(page, "Request a call")
    expect(page.get_by_role("heading", level=1)).to_have_text("We’ll call you")
    expect(page.get_by_role("main")).to_contain_text("We’ll call you by")
    look(page)

    site.shell(LET_IT_FALL_DUE)
    sign_in(page)
    page.goto(QUEUE)
    expect(page.get_by_role("main")).to_contain_text("⚠ Overdue since")
    look_small_and_wide(page)
    page.get_by_role("button", name="Claim the callback for Vera Visitor").click()
    expect(page.get_by_role("link", name="Call (833) 555-0177")).to_have_attribute("href", "tel:+18335550177")
    expect(page.get_by_role("region", name="Voicemail script")).to_contain_text("this is Cora from Joyous")
    look_small_and_wide(page)
    page.get_by_role("button", name="No answer").click()
    expect(page.get_by_role("main")).to_contain_text("Outcome logged: no answer.")
    row = page.get_by_role("listitem").filter(has_text="Vera Visitor")
    expect(row).to_contain_text("Attempt 2 of 3")
    expect(row).not_to_contain_text("Overdue")
    look(page)


def test_pages_of_hosts_and_holidays_and_the_first_steps_are_accessible(page: Page, site: Site, cora: None) -> None:
    sign_in(page, "head", site.password)
    expect(page.get_by_role("region", name="Finish setting up your clinic")).to_be_visible()
    look_wide_too(page)
    for path in ("/admin/signups/holiday/", "/admin/signups/host/"):
        page.goto(path)
        look_wide_too(page)
    page.get_by_role("link", name="Cora Dean").click()
    expect(page.get_by_role("button", name="Reset link")).to_be_visible()
    look_wide_too(page)


def test_a_call_is_moved_by_keys_and_by_dropping_but_never_onto_another(page: Page, site: Site, cora: None) -> None:
    (kay, _), (_, others_time) = (line.split() for line in site.shell(BOOK_TWO).splitlines()[-2:])
    sign_in(page)
    page.goto(CALENDAR)
    look_small_and_wide(page)
    page.goto(f"{CALENDAR}?span=day&day={others_time[:10]}")
    look_small_and_wide(page)

    # By keys alone.
    page.goto(f"{CALENDAR}{kay}/")
    look_small_and_wide(page)
    page.get_by_label("Available times").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Reschedule").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("Call rescheduled.")

    # Onto another call: refused, whatever the reason.
    page.get_by_label("New time").fill(others_time[:16])
    page.locator("form", has=page.get_by_label("New time")).get_by_role("combobox").select_option("urgent")
    page.get_by_role("button", name="Reschedule").last.click()
    expect(page.get_by_role("alert")).to_contain_text("That time is already booked")
    look(page)

    # By dropping it on a free time.
    page.goto(f"{CALENDAR}?span=day&day={others_time[:10]}")
    call = page.locator(f'[data-move="{CALENDAR}{kay}/move/"]')
    if not call.count():  # moved over midnight
        page.goto(CALENDAR)
    column = page.locator("section.column", has=call)  # the host's own: only the Head gives a call to another
    free = column.locator("[data-start]:not(:has(.appointment))").first
    wanted = free.get_attribute("data-start")
    call.drag_to(free)
    expect(page.get_by_role("heading", name="Reschedule the call with Kay Board?")).to_be_visible()
    look_small_and_wide(page)
    page.get_by_role("button", name="Reschedule").click()
    expect(page.get_by_role("main")).to_contain_text("Call rescheduled.")
    expect(page.get_by_label("New time")).to_have_value(str(wanted)[:16])
