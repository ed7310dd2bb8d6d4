"""Which addresses count as pages that a reader opens."""

import pytest

from content import public_pages

pytestmark = pytest.mark.django_db


def test_every_public_page_can_be_opened_by_a_reader(client, clinic):
    """What providers post to is no page: asked like one, it left a warning in the log at every readiness probe."""
    refused = [path for path in public_pages.paths() if client.get(path).status_code == 405]
    assert refused == []
