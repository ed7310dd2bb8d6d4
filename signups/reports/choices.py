"""Metrics of the daily rollup."""

from django.db.models import TextChoices


class Metric(TextChoices):
    """What the desk counts.

    Of the leads who signed up on a day: how far they came. Of the calls of a day: their outcome.
    """

    SIGNED_UP = "signed_up", "signed up"
    STARTED = "started", "started the trial"
    CONTACTED = "contacted", "were reached out to"
    CONVERTED = "converted", "became patients"
    FIRST_CONTACT = "first_contact", "time to first contact"
    CALLS = "calls", "calls"
