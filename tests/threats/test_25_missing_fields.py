"""A form without its time stamp or its empty field was not sent by a browser."""

import pytest

from .conftest import FORMS, rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(("field", "value"), [("stamp", None), ("stamp", ""), ("stamp", "x"), ("website", None)])
def test_form_without_its_hidden_fields_is_refused(send, path, field, value):
    assert (send(path, **{field: value}).status_code, rows()) == (422, [0] * 5)


@pytest.mark.parametrize("path", FORMS)
def test_form_whose_trap_is_filled_in_is_refused(send, path):
    assert (send(path, website="https://spam.example").status_code, rows()) == (422, [0] * 5)
