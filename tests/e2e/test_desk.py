"""A morning at the desk: a coordinator's, with keys where there are keys, and the Head's."""

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Site, look, new_page
from .test_layout import TOO_SMALL

pytestmark = pytest.mark.desk

PASSWORD = "a long password for a walk"
LEADS = "/admin/signups/lead/"
ZONES = ("America/New_York", "Pacific/Honolulu", "Pacific/Auckland", "Asia/Tokyo", "Asia/Dubai", "Europe/London")
# (Numbers of no zone, so that no other hour counts than that of the zone.)
# Somebody overdue, somebody new, somebody who wants their money back; and nobody else to whom the worker gives leads.
PREPARE = f"""
import datetime as dt
from django.contrib.auth.models import User
from django.utils import timezone
from tests import factories
User.objects.filter(groups__name="Care coordinator").update(is_active=False)
rita = factories.UserFactory(username="rita", password="{PASSWORD}", role="Care coordinator")
factories.UserFactory(username="hedy", password="{PASSWORD}", role="Head of Customer Care")
host = factories.HostFactory(user=rita)
for weekday in range(7):
    factories.AvailabilityRuleFactory(host=host, weekday=weekday, start=0, end=1440)
now = timezone.now()
hour = dt.timedelta(hours=1)
for name in ("Olga Overdue", "Una Untaken"):
    late = factories.LeadFactory(name=name, phone_e164="+18335550123", time_zone="{{zone}}", owner=rita)
    factories.CallbackRequestFactory(lead=late, phone_e164="+18335550123", created_at=now - 9 * hour, due_at=now - hour)
started = dict(requested_at=now - hour, started_at=now - hour)
factories.TrialFactory(lead__name="Nora New", lead__email="nora@walk.example", **started)
refund = dict(converted_at=now - hour, refund_requested_at=now - hour)
paid = dict(name="Rob Refund", email="rob@walk.example", status="converted", owner=rita)
factories.TrialFactory(lead=factories.LeadFactory(**paid), **started, **refund)
hedy = User.objects.get(username="hedy")
carl = dict(name="Carl Colleague", email="carl@walk.example", phone_e164="+18335550126")
theirs = factories.LeadFactory(**carl, time_zone="{{zone}}", owner=hedy)
factories.TrialFactory(lead=theirs, **started)
factories.CallbackRequestFactory(lead=theirs, phone_e164="+18335550126", created_at=now - hour)
missed = factories.LeadFactory(name="Nick Noshow", phone_e164="+18335550124", time_zone="{{zone}}", owner=rita)
factories.OnboardingCallFactory(lead=missed, host=host, starts_at=now - hour, created_at=now - 9 * hour)
soon = factories.LeadFactory(name="Mona Moved", phone_e164="+18335550125", time_zone="{{zone}}", owner=rita)
factories.OnboardingCallFactory(lead=soon, host=host, starts_at=now + 99 * hour, created_at=now)
paying = factories.LeadFactory(name="Connie Convert", email="connie@walk.example", status="qualified", owner=rita)
factories.TrialFactory(lead=paying, **started)
factories.QuotationFactory(wording_checked=False)
factories.TagFactory.create_batch(101)
factories.LeadTagFactory(lead=late)
"""
PUT_BACK = """
from django.contrib.auth.models import User
from content.models import Quotation
from signups.models import Host, Tag, LeadTag
User.objects.filter(groups__name="Care coordinator").update(is_active=True)
Host.objects.filter(user__username="rita").update(active=False)
Quotation.objects.filter(text="these exact words").delete()
LeadTag.objects.all().delete()
Tag.objects.all().delete()
"""


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[None]:
    now = dt.datetime.now(dt.UTC)
    zone = next(zone for zone in ZONES if 9 <= now.astimezone(ZoneInfo(zone)).hour < 19)
    site.shell(PREPARE.format(zone=zone))
    yield
    site.shell(PUT_BACK)


def sign_in(page: Page, name: str) -> None:
    page.goto("/admin/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")


def says(page: Page, words: str) -> None:
    expect(page.locator(".messagelist")).to_contain_text(words)


