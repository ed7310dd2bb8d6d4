"""Make daily metrics."""

import datetime as dt

import factory

from signups.reports.choices import Metric
from signups.reports.models import DailyMetric


class DailyMetricFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DailyMetric

    day = dt.date(2026, 11, 20)
    metric = Metric.STARTED
    value = 1
