"""Two sign-ups of one person, or of two: the Head makes one of them or tells them apart, and back, by keys alone."""

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Site, look

pytestmark = pytest.mark.desk

PASSWORD = "a long password for a walk"
LEADS = "/admin/signups/lead/"
PREPARE = f"""
from django.contrib.auth.models import Group, User
from django.utils import timezone
from signups.models import Lead
mia = User.objects.create_user("mia", password="{PASSWORD}", is_staff=True)
mia.groups.add(Group.objects.get(name="Head of Customer Care"))
for name, email in (("Tess Double", "t.double@walk.example"), ("Double, Tess", "tdouble+2@walk.example")):
    Lead.objects.create(name=name, email=email, email_key=email, time_zone="UTC", owner=mia, created_at=timezone.now())
"""


def enter(control: Locator) -> None:
    """With the key, not the mouse."""
    control.press("Enter")


def test_duplicate_is_merged_and_the_merge_undone(site: Site, page: Page) -> None:
    site.shell(PREPARE)
    page.goto(LEADS)
    page.get_by_label("Username").fill("mia")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    look(page)
    enter(page.get_by_role("link", name="Find duplicates"))
    look(page)
    enter(page.get_by_role("link", name="Compare Tess Double and Double, Tess"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Merge leads")
    look(page)
    enter(page.get_by_role("button", name="Merge leads"))
    expect(page.get_by_text("Leads merged.")).to_be_visible()
    expect(page.get_by_role("link", name="Compare Tess Double and Double, Tess")).to_have_count(0)
    look(page)
    enter(page.get_by_role("button", name="Undo merge of Tess Double"))
    expect(page.get_by_text("Merge undone.")).to_be_visible()
    expect(page.get_by_role("link", name="Compare Tess Double and Double, Tess")).to_be_visible()
    enter(page.get_by_role("button", name="Not duplicates Tess Double and Double, Tess"))
    expect(page.get_by_text("Marked as not duplicates.")).to_be_visible()
    expect(page.get_by_role("link", name="Compare Tess Double and Double, Tess")).to_have_count(0)
    enter(page.get_by_role("link", name="Dismissed pairs"))
    look(page)
    enter(page.get_by_role("button", name="Restore pair Tess Double and Double, Tess"))
    expect(page.get_by_text("Pair restored.")).to_be_visible()
