"""An article's way from its first word to readers, and its correction, by keyboard alone, with two people at work."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import processes
from tests.services import WAIT_TIMEOUT

from .conftest import Site, is_error, look, new_page

pytestmark = pytest.mark.desk

PASSWORD = "a long password for tests"
STAFF = f"""
from django.contrib.auth.models import Group, User
from django.utils import timezone
from content.actions import ledger
from content.models import Person
for name, role in (("ed", "Content editor"), ("reed", "Medical reviewer")):
    user = User.objects.create_user(name, password={PASSWORD!r}, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
reed = Person.objects.create(key="dr-reed", name="Dr. Reed", role="Psychiatrist", user=user)
head = User.objects.create_user("hana", password={PASSWORD!r}, is_staff=True)
head.groups.add(Group.objects.get(name="Head of Customer Care"))
ledger.confirm_credential(reed, by=head, now=timezone.now())
"""


@pytest.fixture(scope="module")
def staff(site: Site) -> None:
    made = processes.manage("shell", "-c", STAFF, **site.environment)
    said, _ = made.communicate(timeout=WAIT_TIMEOUT)
    assert made.returncode == 0, said


@pytest.fixture
def reviewers_page(browser: Browser, browser_context_args: dict, site: Site) -> Iterator[Page]:
    page = new_page(browser, **browser_context_args)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if is_error(message) else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    page.close()
    assert wrong == []


def tab_to(page: Page, control: Locator) -> None:
    for _ in range(150):
        if control.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {control}")


def write(page: Page, label: str, text: str) -> None:
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def press(page: Page, button: str) -> None:
    tab_to(page, page.get_by_role("button", name=button, exact=True))
    with page.expect_navigation():
        page.keyboard.press("Enter")


def follow(page: Page, link: str) -> None:
    tab_to(page, page.get_by_role("link", name=link, exact=True))
    with page.expect_navigation():
        page.keyboard.press("Enter")


def sign_in(page: Page, name: str) -> None:
    page.goto("/admin/content/article/")
    write(page, "Username:", name)
    write(page, "Password:", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Articles")


def sign_off(page: Page, title: str) -> None:
    page.goto("/admin/content/article/?progress=draft")
    follow(page, title)
    follow(page, "Review and sign off")
    look(page)
    press(page, "Sign off this text")
    expect(page.locator(".messagelist")).to_contain_text("Approved.")


def test_from_the_first_word_to_a_correction(page: Page, reviewers_page: Page, site: Site, staff: None) -> None:
    sign_in(page, "ed")
    look(page)
    page.goto("/admin/content/article/add/")
    look(page)
    write(page, "Slug:", "first-week")
    tab_to(page, page.get_by_label("Author:", exact=True))
    page.keyboard.type("Michaela")
    write(page, "Title:", "Your first week")
    write(page, "Summary:", "What to expect.")
    write(page, "Description:", "What to expect in your first week.")
    write(page, "Body:", "You can read this page slowly. [^page]")
    press(page, "Create draft")
    expect(page.locator("#content")).to_contain_text("Not published")
    expect(page.locator("#preview")).to_contain_text("You can read this page slowly.")
    look(page)

    # Findings and preview follow the typing; the button does the same without scripts.
    write(page, "Body:", "Slow words. [@nobody]")
    expect(page.locator("#findings")).to_contain_text("line 1: there is no source “nobody”")
    write(page, "Body:", "Read it slowly. [^page]")
    expect(page.locator("#preview")).to_contain_text("Read it slowly.")
    expect(page.locator("#said")).to_have_text("Nothing to mend")
    press(page, "Preview")
    expect(page.get_by_label("Body:", exact=True)).to_have_value("Read it slowly. [^page]")
    press(page, "Save the draft")
    expect(page.locator(".obstacles")).to_contain_text("Not yet approved by a medical reviewer.")
    look(page)

    # The preview link, opened by somebody without an account.
    press(page, "Create preview link")
    look(page)
    link = page.locator("#link").input_value()
    stranger = new_page(page.context.browser)  # type: ignore[arg-type]
    stranger.goto(link)
    expect(stranger.get_by_role("main")).to_contain_text("Read it slowly.")
    look(stranger)
    assert stranger.context.cookies() == []

    sign_in(reviewers_page, "reed")
    sign_off(reviewers_page, "Your first week")
    page.goto("/admin/content/article/?progress=reviewed")
    follow(page, "Your first week")
    press(page, "Publish now")
    look(page)
    stranger.goto(f"{site.url}/learn/first-week/")
    expect(stranger.get_by_role("main")).to_contain_text("Dr. Reed")

    write(page, "Body:", "Read it at your own pace. [^page]")
    write(page, "Correction:", "We said slowly; any pace is right.")
    press(page, "Save the draft")
    sign_off(reviewers_page, "Your first week")
    page.reload()
    press(page, "Publish now")
    stranger.goto(f"{site.url}/learn/first-week/?asks=the-site-itself")  # the page in memory may be two seconds older
    expect(stranger.get_by_role("main")).to_contain_text("Read it at your own pace.")
    expect(stranger.get_by_role("main")).to_contain_text("We said slowly; any pace is right.")
    stranger.close()

    follow(page, "Revisions")
    look(page)
    page.get_by_role("row").nth(1).get_by_role("link").click()
    look(page)
    expect(page.locator(".changes ins").first).to_be_visible()
    page.goto("/admin/content/article/attention/")
    look(page)


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_preview_needs_no_scripts(page: Page, staff: None) -> None:
    sign_in(page, "ed")
    page.get_by_role("link", name="How ketamine may work in depression", exact=False).click()
    page.get_by_label("Body:", exact=True).fill("Without scripts. [^page]")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.locator("#preview")).to_contain_text("Without scripts.")
    expect(page.locator("#findings")).to_contain_text("No issues found.")
