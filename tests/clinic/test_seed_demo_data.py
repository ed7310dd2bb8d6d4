"""`seed_demo_data`: generated leads obey the rules of real ones."""

import datetime as dt

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import Count, Q
from django.utils import timezone

from signups.audit import chain
from signups.audit.models import AuditEvent
from signups.callbacks.models import CallbackRequest
from signups.calls.actions import available_slots_for
from signups.calls.choices import CallStatus
from signups.calls.models import OnboardingCall
from signups.consents.choices import ConsentPurpose
from signups.consents.models import Consent
from signups.hosts.models import Host
from signups.leads.choices import LeadStatus
from signups.leads.models import Lead
from signups.privacy import retention
from signups.trials.models import Trial

pytestmark = pytest.mark.django_db


@time_machine.travel(dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC), tick=False)
def test_a_clinic_is_filled_with_everything_that_happens_to_leads(clinic):
    call_command("seed_demo_data", leads=400)
    assert Lead.objects.count() == 400
    assert set(Lead.objects.values_list("status", flat=True)) == set(LeadStatus) - {"merged", "erased", "removed"}
    assert Lead.objects.unassigned().exists()
    assert Trial.objects.exclude(converted_at=None).count() == Lead.objects.filter(status="converted").count()
    booked = Q(status=CallStatus.BOOKED)
    counts = OnboardingCall.objects.aggregate(past=Count("pk", filter=~booked), booked=Count("pk", filter=booked))
    assert all(counts.values())
    assert CallbackRequest.objects.exclude(consent__text__purpose=ConsentPurpose.CALLBACKS).count() == 0
    assert Consent.objects.in_force().filter(text__purpose=ConsentPurpose.NEWS).exists()


def test_every_event_is_signed_and_can_be_sealed(clinic):
    call_command("seed_demo_data", leads=20)
    while chain.append_to_chain(lambda: None):
        pass
    verdict = chain.verify_chain()
    assert (verdict.head.sequence, verdict.waiting) == (AuditEvent.objects.count(), 0)


def test_it_can_be_filled_further_and_used_afterwards(clinic):
    """The id sequences continue after the seeded rows."""
    call_command("seed_demo_data", leads=30)
    call_command("seed_demo_data", leads=30)
    trial = Trial.objects.select_related("lead").first()
    Consent.objects.create(
        lead=trial.lead, text=Consent.objects.first().text, granted=True, channel="web", created_at=trial.requested_at
    )
    Lead.objects.create(
        name="Jo", email="j@x.example", email_key="j@x.example", time_zone="UTC", created_at=trial.requested_at
    )
    assert Lead.objects.count() == 61


def test_the_worker_lets_go_of_none_of_them(clinic):
    call_command("seed_demo_data", leads=400)
    assert [rule.what for rule in retention.RULES if rule.old(timezone.now()).exists()] == []


def test_its_numbers_belong_to_nobody(clinic):
    """North America assigns no area codes with a 9 in the middle."""
    call_command("seed_demo_data", leads=100)
    numbers = Lead.objects.exclude(phone_e164="").values_list("phone_e164", flat=True)
    assert {(len(number), number[:2], number[3]) for number in numbers} == {(12, "+1", "9")}
    assert not Lead.objects.exclude(email="").exclude(email__regex=r"@example\.(com|org)$").exists()


def test_production_has_real_people_only(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="real people"):
        call_command("seed_demo_data", leads=1)


def test_a_call_can_be_booked_with_its_hosts(clinic):
    call_command("seed_demo_data", leads=10)
    call_command("seed_demo_data", leads=10)
    assert {host.rules.count() for host in Host.objects.all()} == {5}
    assert available_slots_for(now=timezone.now())
