"""Whoever opens a link of ours, and everything behind it, changes nothing: deeds are POSTs."""

import re

import pytest
from django.apps import apps

from signups.trials.models import Trial

pytestmark = pytest.mark.django_db


def everything():
    """Every row of this room, as it stands."""
    return {model: list(model.objects.order_by("pk").values()) for model in apps.get_app_config("signups").get_models()}


@pytest.mark.parametrize("state", ["requested", "running", "cancelled", "converted"])
def test_following_every_link_changes_nothing(client, urls, lead, state):
    now = Trial.objects.get().started_at
    fields = {"requested": {"started_at": None}, "cancelled": {"cancelled_at": now}, "converted": {"converted_at": now}}
    Trial.objects.update(**fields.get(state, {}))
    before, seen, waiting = everything(), set(), list(urls.values())
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for method in (client.get, client.head):
            response = method(path)
            assert response.status_code in (200, 302, 303, 404, 405, 410), path
        page = client.get(path).content.decode()
        waiting += list(re.findall(r'(?:href|action)="(/(?:my|confirm|stop)/[^"]+)"', page))
    assert len(seen) >= 10
    assert everything() == before
