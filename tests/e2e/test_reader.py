"""How a reader reaches what stands behind a sentence: by mouse, finger, keyboard, and without scripts."""

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Site, look

ARTICLE = "/learn/how-ketamine-works/"


def focus_by_keyboard(page: Page, anchor: str) -> Locator:
    """The note at `anchor`, reached with Tab from the control before it."""
    note = page.locator(f"#{anchor}")
    note.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(note).to_be_focused()
    return note


def test_note_by_keyboard(page: Page) -> None:
    page.goto(ARTICLE)
    note = focus_by_keyboard(page, "cite-2-1")
    card = page.get_by_role("dialog", name="Source 2")

    # Focus shows it, Tab goes on along the text to the next note and its card, Escape puts it away.
    expect(card).to_be_visible()
    expect(card.locator(".use")).to_contain_text("Randomized trial, 18 people.")
    expect(card).not_to_contain_text("Checked against the source")  # nobody has yet
    page.keyboard.press("Tab")
    expect(page.get_by_role("dialog", name="Source 3")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(note).to_be_focused()

    # Enter keeps it: Tab leads into it and out of it to what follows the note.
    page.keyboard.press("Enter")
    expect(card).to_be_focused()
    look(page)
    page.keyboard.press("Tab")
    expect(card.get_by_role("link").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(note).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(card.locator("a, button").count()):
        page.keyboard.press("Tab")
    expect(card.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#cite-3-1")).to_be_focused()
    expect(page.get_by_role("dialog", name="Source 3")).to_be_visible()

    # From it to the list, and back to the sentence.
    note.press("Enter")
    card.get_by_role("link", name="See this in the source list").press("Enter")
    expect(card).to_be_hidden()
    expect(page.locator("#source-2")).to_be_in_viewport()
    page.get_by_role("link", name="Back to the text (source 2, mention a)", exact=True).press("Enter")
    expect(note).to_be_in_viewport()


def test_note_of_a_quotation_says_no_more_than_was_checked(page: Page) -> None:
    page.goto(ARTICLE)
    page.locator(".quotation [role=doc-noteref]").first.click()
    card = page.get_by_role("dialog")
    expect(card).to_contain_text("Quoted word for word.")
    expect(card).not_to_contain_text("checked against the source")


def test_note_by_mouse(page: Page) -> None:
    page.clock.install()
    page.goto(ARTICLE)
    card = page.get_by_role("dialog", name="Source 1")

    def point(at: Locator | None) -> None:
        """Moves the pointer there, or to the corner, and lets a second pass."""
        at.hover() if at else page.mouse.move(0, 0)
        page.clock.run_for(1000)

    # Pointing shows it; it stays while the pointer is on it, and goes with the pointer.
    point(page.locator("#cite-1-1"))
    expect(card).to_be_visible()
    point(card)
    expect(card).to_be_visible()
    point(None)
    expect(card).to_be_hidden()

    # Pressing keeps it.
    page.locator("#cite-1-1").click()
    point(None)
    expect(card).to_be_visible()
    card.get_by_role("button", name="Close").click()
    expect(card).to_be_hidden()


@pytest.mark.browser_context_args(has_touch=True)
def test_note_by_finger(page: Page) -> None:
    page.goto(ARTICLE)
    page.locator("#cite-1-1").tap()
    card = page.get_by_role("dialog", name="Source 1")
    expect(card).to_be_visible()
    box, width = card.bounding_box(), page.viewport_size["width"]
    assert 0 <= box["x"] <= box["x"] + box["width"] <= width
    page.locator("h1").tap(force=True)
    expect(card).to_be_hidden()


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_note_without_scripts_is_a_link_into_the_list(page: Page, site: Site) -> None:
    page.goto(ARTICLE)
    focus_by_keyboard(page, "cite-2-1")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.url}{ARTICLE}#source-2")
    expect(page.locator("#source-2")).to_be_in_viewport()
    page.get_by_role("link", name="Back to the text (source 2, mention a)", exact=True).click()
    expect(page.locator("#cite-2-1")).to_be_in_viewport()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_data_for_machines_is_readable_under_the_policy(page: Page) -> None:
    """The `page` fixture fails on any error in the console."""
    for path in ("/", ARTICLE):
        page.goto(path)
        data = json.loads(page.locator('script[type="application/ld+json"]').text_content())
        assert "MedicalWebPage" in [node["@type"] for node in data["@graph"]]
