"""Metrics of the daily rollup."""

from django.db.models import TextChoices


class Metric(TextChoices):
    """What the desk counts.

    Of the leads who signed up on a day: how far they came. Of the calls of a day: their outcome.
    """

    SIGNED_UP = "signed_up", "Signed up"
    STARTED = "started", "Started trial"
    CONTACTED = "contacted", "Contacted"
    CONVERTED = "converted", "Converted"
    FIRST_CONTACT = "first_contact", "Time to first contact"
    CALLS = "calls", "Calls"
