"""Rules about the models: migrations, factories, and what is never stored."""

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_migrations_are_current():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_model_has_a_factory():
    from django.apps import apps

    from tests import factories

    made = {factory._meta.model for factory in vars(factories).values() if hasattr(factory, "_meta")}
    ours = {model for app in ("content", "signups") for model in apps.get_app_config(app).get_models()}
    assert {model.__name__ for model in ours - made} == set()


def test_no_payment_field_exists():
    """“No credit card” is kept by there being no place for one."""
    from django.apps import apps

    words = ("card", "payment", "iban", "account_number", "cvc", "expiry", "billing")
    fields = [str(field) for model in apps.get_models() for field in model._meta.get_fields()]
    assert [field for field in fields if any(word in field.lower() for word in words)] == []


def test_every_text_about_a_person_is_erased_or_a_fact():
    """A new table or column with words in it is declared personal, or named there as what it is."""
    from django.apps import apps

    from signups.privacy.models import DataExportChunk, DataExportJob
    from tests.signups.privacy.pii_inventory import ABOUT_NOBODY, FACTS, about, text_columns

    kept = {
        model.__name__: text_columns(model) - set(model.PII_FIELDS)
        for model in (about() - {DataExportJob, DataExportChunk})
    }
    assert {name: columns for name, columns in kept.items() if columns} == FACTS
    others = {
        model for model in apps.get_app_config("signups").get_models() if model not in about() - {DataExportChunk}
    }
    assert {model.__name__ for model in others if text_columns(model)} == ABOUT_NOBODY
