"""The whole life of a trial, by keyboard, with scripts off: from the mail's link to the receipt of an erasure."""

import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from .conftest import Site, link_in, look_wide_too, press

ADDRESS = "pat@example.com"


def tab_to(page: Page, role: str, name: str) -> None:
    """Tab after Tab, as somebody without a mouse, until the control has the focus; it shows where it is."""
    control = page.get_by_role(role, name=name, exact=True)
    for _ in range(60):
        if control.evaluate("element => element === document.activeElement"):
            assert control.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached “{name}” on {page.url}")


def go(page: Page, name: str, heading: str, role: str = "link") -> None:
    tab_to(page, role, name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def fill_in(page: Page, address: str) -> None:
    page.goto("/start/")
    page.get_by_label("Your name").fill("Pat Doe")
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Which state do you live in?").select_option("Vermont")
    for box in ("I am 18 or older, and I agree to the terms", "I have read the privacy notice"):
        page.get_by_label(box).check()


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_whole_life_of_a_trial(page: Page, site: Site) -> None:
    # A slip in the address is asked about, never mended for them.
    fill_in(page, "pat@gmial.com")
    press(page, "Start my free trial")
    expect(page.locator("#errors")).to_contain_text("Did you mean pat@gmail.com?")
    page.get_by_label("Email address").fill(ADDRESS)
    press(page, "Start my free trial")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")

    page.goto(link_in(site.mail.next_to(ADDRESS), "/confirm/"))
    go(page, "Confirm and start my trial", "Your free trial has started", "button")
    my = link_in(site.mail.next_to(ADDRESS), "/my/")
    page.goto(my)
    expect(page.locator("#main")).to_contain_text("day 1 of 7")

    # Other contact details, and an agreement.
    go(page, "Update contact details", "Update your contact details")
    page.get_by_label("Your name").fill("Pat O’Doe")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.locator("#main")).to_contain_text("Hi Pat O’Doe")
    go(page, "Update permissions", "Update your permissions")
    tab_to(page, "checkbox", "Email me news and updates")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.locator("#main")).to_contain_text(re.compile(r"Email news\s*Yes"))

    # Leaving in two clicks, and taking it back.
    go(page, "Cancel my trial", "Cancel your trial?")
    go(page, "Yes, cancel my trial", "Your private page", "button")
    assert site.mail.next_to(ADDRESS)["Subject"] == "Your free trial has been canceled"
    go(page, "Undo and keep my trial", "Your private page", "button")
    expect(page.locator("#main")).to_contain_text("day 1 of 7")

    # Everything in a file.
    with page.expect_download() as download:
        tab_to(page, "button", "Download your data")
        page.keyboard.press("Enter")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == ["my-data.json", "my-data.html"]

    # A new link, since somebody else has this one.
    go(page, "Replace my link", "Replace your link?")
    go(page, "Yes, replace my link", "Check your email", "button")
    page.goto(my)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link has been replaced")
    page.goto(link_in(site.mail.next_to(ADDRESS), "/my/"))

    # The end of our e-mail, and of everything.
    go(page, "Delete my data", "Delete all your data?")
    go(page, "Yes, delete my data", "Your data has been deleted", "button")
    receipt = site.mail.next_to(ADDRESS)
    assert receipt["Subject"] == "Your data has been deleted"
    page.goto(my)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not work")


def test_every_page_of_a_patient_is_accessible(page: Page, site: Site) -> None:
    """(With scripts on: axe is one.)"""
    address = "axe@example.com"
    fill_in(page, address)
    press(page, "Start my free trial")
    page.goto(link_in(site.mail.next_to(address), "/confirm/"))
    page.get_by_role("button", name="Confirm and start").click()
    welcome = site.mail.next_to(address)
    my = link_in(welcome, "/my/")
    mine = [my + deed for deed in ("", "details/", "consents/", "trial/cancel/", "link/", "erase/")]
    for path in (*mine, link_in(welcome, "/stop/"), "/lost-link/", "/lost-link/sent/", "/start/elsewhere/"):
        page.goto(path)
        look_wide_too(page)
