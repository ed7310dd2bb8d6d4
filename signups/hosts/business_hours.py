"""The clinic's business hours, excluding its holidays."""

import dataclasses
import datetime as dt

from signups.offer import ClinicOffer
from signups.scheduling.business_hours import BusinessHours

from .models import Holiday


def clinic_business_hours(clinic: ClinicOffer) -> BusinessHours:
    """Return the clinic's opening hours, excluding its holidays."""
    return dataclasses.replace(clinic.hours, holidays=holiday_dates())


def holiday_dates() -> frozenset[dt.date]:
    return frozenset(Holiday.objects.values_list("date", flat=True))
