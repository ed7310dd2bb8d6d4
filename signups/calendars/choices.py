"""Choices of a connected calendar."""

from django.db.models import TextChoices


class CalendarKind(TextChoices):
    CALDAV = "caldav", "CalDAV account"
    ICS = "ics", "private calendar link (ICS)"
