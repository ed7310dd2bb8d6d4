"""Many at once: one row, decided by the database, and no fault."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from signups.callbacks.models import CallbackRequest
from signups.leads.models import Lead
from signups.trials.models import Trial
from signups.trials.waitlist_models import WaitlistEntry

from .conftest import FORMS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("path", "model"), [("/start/", Trial), ("/callback/", CallbackRequest), ("/start/elsewhere/", WaitlistEntry)]
)
def test_one_row_and_no_fault(clinic, stamp, path, model):
    def post(_):
        try:
            return Client().post(path, {"stamp": stamp, "aq_7": "", **FORMS[path]}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(post, range(12))) == [303] * 12
    assert (Lead.objects.count(), model.objects.count()) == (1, 1)
