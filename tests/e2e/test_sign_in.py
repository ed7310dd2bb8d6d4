"""Signing in with a second step, in a browser: the codes of an app, recovery codes, and a passkey."""

import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from .conftest import Site, look

pytestmark = pytest.mark.desk


def code(secret: str, later: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))


def sign_in(page: Page, site: Site, desk: str = "/admin/") -> None:
    page.goto(f"{desk}login/")
    page.get_by_label("Username").fill("head")
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Log in").click()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_load_state()


def walk_down(page: Page, *links: str) -> None:
    """Presses one link after the other and looks at each page."""
    for link in links:
        page.get_by_role("link", name=link).click()
        look(page)


def test_codes_of_an_app_and_recovery_codes(page: Page, site: Site) -> None:
    page.goto("/admin/login/")
    look(page)
    sign_in(page, site)
    walk_down(page, "Account security", "Set up an app")
    secret = page.locator("#totp-key").inner_text()
    page.get_by_label("Authenticator code").fill("000000")
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("alert")).to_have_text("Incorrect code.")
    look(page)
    page.get_by_label("Authenticator code").fill(code(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    look(page)
    recovery = page.locator(".codes code").first.inner_text()
    page.get_by_role("link", name="Continue to the desk").click()

    for known in (code(secret, 1), recovery):
        sign_out(page)
        sign_in(page, site)
        expect(page.get_by_role("heading", level=1)).to_have_text("Two-factor authentication")
        look(page)
        page.get_by_label("Code").fill(known)
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(re.compile("/admin/$"))

    # Off again, for whoever signs in with the password alone after this.
    walk_down(page, "Account security", "Turn off")
    page.get_by_role("button", name="Turn off").click()
    expect(page.locator("#content")).to_contain_text("Two-factor authentication is off.")


def test_passkey_alone(page: Page, site: Site) -> None:
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    desk = f"{site.by_name}/admin/"
    sign_in(page, site, desk)
    walk_down(page, "Account security", "Add a passkey")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    page.goto(desk)
    sign_out(page)

    page.goto(f"{desk}login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(desk)
    walk_down(page, "Account security", "Where you are signed in")
    page.goto(f"{desk}security/")
    walk_down(page, "Remove")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#content")).to_contain_text("Two-factor authentication is off.")


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_signing_in_needs_no_script(page: Page, site: Site) -> None:
    sign_in(page, site)
    expect(page).to_have_url(re.compile("/admin/$"))
