"""Load host schedules for the scheduling functions.

The number of queries is constant, however many hosts there are.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from signups.calendars.models import BusyTime
from signups.hosts.business_hours import holiday_dates
from signups.hosts.models import AvailabilityRule, DateOverride, Holiday, Host, TimeOff
from signups.offer import ClinicOffer, current_offer
from signups.scheduling import business_hours, slots
from signups.scheduling.intervals import Interval, IntervalSet

from .earlier_time_models import SlotOffer
from .models import OnboardingCall

# Longer than a local day, a call and its buffers together: everything that affects a start in a range is this near.
SEARCH_MARGIN = dt.timedelta(days=3)


def load_host_schedules(
    hosts: Iterable[Host],
    clinic: ClinicOffer,
    *,
    begin: dt.datetime,
    end: dt.datetime,
    without: OnboardingCall | None = None,
    now: dt.datetime | None = None,
) -> list[slots.HostSchedule]:
    """Return the schedules of `hosts` around `[begin, end)`, ignoring `without`.

    Six queries; with `now`, another for the times that are held for the waiting list, other than for `without`. A host
    who no longer takes calls has no working hours, but keeps the booked calls.
    """
    hosts = list(hosts)
    near = begin - SEARCH_MARGIN, end + SEARCH_MARGIN
    hours = _business_hours(hosts, near)
    time_off, busy = _time_off(hosts, near), _busy_times(hosts, near)
    for host_id, span in _offered_times(hosts, near, without, now) if now else ():
        busy[host_id].append(span)
    bookings = _bookings(hosts, near, without)
    return [
        slots.HostSchedule(
            id=host.pk,
            hours=hours[host.pk],
            bookings=bookings[host.pk],
            time_off=time_off[host.pk],
            busy=busy[host.pk],
            daily_limit=clinic.call_daily_limit if host.daily_limit is None else host.daily_limit,
        )
        for host in hosts
    ]


def offer_stands(offer: SlotOffer, now: dt.datetime) -> bool:
    """Return whether the time held for somebody can still be taken: its host may have left, or be busy by now."""
    call, clinic = offer.request.call, current_offer()
    takes_type = call.call_type.all_hosts().filter(pk=offer.host_id).exists()
    plans = load_host_schedules([offer.host], clinic, begin=offer.starts_at, end=offer.starts_at, without=call, now=now)
    try:
        slots.available_hosts(offer.starts_at, plans, call.call_type.rules(clinic), now=now)
    except slots.BookingError:
        return False
    return takes_type


def week_overview(host: Host, clinic: ClinicOffer, *, first: dt.date) -> list[tuple[dt.date, str, str]]:
    """Return (date, open hours, exception) for seven days from `first`.

    Hours are in the host's time zone; the exception names other hours, a holiday or time off.
    """
    zone = ZoneInfo(host.time_zone)
    begin = dt.datetime.combine(first, dt.time(), zone)
    (plan,) = load_host_schedules([host], clinic, begin=begin, end=begin + dt.timedelta(days=8))
    names = dict(Holiday.objects.filter(date__range=(first, first + dt.timedelta(days=6))).values_list("date", "name"))
    days = []
    for date in (first + dt.timedelta(days=number) for number in range(7)):
        working = IntervalSet(plan.hours.windows_on(date))
        remaining = working.without(IntervalSet(plan.time_off))
        open_ = ", ".join(f"{start.astimezone(zone):%H:%M}–{end.astimezone(zone):%H:%M}" for start, end in remaining)
        why = "other hours" if date in plan.hours.overrides else names.get(date, "")
        if remaining != list(working):
            why = f"{why}, time off".lstrip(", ")
        days.append((date, open_ or "closed", why))
    return days


def calls_outside_hours(calls: Iterable[OnboardingCall], clinic: ClinicOffer) -> list[OnboardingCall]:
    """Return the `calls` that lie outside their host's current hours, by start.

    Causes are time off, holidays and changed hours.
    """
    calls = sorted(calls, key=lambda call: call.starts_at)
    if not calls:
        return []
    hosts = {call.host_id: call.host for call in calls}
    plans = {
        plan.id: plan
        for plan in load_host_schedules(hosts.values(), clinic, begin=calls[0].starts_at, end=calls[-1].ends_at)
    }
    found = []
    for call in calls:
        plan, when = plans[call.host_id], (call.starts_at, call.ends_at)
        available = IntervalSet(plan.hours.windows(*when)).without(IntervalSet(plan.time_off))
        if not IntervalSet(available).cover(*when):
            found.append(call)
    return found


def _business_hours(hosts: list[Host], near: Interval) -> dict[int, business_hours.BusinessHours]:
    takes_calls = {"host__in": hosts, "host__active": True, "host__user__is_active": True}
    rules = defaultdict(list)
    for rule in AvailabilityRule.objects.filter(**takes_calls):
        rules[rule.host_id].append((rule.weekday, rule.start, rule.end))
    overrides: dict[int, dict[dt.date, list[business_hours.Window]]] = defaultdict(dict)
    for override in DateOverride.objects.filter(**takes_calls, date__range=(near[0].date(), near[1].date())):
        overrides[override.host_id][override.date] = [(start, end) for start, end in override.windows]
    holidays = holiday_dates()
    return {
        host.pk: business_hours.BusinessHours(
            ZoneInfo(host.time_zone), business_hours.by_weekday(rules[host.pk]), overrides[host.pk], holidays
        )
        for host in hosts
    }


def _time_off(hosts: list[Host], near: Interval) -> dict[int, list[Interval]]:
    time_off = defaultdict(list)
    for off in TimeOff.objects.filter(host__in=hosts, starts_at__lt=near[1], ends_at__gt=near[0]):
        time_off[off.host_id].append((off.starts_at, off.ends_at))
    return time_off


def _busy_times(hosts: list[Host], near: Interval) -> dict[int, list[Interval]]:
    found = BusyTime.objects.filter(calendar__host__in=hosts, starts_at__lt=near[1], ends_at__gt=near[0]).order_by()
    busy: dict[int, list[Interval]] = defaultdict(list)
    for host_id, start, end in found.values_list("calendar__host", "starts_at", "ends_at"):
        busy[host_id].append((start, end))  # type: ignore[arg-type]  # (EpochField reads moments)
    return busy


def _offered_times(
    hosts: list[Host], near: Interval, without: OnboardingCall | None, now: dt.datetime
) -> list[tuple[int, Interval]]:
    offered = SlotOffer.objects.open(now).filter(host__in=hosts, blocked_from__lt=near[1], blocked_to__gt=near[0])
    if without:
        offered = offered.exclude(request__call=without)
    rows = offered.values_list("host_id", "blocked_from", "blocked_to")
    return [(host_id, (start, end)) for host_id, start, end in rows]


def _bookings(hosts: list[Host], near: Interval, without: OnboardingCall | None) -> dict[int, list[slots.Booking]]:
    calls = OnboardingCall.objects.standing().filter(host__in=hosts, blocked_from__lt=near[1], blocked_to__gt=near[0])
    if without:
        calls = calls.exclude(pk=without.pk)
    bookings = defaultdict(list)
    for host_id, start, *protected in calls.values_list("host_id", "starts_at", "blocked_from", "blocked_to"):
        bookings[host_id].append(slots.Booking(start, (protected[0], protected[1])))
    return bookings
