"""Somebody with the database's password edits or deletes the trail: the chain shows where.

Each part is in tests/signups/audit/test_chain.py; here it is done as a stranger would, past Django and its triggers.
"""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from signups.audit import chain, triggers
from tests.factories import audit
from tests.processes import database_url, manage
from tests.services import WAIT_TIMEOUT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_clock]


def test_command_tells_by_its_exit_code_and_names_the_row(clinic):
    events = audit.AuditEventFactory.create_batch(3)
    worker = manage("run_worker", "--once", DATABASE_URL=database_url())
    output, _ = worker.communicate(timeout=WAIT_TIMEOUT)
    assert worker.returncode == 0, output
    call_command("verify_audit")
    triggers.drop_triggers(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE signups_auditevent SET action = 'confirmed' WHERE id = %s", [events[1].pk])
    triggers.install_triggers()
    with pytest.raises(CommandError, match=f"Event {events[1].pk} does not say what was written"):
        call_command("verify_audit")
    with pytest.raises(chain.ChainVerificationError):
        chain.verify_chain()
