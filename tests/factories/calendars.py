"""Make connected calendars, their busy times and copies of calls."""

import datetime as dt

import factory
from django.utils import timezone

from signups.calendars.choices import CalendarKind
from signups.calendars.models import BusyTime, CalendarConnection, CalendarCopy

from .calls import OnboardingCallFactory
from .hosts import HostFactory


class CalendarConnectionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CalendarConnection

    host = factory.SubFactory(HostFactory)
    kind = CalendarKind.ICS
    url = "https://calendar.example/secret.ics"
    created_at = factory.LazyFunction(timezone.now)
    next_check_at = factory.SelfAttribute("created_at")
    checked_at = factory.SelfAttribute("created_at")


class BusyTimeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BusyTime

    calendar = factory.SubFactory(CalendarConnectionFactory)
    starts_at = factory.LazyFunction(timezone.now)
    ends_at = factory.LazyAttribute(lambda busy: busy.starts_at + dt.timedelta(hours=1))


class CalendarCopyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CalendarCopy

    call = factory.SubFactory(OnboardingCallFactory)
    calendar = factory.SubFactory(CalendarConnectionFactory, host=factory.SelfAttribute("..call.host"))
    sequence = factory.SelfAttribute("call.sequence")
