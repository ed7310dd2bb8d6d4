"""Make onboarding calls."""

import datetime as dt

import factory
from django.utils import timezone

from signups.calls import clock_changes
from signups.calls.call_type_models import CallType
from signups.calls.choices import AlertKind
from signups.calls.earlier_time_models import EarlierTimeRequest, FreedSlot, SlotOffer
from signups.calls.models import CallAlert, OnboardingCall

from .hosts import HostFactory
from .leads import LeadFactory


class OnboardingCallFactory(factory.django.DjangoModelFactory):
    """A call of half an hour, without buffers."""

    class Meta:
        model = OnboardingCall

    lead = factory.SubFactory(LeadFactory)
    host = factory.SubFactory(HostFactory)
    call_type = factory.LazyFunction(lambda: CallType.objects.onboarding())
    starts_at = factory.LazyFunction(lambda: timezone.now() + dt.timedelta(days=1))
    ends_at = factory.LazyAttribute(lambda call: call.starts_at + dt.timedelta(minutes=30))
    blocked_from = factory.SelfAttribute("starts_at")
    blocked_to = factory.SelfAttribute("ends_at")
    uid = factory.Sequence("call-{}@harbor.example".format)
    organizer = "care@harbor.example"
    lead_zone = factory.SelfAttribute("lead.time_zone")
    lead_offset = factory.LazyAttribute(lambda call: clock_changes._offset(call.starts_at, call.lead_zone))
    host_zone = factory.SelfAttribute("host.time_zone")
    host_offset = factory.LazyAttribute(lambda call: clock_changes._offset(call.starts_at, call.host_zone))
    created_at = factory.LazyFunction(timezone.now)
    changed_at = factory.SelfAttribute("created_at")


class CallAlertFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CallAlert

    call = factory.SubFactory(OnboardingCallFactory)
    sequence = factory.SelfAttribute("call.sequence")
    kind = AlertKind.DECLINED
    created_at = factory.LazyFunction(timezone.now)


class CallTypeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CallType

    name = factory.Sequence("insurance call {}".format)


class EarlierTimeRequestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EarlierTimeRequest

    call = factory.SubFactory(OnboardingCallFactory)
    created_at = factory.LazyFunction(timezone.now)


class FreedSlotFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FreedSlot

    host = factory.SubFactory(HostFactory)
    starts_at = factory.LazyFunction(lambda: timezone.now() + dt.timedelta(hours=20))
    created_at = factory.LazyFunction(timezone.now)


class SlotOfferFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SlotOffer

    request = factory.SubFactory(EarlierTimeRequestFactory)
    freed_slot = factory.SubFactory(FreedSlotFactory)
    host = factory.SelfAttribute("freed_slot.host")
    starts_at = factory.SelfAttribute("freed_slot.starts_at")
    blocked_from = factory.SelfAttribute("starts_at")
    blocked_to = factory.LazyAttribute(lambda offer: offer.starts_at + dt.timedelta(minutes=30))
    created_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyAttribute(lambda offer: offer.created_at + dt.timedelta(hours=2))
