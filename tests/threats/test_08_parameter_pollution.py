"""Over a thousand fields, or one twice: a 400, and never “the last wins”."""

import pytest
from django.contrib.admin import site
from django.forms import ModelMultipleChoiceField, MultipleChoiceField
from django.test import RequestFactory

from clinic.middleware.request_validation import MULTI_VALUE_FIELDS
from tests.factories import leads, users

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


def test_one_field_twice_at_the_desk(client, clinic):
    assert client.post("/admin/login/", {"login": ["nobody", "head"], "password": "x"}).status_code == 400
    client.force_login(users.UserFactory(is_superuser=True))
    lead = leads.LeadFactory()
    answer = client.post(
        f"/admin/signups/lead/{lead.pk}/change-status/", {"seen": "new", "to": ["closed", "contacted"]}
    )
    lead.refresh_from_db()
    assert (answer.status_code, lead.status) == (400, "new")


def test_fields_of_many_values_take_many(client, clinic):
    """Every choice of many in the desk's forms is one of those."""
    request = RequestFactory().get("/admin/")
    request.user = users.UserFactory(is_superuser=True)
    fields = {
        name
        for admin_class in site._registry.values()
        for name, field in admin_class.get_form(request, admin_class.model(), change=True).base_fields.items()
        if isinstance(field, MultipleChoiceField | ModelMultipleChoiceField)
    }
    assert "sources" in fields
    assert fields < MULTI_VALUE_FIELDS
