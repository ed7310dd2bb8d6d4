"""The email templates that ship are there in every database, also one that was emptied."""

import pytest
from django.core.management import call_command
from django.db import connection

from signups.audit import triggers
from signups.messages.template_models import EmailTemplate


@pytest.mark.django_db(transaction=True)
def test_flush_leaves_the_shipped_templates():
    shipped = set(EmailTemplate.objects.values_list("name", flat=True))
    triggers.drop_triggers(connection)  # (which refuse to empty the trail)
    call_command("flush", interactive=False, verbosity=0)
    assert set(EmailTemplate.objects.values_list("name", flat=True)) == shipped != set()
    assert triggers.missing_triggers(connection) == []