def test_a_coordinators_morning(page: Page, site: Site, people: None) -> None:
    sign_in(page, "rita")
    look(page)
    page.get_by_role("link", name="Overdue callbacks").click()
    page.get_by_role("button", name="Claim the callback for Olga Overdue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Call Olga Overdue")

    # What is in hand is two clicks from the desk.
    page.goto("/admin/")
    page.get_by_role("row", name="Call back").get_by_role("link", name="Olga Overdue").click()
    expect(page.locator(".card-next a.dial")).to_have_attribute("href", "tel:+18335550123")
    look(page)
    page.get_by_role("button", name="No answer").click()
    says(page, "Outcome logged: no answer.")
    expect(page.locator(".next")).to_contain_text("Call back")
    expect(page.locator(".next .is-overdue")).to_have_count(0)
    page.goto("/admin/signups/callbackrequest/")
    expect(page.get_by_role("listitem").filter(has_text="Olga Overdue")).to_contain_text("Attempt 2 of 3")

    # What is overdue and nobody has is two clicks from the desk as well. Enter in the field is none of the answers.
    page.goto("/admin/")
    page.get_by_role("row", name="Unclaimed callback").get_by_role("link", name="Una Untaken").click()
    look(page)
    page.get_by_label("try again at").press("Enter")
    expect(page.get_by_role("alert")).to_have_text("⚠ Select an outcome.")
    look(page)
    page.go_back()
    page.get_by_role("button", name="No answer").click()
    says(page, "Outcome logged: no answer.")
    expect(page.locator(".timeline")).to_contain_text("Claimed the callback")
    expect(page.locator(".timeline").get_by_text("Logged a call:")).to_have_text(["Logged a call: no answer"])

    # Somebody new, found and opened by keys.
    page.goto(LEADS)
    look(page)
    page.keyboard.press("/")
    expect(page.locator("#searchbar")).to_be_focused()
    page.keyboard.type("example")
    page.goto(LEADS)
    page.keyboard.press("j")
    names = page.locator("#result_list th[scope=row] a")
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(names.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("nora")
    page.keyboard.press("Enter")
    expect(names).to_have_text(["Nora New"])
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nora New")
    page.locator("#owner_owner").select_option("rita")
    page.get_by_role("button", name="Assign", exact=True).click()
    says(page, "Assigned to rita.")
    look(page)
    page.get_by_role("link", name="Book a call…").click()
    look(page)
    page.get_by_role("button", name="Book the call").click()
    says(page, "Call booked. Nora New is notified by email.")
    expect(page.locator(".timeline")).to_contain_text("Call booked")
    assert site.mail.next_to("nora@walk.example")["Subject"].startswith("Your free call is booked: ")


def open_lead(page: Page, name: str) -> None:
    page.goto(f"{LEADS}?q={name.split()[0].lower()}")
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def book_the_first_time(page: Page, name: str) -> None:
    page.get_by_role("button", name="Book the call").click()
    says(page, "Call booked.")
    expect(page.locator(".timeline")).to_contain_text("Call booked")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def test_a_coordinators_morning_goes_on(page: Page, site: Site, people: None) -> None:
    """What a colleague's person, a no-show, a refused time and a hasty conversion ask of the desk."""
    page.set_viewport_size({"width": 1280, "height": 800})
    sign_in(page, "rita")

    # A colleague's callback: reached with a note, and a call booked in the same minute.
    open_lead(page, "Carl Colleague")
    page.get_by_role("button", name="Claim this callback").click()
    page.locator(".card-next").get_by_label("Note").fill("Prefers mornings.")
    page.get_by_role("button", name="Connected").click()
    expect(page.locator(".timeline")).to_contain_text("Prefers mornings.")
    expect(page.locator("h1 .status")).to_have_text("Contacted")
    look(page)
    page.get_by_role("link", name="Book a call…").click()
    book_the_first_time(page, "Carl Colleague")
    assert site.mail.next_to("carl@walk.example")["Subject"].startswith("Your free call is booked: ")

    # A no-show is rebooked in one click.
    open_lead(page, "Nick Noshow")
    page.get_by_role("button", name="No-show").click()
    expect(page.locator(".next")).to_contain_text("Rebook the missed call")
    look(page)
    page.get_by_role("link", name="Book another call").click()
    book_the_first_time(page, "Nick Noshow")

    # A refused move keeps its time.
    open_lead(page, "Mona Moved")
    page.get_by_role("link", name="Open call").click()
    past = "2026-01-05T09:15"
    page.locator("#id_start").fill(past)
    page.get_by_role("button", name="Reschedule", exact=True).last.click()
    expect(page.get_by_role("alert").first).to_contain_text("⚠")
    expect(page.locator("#id_start")).to_have_value(past)
    page.get_by_role("button", name="Cancel call").click()
    look(page)
    page.get_by_role("button", name="Cancel the call").click()
    says(page, "You can undo this until then.")
    look(page)
    page.get_by_role("button", name="Undo: keep the call").click()
    says(page, "The call is booked again. Nothing was sent.")

    # A conversion is undone before anything was sent.
    open_lead(page, "Connie Convert")
    page.get_by_role("button", name="Convert to patient").click()
    look(page)
    page.get_by_role("button", name="Convert to patient").click()
    says(page, "Converted to patient. You can undo this for one hour.")
    page.get_by_role("button", name="Undo: not a patient yet").click()
    says(page, "Conversion undone.")
    shell = "from signups.models import OutboxMessage as M; print(list(M.objects.filter(kind='converted').values_list("
    assert "['cancelled']" in site.shell(shell + "'status', flat=True)))")


AGE_SESSIONS = """
import datetime as dt
from django.contrib.sessions.models import Session
from django.utils import timezone
for session in Session.objects.all():
    content = session.get_decoded()
    content["seen_at"] = (timezone.now() - dt.timedelta(minutes=31)).isoformat()
    session.session_data = Session.objects.encode(content)
    session.save()
"""


def test_nothing_typed_is_lost(page: Page, site: Site, people: None) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.clock.install()
    sign_in(page, "rita")
    open_lead(page, "Mona Moved")
    box = page.locator("#note_text")

    # Another button of the page, and another page.
    box.fill("Likes jazz.")
    page.get_by_role("button", name="Assign", exact=True).click()
    says(page, "Assigned to")
    expect(box).to_have_value("Likes jazz.")
    box.fill("Likes jazz a lot.")
    page.goto(LEADS)
    open_lead(page, "Mona Moved")
    expect(box).to_have_value("Likes jazz a lot.")

    # Signing out.
    box.fill("Likes jazz, and walks.")
    page.get_by_role("button", name="Sign out").click()  # (the page keeps the draft first)
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
    page.wait_for_load_state()
    sign_in(page, "rita")
    open_lead(page, "Mona Moved")
    expect(box).to_have_value("Likes jazz, and walks.")

    # Two minutes before the session ends it is announced, and kept on request.
    notice = page.locator("#idle")
    page.clock.fast_forward("27:00")
    expect(notice).to_be_hidden()
    page.clock.fast_forward("01:30")
    expect(notice).to_contain_text("You will be signed out in two minutes.")
    look(page)
    page.get_by_role("button", name="Stay signed in").click()
    expect(notice).to_be_hidden()

    # It ended all the same: the note comes back on the same page after signing in again.
    box.fill("Likes jazz, walks and tea.")
    site.shell(AGE_SESSIONS)
    page.get_by_role("button", name="Save note").click()
    expect(page.locator("body")).to_contain_text("Your note is kept as a draft.")
    page.get_by_label("Username").fill("rita")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mona Moved")
    expect(box).to_have_value("Likes jazz, walks and tea.")
    page.get_by_role("button", name="Save note").click()
    says(page, "Note saved.")
    expect(box).to_have_value("")
    expect(page.locator(".timeline")).to_contain_text("Likes jazz, walks and tea.")


def test_the_heads_morning(page: Page, site: Site, people: None) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    sign_in(page, "hedy")
    look(page)
    page.get_by_role("link", name="Quotes not verified").click()
    expect(page.locator("#result_list")).to_contain_text("Ada Moss")
    page.goto("/admin/")
    page.get_by_role("link", name="Roles", exact=True).click()
    expect(page.get_by_role("row", name="Can erase leads")).to_contain_text("yes")
    look(page)

    # Money back: off the desk once it is on its way.
    page.goto("/admin/")
    page.get_by_role("link", name="Refund requests").click()
    page.get_by_role("link", name="Rob Refund").click()
    look(page)
    page.get_by_role("button", name="Mark refund as sent").click()
    says(page, "Refund marked as sent. Their page now shows it.")
    expect(page.locator(".card-next")).to_contain_text("Nothing to do right now.")
    look(page)
    page.get_by_role("button", name="Undo: refund not sent yet").click()
    says(page, "Undone. The refund is still owed.")
    page.get_by_role("button", name="Mark refund as sent").click()
    page.locator("#owner_owner").select_option("Unassigned")
    page.get_by_role("button", name="Assign", exact=True).click()
    says(page, "Unassigned.")

    # A template with a slip in it, mended; looked at; sent.
    page.goto("/admin/signups/emailtemplate/")
    look(page)
    page.get_by_role("link", name="How is it going?", exact=True).click()
    words = page.get_by_label("Text")
    before = words.input_value()
    words.fill("Hello {nickname},")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errorlist").first).to_contain_text("{nickname} isn’t a placeholder.")
    look(page)
    page.get_by_label("Text").fill(before.replace("Kind regards", "With kind regards"))
    page.get_by_role("button", name="Save", exact=True).click()
    says(page, "was changed successfully")
    page.goto(LEADS + "?q=rob")
    page.get_by_role("link", name="Rob Refund").click()
    page.get_by_role("combobox", name="Email template").select_option("How is it going?")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("region", name="Plain-text version")).to_contain_text("Hello Rob,")
    look(page)
    page.get_by_role("button", name="Send", exact=True).click()
    says(page, "Email sent.")
    sent = site.mail.next_to("rob@walk.example").get_body(["plain"]).get_content()
    assert "With kind regards" in sent
    assert "/my/" in sent


def test_everything_is_as_large_as_a_finger_on_a_phone(
    browser: Browser, browser_context_args: dict, people: None
) -> None:
    page = new_page(browser, **browser_context_args, has_touch=True, is_mobile=True)
    sign_in(page, "hedy")
    assert page.evaluate("matchMedia('(pointer: coarse)').matches")
    page.goto(LEADS)
    someone = page.get_by_role("link", name="Una Untaken").get_attribute("href")
    tags = "/admin/signups/tag/"
    lists = [LEADS, f"{LEADS}?q=nobody", "/admin/signups/callbackrequest/", f"{tags}?o=1.2", f"{tags}?p=2"]
    small = []
    for path in ["/admin/", *lists, someone]:
        page.goto(str(path))
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        small += [f"{path} {found}" for found in page.evaluate(TOO_SMALL)]
    page.close()
    assert small == [], "\n".join(small)
