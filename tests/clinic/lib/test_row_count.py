"""How many rows there are, also of a query that Django does not send."""

import pytest

from clinic.lib.row_count import RowCount, count_rows
from signups.leads.models import Lead
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db


def test_rows_are_counted_also_where_none_can_match():
    lead = LeadFactory()
    assert count_rows(Lead.objects.filter(pk__in=[])) == RowCount(0)
    assert count_rows(Lead.objects.filter(pk__in=[lead.pk])) == RowCount(1)
