"""A list from elsewhere: the Head brings it, says what is in it, looks, and begins; the worker does the rest."""

import pytest
from playwright.sync_api import Page, expect

from .conftest import Site, look

pytestmark = pytest.mark.desk

PASSWORD = "a long password for a walk"
PREPARE = f"""
from django.contrib.auth.models import Group, User
ivy = User.objects.create_user("ivy", password="{PASSWORD}", is_staff=True)
ivy.groups.add(Group.objects.get(name="Head of Customer Care"))
"""
LIST = "Person,E-mail,Diagnosis\nTess Listed,tess.listed@walk.example,x\nNobody,broken,x\n"


HUBSPOT = """"Record ID","First Name","Last Name","Email","Phone Number","State/Region","Unsubscribed from all email"
"70000","Maya","Hubwalk","maya@hub.walk.example","512 555 0100","Texas",""
"70002","Zoë","Hubwalk","zoe@hub.walk.example","+1 303-555-0102","CO","true"
"""


@pytest.fixture(scope="module")
def head(site: Site) -> None:
    site.shell(PREPARE)


def upload(page: Page, content: str) -> None:
    page.goto("/admin/signups/lead/import/")
    if page.get_by_label("Username").count():
        page.get_by_label("Username").fill("ivy")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
    look(page)
    file = {"name": "list.csv", "mimeType": "text/csv", "buffer": content.encode()}
    page.get_by_label("CSV, XLSX or vCard file").set_input_files(file)
    page.get_by_role("button", name="Upload").press("Enter")
    look(page)


def test_list_is_brought_and_taken_in(head: None, page: Page) -> None:
    upload(page, LIST)
    expect(page.get_by_label("Person")).to_have_value("name")
    page.get_by_text("Other columns").click()
    expect(page.get_by_label("Diagnosis")).to_have_value("")
    page.get_by_role("button", name="Check rows").press("Enter")
    expect(page.get_by_role("heading", name="Preview")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Import 1 lead").press("Enter")
    expect(page.get_by_role("heading", name="Result", exact=True)).to_be_visible()
    look(page)
    page.goto("/admin/signups/lead/?q=tess.listed")
    expect(page.get_by_role("link", name="Tess Listed")).to_be_visible()


def test_contacts_with_opt_outs_come_in_are_undone_and_come_in_again(head: None, page: Page) -> None:
    for again in (False, True):
        upload(page, HUBSPOT)
        expect(page.get_by_label("Unsubscribed from all email")).to_have_value("stopped")
        page.get_by_role("button", name="Check rows").press("Enter")
        page.get_by_role("button", name="Import 2 leads").press("Enter")
        expect(page.get_by_role("heading", name="Result", exact=True)).to_be_visible()
        imported = page.url
        page.get_by_role("link", name="View leads").press("Enter")
        expect(page.get_by_role("link", name="Maya Hubwalk").first).to_be_visible()
        page.get_by_role("link", name="Zoë Hubwalk").first.press("Enter")
        expect(page.get_by_text("Unsubscribed").first).to_be_visible()
        page.goto(imported)
        if not again:
            page.get_by_role("button", name="Undo this import").press("Enter")
            expect(page.get_by_text("This import was undone.")).to_be_visible()
            look(page)
            page.goto("/admin/signups/lead/?q=hubwalk")
            expect(page.get_by_text("No leads match")).to_be_visible()
