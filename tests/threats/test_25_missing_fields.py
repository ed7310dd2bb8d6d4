"""A form without its time stamp or its empty field was not sent by a browser."""

import pytest

from signups.ops import honeypot

from .conftest import FORMS, rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(("field", "value"), [("stamp", None), ("stamp", ""), ("stamp", "x"), ("aq_7", None)])
def test_form_without_its_hidden_fields_is_refused(send, path, field, value):
    assert (send(path, **{field: value}).status_code, rows()) == (422, [0] * 5)


@pytest.mark.parametrize("path", FORMS)
def test_form_whose_trap_is_filled_in_is_asked_for_once_more(send, path):
    """Once, because programs fill it in for people too: the next time it is taken, and both are counted."""
    assert (send(path, aq_7="https://spam.example").status_code, rows()) == (422, [0] * 5)
    assert honeypot.count_hits() == 1
    assert send(path, aq_7="https://spam.example", aq_8="1").status_code == 303
    assert honeypot.count_hits() == 2
