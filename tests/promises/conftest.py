"""Somebody who did what the page says, and the link they were sent."""

import re

import pytest

from clinic import roles
from signups.leads.models import Lead
from signups.messages.models import OutboxMessage
from signups.trials.actions import convert_trial
from signups.trials.models import Trial
from tests.factories.users import UserFactory
from tests.signups.conftest import NOW


@pytest.fixture
def started(clinic, client, post_start, settings):
    """The path of the page of somebody whose free days began at NOW, as their mail told it."""
    assert post_start().status_code == 303
    client.post(link("confirm_trial", "confirm", settings))
    return link("trial_started", "my", settings)


@pytest.fixture
def converted(started, now):
    """The same page when its person has stayed as a patient."""
    Lead.objects.update(status="qualified")
    convert_trial(Trial.objects.get(), by=UserFactory(role=roles.HEAD), now=now)
    return started


def link(kind, room, settings):
    text = OutboxMessage.objects.get(kind=kind).text
    return re.search(rf"{re.escape(settings.SITE_URL)}(/{room}/\S+)", text)[1]


@pytest.fixture
def now():
    return NOW
