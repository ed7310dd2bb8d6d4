"""Make callback requests and attempts."""

import datetime as dt

import factory
from django.utils import timezone

from signups.callbacks.choices import RETRY_OUTCOMES, CallOutcome, Topic
from signups.callbacks.models import CallAttempt, CallbackRequest
from signups.consents.choices import ConsentPurpose

from .consents import ConsentFactory
from .leads import LeadFactory
from .users import UserFactory


class CallbackRequestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CallbackRequest

    lead = factory.SubFactory(LeadFactory)
    phone = "(212) 555-0123"
    phone_e164 = "+12125550123"
    time_zone = factory.SelfAttribute("lead.time_zone")
    topic = Topic.COST
    created_at = factory.LazyFunction(timezone.now)
    consent = factory.SubFactory(
        ConsentFactory,
        lead=factory.SelfAttribute("..lead"),
        created_at=factory.SelfAttribute("..created_at"),
        text__purpose=ConsentPurpose.CALLBACKS,
    )
    due_at = factory.LazyAttribute(lambda request: request.created_at + dt.timedelta(hours=4))


class CallAttemptFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CallAttempt

    request = factory.SubFactory(CallbackRequestFactory)
    number = 1
    attempted_at = factory.LazyFunction(timezone.now)
    attempted_by = factory.SubFactory(UserFactory)
    outcome = CallOutcome.NO_ANSWER
    next_attempt_at = factory.LazyAttribute(
        lambda attempt: (
            attempt.attempted_at + dt.timedelta(hours=2)
            if attempt.outcome in RETRY_OUTCOMES and attempt.number < 3
            else None
        )
    )
