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


def test_list_is_brought_and_taken_in(site: Site, page: Page) -> None:
    site.shell(PREPARE)
    page.goto("/admin/signups/lead/import/")
    page.get_by_label("Username").fill("ivy")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    look(page)
    file = {"name": "list.csv", "mimeType": "text/csv", "buffer": LIST.encode()}
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Upload").press("Enter")
    look(page)
    page.get_by_label("Person").select_option("Name")
    expect(page.get_by_label("Diagnosis")).to_have_value("")
    page.get_by_role("button", name="Check rows").press("Enter")
    expect(page.get_by_role("heading", name="Preview")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Take in 1 lead").press("Enter")
    expect(page.get_by_role("heading", name="History", exact=True)).to_be_visible()
    look(page)
    page.goto("/admin/signups/lead/?q=tess.listed")
    expect(page.get_by_role("link", name="Tess Listed")).to_be_visible()
