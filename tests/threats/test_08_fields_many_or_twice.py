"""Over a thousand fields, or one twice: a 400, and never “the last wins”."""

import pytest

from .conftest import FORMS, rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", FORMS)
def test_a_thousand_fields(send, path):
    many = {f"field{n}": "1" for n in range(1001)}
    assert (send(path, **many).status_code, rows()) == (400, [0] * 5)


@pytest.mark.parametrize("path", FORMS)
def test_one_field_twice(send, path):
    field = "email" if "email" in FORMS[path] else "name"
    assert (send(path, **{field: ["a@example.com", "b@example.com"]}).status_code, rows()) == (400, [0] * 5)


def test_one_field_twice_on_a_patients_page(client, urls):
    assert client.post(urls["my"] + "details/", {"name": ["A", "B"]}).status_code == 400
