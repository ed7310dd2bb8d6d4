"""The database itself keeps two calls of one host apart."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction

from signups.calls.choices import CallStatus
from signups.calls.models import OnboardingCall
from tests.factories.calls import OnboardingCallFactory
from tests.factories.hosts import HostFactory

pytestmark = pytest.mark.django_db
NINE = dt.datetime(2026, 6, 1, 13, tzinfo=dt.UTC)


def minutes(number):
    return dt.timedelta(minutes=number)


def stands(**fields):
    """Whether the database takes this call."""
    try:
        with transaction.atomic():
            OnboardingCallFactory(**fields)
    except IntegrityError:
        return False
    return True


@pytest.mark.parametrize(
    ("offset", "length", "allowed"),
    [
        (0, 30, False),
        (15, 30, False),
        (-15, 30, False),
        (10, 5, False),
        (-10, 60, False),
        (30, 30, True),
        (-30, 30, True),
    ],
)
def test_no_instant_is_shared(offset, length, allowed):
    host = HostFactory()
    OnboardingCallFactory(host=host, starts_at=NINE)
    start = NINE + minutes(offset)
    assert stands(host=host, starts_at=start, ends_at=start + minutes(length)) is allowed


def test_buffers_count():
    host = HostFactory()
    OnboardingCallFactory(host=host, starts_at=NINE, blocked_to=NINE + minutes(45))
    assert not stands(host=host, starts_at=NINE + minutes(30))
    assert stands(host=host, starts_at=NINE + minutes(45))


def test_others_and_what_was_cancelled_are_no_obstacle():
    call = OnboardingCallFactory(starts_at=NINE)
    assert stands(starts_at=NINE)
    OnboardingCall.objects.filter(pk=call.pk).update(status=CallStatus.CANCELLED)
    assert stands(host=call.host, starts_at=NINE)


@pytest.mark.parametrize("change", [{"blocked_from": NINE + minutes(15)}, {"status": CallStatus.BOOKED}])
def test_a_change_cannot_make_them_meet(change):
    host = HostFactory()
    OnboardingCallFactory(host=host, starts_at=NINE)
    later = OnboardingCallFactory(host=host, starts_at=NINE + minutes(30))
    cancelled = OnboardingCallFactory(host=host, starts_at=NINE, status=CallStatus.CANCELLED)
    changed = cancelled if "status" in change else later
    with pytest.raises(IntegrityError, match="signups_call_no_overlap"), transaction.atomic():
        OnboardingCall.objects.filter(pk=changed.pk).update(**change)


def test_a_call_may_be_moved_over_its_own_old_time():
    call = OnboardingCallFactory(starts_at=NINE)
    moved = {"starts_at": NINE + minutes(15), "ends_at": NINE + minutes(45)}
    moved |= {"blocked_from": moved["starts_at"], "blocked_to": moved["ends_at"]}
    assert OnboardingCall.objects.filter(pk=call.pk).update(**moved) == 1


def test_forms_are_told_before_the_database_is_asked():
    call = OnboardingCallFactory(starts_at=NINE)
    with pytest.raises(ValidationError, match="This time is taken"):
        OnboardingCallFactory.build(host=call.host, lead=call.lead, starts_at=NINE + minutes(15)).validate_constraints()
    call.validate_constraints()


def test_one_call_to_come_per_lead():
    call = OnboardingCallFactory(starts_at=NINE)
    assert not stands(lead=call.lead, starts_at=NINE + dt.timedelta(days=1))
    OnboardingCall.objects.filter(pk=call.pk).update(is_current=False)
    assert stands(lead=call.lead, starts_at=NINE + dt.timedelta(days=1))


def guards():
    """The triggers or the constraint that the database has."""
    if connection.vendor == "postgresql":
        query = "SELECT conname FROM pg_constraint WHERE conname = 'signups_call_no_overlap'"
    else:
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'signups_onboardingcall' ORDER BY 1"
        )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [name for (name,) in cursor.fetchall()]


EXPECTED = {
    "postgresql": ["signups_call_no_overlap"],
    "sqlite": ["signups_call_no_overlap_insert", "signups_call_no_overlap_update"],
}


@pytest.mark.django_db(transaction=True)
def test_the_guards_are_there_and_outlive_a_remake_of_the_table():
    assert guards() == EXPECTED[connection.vendor]
    field = models.CharField(max_length=5, default="")
    field.set_attributes_from_name("extra")
    with connection.schema_editor() as editor:
        editor.add_field(OnboardingCall, field)
        changed = models.CharField(max_length=9, null=True)
        changed.set_attributes_from_name("extra")
        editor.alter_field(OnboardingCall, field, changed, strict=True)
        assert guards() == EXPECTED[connection.vendor]
        editor.remove_field(OnboardingCall, changed)
    assert guards() == EXPECTED[connection.vendor]
    constraint = OnboardingCall._meta.constraints[0]
    with connection.schema_editor() as editor:
        editor.remove_constraint(OnboardingCall, constraint)
    if connection.vendor == "postgresql":
        assert guards() == []
        with connection.schema_editor() as editor:
            editor.add_constraint(OnboardingCall, constraint)
    assert guards() == EXPECTED[connection.vendor]
