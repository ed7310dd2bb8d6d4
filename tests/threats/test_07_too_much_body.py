"""A body longer than any form of ours, or a file, is refused before anything is done with it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

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
