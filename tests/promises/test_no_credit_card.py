"""“No credit card”: no form asks for one, and there is no place to keep one."""

import re

import pytest
from django.apps import apps

pytestmark = pytest.mark.django_db

WORDS = ("card", "payment", "iban", "account_number", "cvc", "cc-", "billing", "sepa")


@pytest.mark.parametrize("path", ["/start/", "/start/elsewhere/", "/callback/", "/lost-link/"])
def test_no_public_form_asks(clinic, client, path):
    asked(client.get(path))


@pytest.mark.parametrize("page", ["", "details/", "consents/", "callback/", "call/", "erase/", "trial/cancel/"])
def test_no_page_of_somebody_on_trial_asks(client, started, page):
    asked(client.get(started + page))


@pytest.mark.parametrize("page", ["", "refund/"])
def test_no_page_of_a_patient_asks(client, converted, page):
    asked(client.get(converted + page))


def asked(response):
    page = re.sub(r'\bvalue="[^"]*"', "", response.content.decode().lower())  # a random token may spell anything
    controls = re.findall(r"<(?:input|select|textarea)[^>]*>", page)
    assert response.status_code == 200
    assert [control for control in controls if any(word in control for word in WORDS)] == []


def test_there_is_no_place_for_one():
    columns = [str(field).lower() for model in apps.get_models() for field in model._meta.get_fields()]
    assert [column for column in columns if any(word in column for word in WORDS)] == []
