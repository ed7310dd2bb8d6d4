"""Make daily metrics."""

import datetime as dt

import factory

from signups import models as signups
from signups import states


class TallyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Tally

    day = dt.date(2026, 11, 20)
    measure = states.Measure.STARTED
    count = 1
