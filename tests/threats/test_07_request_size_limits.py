"""A body longer than any form of ours, or a file, is refused before anything is done with it."""

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from clinic import roles
from signups.imports.models import ImportJob
from tests.factories import imports, users

from .conftest import FORMS, rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", FORMS)
def test_long_urlencoded_body(clinic, client, path):
    body = "name=" + "x" * 200_000
    response = client.post(path, body, content_type="application/x-www-form-urlencoded")
    assert (response.status_code, rows()) == (400, [0] * 5)


@pytest.mark.parametrize("path", FORMS)
def test_long_multipart_body(send, path):
    assert (send(path, name="x" * 200_000).status_code, rows()) == (400, [0] * 5)


@pytest.mark.parametrize("path", FORMS)
def test_file_to_a_form_without_files(send, path):
    file = SimpleUploadedFile("a.txt", b"hello")
    assert (send(path, attachment=file).status_code, rows()) == (400, [0] * 5)


@pytest.mark.parametrize("page", ["details/", "consents/", "erase/"])
def test_long_body_to_a_patients_page(client, urls, lead, page):
    response = client.post(urls["my"] + page, {"name": "x" * 200_000})
    lead.refresh_from_db()
    assert (response.status_code, lead.name) == (400, "Ann Secret")


IMPORT = "/admin/signups/lead/import/"
LIST = b"Name,E-mail\nJo,jo@x.example"


def sent(path, role, *contents):
    """As a browser sends files from a form of ours; its key is read with them, and before any page is asked."""
    client, key = Client(enforce_csrf_checks=True), "k" * 32
    client.cookies[settings.CSRF_COOKIE_NAME] = key
    if role is not None:
        client.force_login(users.UserFactory(role=role or None))
    files = [SimpleUploadedFile("a.csv", content) for content in contents]
    return client.post(path, {"csrfmiddlewaretoken": key, "file": files}).status_code


@pytest.mark.parametrize("role", [*roles.ROLES, "", None])
def test_the_one_form_with_a_file_takes_it_from_the_head_alone(clinic, role):
    assert sent(IMPORT, role, LIST) == (303 if role == roles.HEAD else 400)
    assert ImportJob.objects.count() == (role == roles.HEAD)


def test_no_other_address_takes_a_file_even_from_the_head(clinic):
    page = f"{IMPORT}{imports.ImportChunkFactory().import_job.public_id}/"
    ours = ["/admin/", "/admin/signups/lead/", "/admin/signups/lead/export/", page, f"{page}columns/", f"{page}begin/"]
    assert {path: sent(path, roles.HEAD, LIST) for path in [*ours, "/start/"]} == dict.fromkeys([*ours, "/start/"], 400)


def test_one_file_at_a_time(clinic):
    assert sent(IMPORT, roles.HEAD, LIST, LIST) == 400
