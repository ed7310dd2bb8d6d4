"""Rows that are stored by the thousand are the same as those that are stored one by one."""

import pytest
from django.db import IntegrityError, transaction
from django.forms.models import model_to_dict

from signups import storing
from signups.models import Event, Lead, Note
from tests import factories
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db


def test_a_row_made_quickly_is_the_row_the_model_makes():
    columns = {"name": "Jo", "email": "jo@example.com", "email_key": "jo@example.com", "created_at": NOW}
    quick, usual = storing.new(Lead, **columns), Lead(**columns)
    assert model_to_dict(quick) == model_to_dict(usual)
    assert quick.public_id != storing.new(Lead, **columns).public_id


def test_what_is_stored_reads_the_same():
    """Also with what ends a line or a cell in the database's own format, and what is encrypted or signed."""
    lead, author = factories.LeadFactory(), factories.UserFactory()
    text = 'a\tb\\N\n"c", \\.'
    storing.add([storing.new(Note, lead_id=lead.pk, author_id=author.pk, text=text, at=NOW)])
    event = {"lead_id": lead.pk, "at": NOW, "actor_kind": "patient", "verb": "moved", "detail": {"to": text}}
    storing.add([storing.new(Event, **event)])
    Event.objects.create(**event)
    assert Note.objects.get().text == text
    one, other = Event.objects.all()
    assert (one.signature, one.detail, one.lead) == (other.signature, other.detail, lead)
    assert len(one.signature) == 73


def test_made_ahead_in_order_and_failing_where_it_fails():
    def items():
        yield from range(5)
        raise ValueError("at six")

    ahead = storing.ahead(items())
    assert [next(ahead) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="at six"):
        next(ahead)


def test_rows_learn_their_keys_and_what_is_taken_is_refused():
    rows = [
        storing.new(Lead, name=name, email=f"{name}@x.example", email_key=f"{name}@x.example", created_at=NOW)
        for name in "abc"
    ]
    storing.add(rows)
    assert {row.pk: row.name for row in rows} == dict(Lead.objects.values_list("pk", "name"))
    again = storing.new(Lead, name="A", email="a@x.example", email_key="a@x.example", created_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        storing.add([again])
    storing.add([])
