"""A visitor's way from the first page to the desk, on a phone's screen, as a person walks it."""

import pytest
from playwright.sync_api import Page, expect

from .conftest import Site, link_in, look, press, wait_like_a_person

ADDRESS = "Ann.Visitor@example.com"


def test_from_the_first_page_to_the_desk(page: Page, site: Site) -> None:
    # The landing page, and from it the article.
    page.goto("/")
    look(page)
    page.get_by_role("link", name="Read the full article").click()
    look(page)

    # A source and back to where it was cited.
    page.locator('a[href="#source-1"]').first.click()
    look(page)
    page.get_by_role("dialog", name="Source 1").get_by_role("link", name="See this in the source list").click()
    expect(page).to_have_url(f"{site.url}/learn/how-ketamine-works/#source-1")
    expect(page.locator("#source-1")).to_be_in_viewport()
    page.get_by_role("link", name="Back to the text (source 1, mention a)", exact=True).click()
    expect(page.locator("#cite-1-1")).to_be_in_viewport()

    # The form, first with a mistake.
    page.get_by_role("link", name="Start free trial").click()
    look(page)
    page.get_by_label("Your name").fill("Ann O’Neil")
    page.get_by_label("Email address").fill("ann.visitor@")
    page.get_by_label("Which state do you live in?").select_option("New York")
    page.get_by_label("Phone call", exact=True).check()
    page.get_by_label("I agree to get phone calls").check()
    page.get_by_label("I am 18 or older, and I agree to the terms").check()
    page.get_by_label("I have read the privacy notice").check()
    press(page, "Start my free trial")
    expect(page).to_have_title("Error: Start your 7-day free trial – Joyous")
    expect(page.locator("#errors")).to_be_focused()
    look(page)

    # What was typed is still there; the summary leads to what was wrong.
    expect(page.get_by_label("Your name")).to_have_value("Ann O’Neil")
    page.get_by_role("link", name="Enter an email address like name@example.com.").click()
    expect(page.get_by_label("Email address")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(ADDRESS)
    page.get_by_label("Phone number").fill("(212) 555-0123")
    press(page, "Start my free trial")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    look(page)

    # The mail, and the button behind its link.
    message = site.mail.next_to(ADDRESS)
    assert message["Subject"] == "Confirm your email to start your 7-day free trial"
    assert "O’Neil" not in str(message["Subject"]) + message.get_body(["plain"]).get_content()
    page.goto(link_in(message, "/confirm/"))
    look(page)
    page.get_by_role("button", name="Confirm and start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your free trial has started")
    look(page)
    assert site.mail.next_to(ADDRESS)["Subject"] == "Your 7-day free trial has started"

    # The desk.
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/admin/")
    look(page)
    page.get_by_label("Username").fill("head")
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Log in").click()
    look(page)
    page.get_by_role("link", name="Leads", exact=True).click()
    look(page)
    page.locator("#searchbar").fill("o’nei")
    page.locator("#changelist-search").get_by_role("button", name="Search").click()
    row = page.get_by_role("row", name="Ann O’Neil")
    expect(row).to_contain_text("day 1 of 7")
    row.get_by_role("link", name="Ann O’Neil").click()
    look(page)
    for text in (
        "Signed up",
        "Confirmed their email address",
        "Trial started",
        "(212) 555-0123",
        "privacy notice 2026-11",
    ):
        expect(page.locator("#content")).to_contain_text(text)
    expect(page.locator("#content")).not_to_contain_text(link_in(message, "/confirm/"))


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_without_scripts(page: Page, site: Site) -> None:
    address = "no.scripts@example.com"
    page.goto("/start/")
    press(page, "Start my free trial")
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    page.get_by_label("Your name").fill("李")
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Which state do you live in?").select_option("New York")
    page.get_by_label("I am 18 or older, and I agree to the terms").check()
    page.get_by_label("I have read the privacy notice").check()
    press(page, "Start my free trial")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    page.goto(link_in(site.mail.next_to(address), "/confirm/"))
    page.get_by_role("button", name="Confirm and start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your free trial has started")


def test_by_keyboard_alone(page: Page, site: Site) -> None:
    """Every control is reached with Tab in the order of the page, and each shows where the focus is."""
    address = "keys@example.com"
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Talk to someone first")).to_be_focused()
    page.keyboard.press("Shift+Tab")  # back to the bar above the main part
    start = page.get_by_role("navigation", name="Start").get_by_role("link")
    expect(start).to_be_focused()
    assert start.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Start your 7-day free trial")

    page.get_by_label("Which state do you live in?").focus()
    page.keyboard.type("New York")
    page.keyboard.press("Tab")
    page.keyboard.type("Kay Board")
    page.keyboard.press("Tab")
    page.keyboard.type(address)
    for _ in range(4):  # the channel, the links to both texts, the first box
        page.keyboard.press("Tab")
    for label in ("I am 18 or older, and I agree to the terms", "I have read the privacy notice"):
        expect(page.get_by_label(label)).to_be_focused()
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Start my free trial")).to_be_focused()
    wait_like_a_person(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    site.mail.next_to(address)


@pytest.mark.parametrize("path", ["/terms/", "/privacy/", "/accessibility/", "/learn/", "/no-such-page/"])
def test_other_pages_are_accessible(page: Page, path: str) -> None:
    page.goto(path)
    look(page)


def test_public_pages_set_no_cookie(page: Page) -> None:
    for path in ("/", "/learn/", "/learn/how-ketamine-works/", "/terms/", "/privacy/"):
        page.goto(path)
    assert page.context.cookies() == []
