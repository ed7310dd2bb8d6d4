"""Every change of what visitors read is a new edition, and what was rolled back is none."""

import contextlib

import pytest
from django.db import OperationalError, transaction

from content.models import Edition
from signups import terms
from tests import factories

pytestmark = pytest.mark.django_db


def test_every_change_of_content_is_a_new_edition(clinic):
    article = factories.ArticleFactory()
    seen = [Edition.current_mark()]
    clinic.name = "Another name"
    clinic.save()
    seen.append(Edition.current_mark())
    article.body = "## Another\n\nText."
    article.save()
    seen.append(Edition.current_mark())
    factories.SourceFactory()
    seen.append(Edition.current_mark())
    factories.LeadFactory()
    assert Edition.current_mark() == seen[-1]
    assert len(set(seen)) == len(seen)


def test_what_was_rolled_back_leaves_no_trace_in_the_terms(clinic):
    terms.current()
    with contextlib.suppress(OperationalError), transaction.atomic():
        clinic.trial_days = 90
        clinic.save()
        assert terms.current().trial_days == 90
        raise OperationalError("the server is gone")
    clinic.trial_days = 14
    clinic.save()
    assert terms.current().trial_days == 14


def test_edition_is_one_row(clinic):
    Edition.bump()
    assert Edition.objects.count() == 1
