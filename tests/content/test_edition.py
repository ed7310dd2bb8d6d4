"""The content version changes with public content, and not on a rollback."""

import contextlib

import pytest
from django.db import OperationalError, transaction

from content.models.content_version import ContentVersion
from signups.offer import current_offer
from tests.factories import content, leads

pytestmark = pytest.mark.django_db


def test_every_change_of_content_is_a_new_edition(clinic):
    article = content.ArticleFactory()
    seen = [ContentVersion.current_token()]
    clinic.name = "Another name"
    clinic.save()
    seen.append(ContentVersion.current_token())
    article.body = "## Another\n\nText."
    article.save()
    seen.append(ContentVersion.current_token())
    content.SourceFactory()
    seen.append(ContentVersion.current_token())
    leads.LeadFactory()
    assert ContentVersion.current_token() == seen[-1]
    assert len(set(seen)) == len(seen)


def test_what_was_rolled_back_leaves_no_trace_in_the_terms(clinic):
    current_offer()
    with contextlib.suppress(OperationalError), transaction.atomic():
        clinic.trial_days = 90
        clinic.save()
        assert current_offer().trial_days == 90
        raise OperationalError("the server is gone")
    clinic.trial_days = 14
    clinic.save()
    assert current_offer().trial_days == 14


def test_edition_is_one_row(clinic):
    ContentVersion.invalidate()
    assert ContentVersion.objects.count() == 1
