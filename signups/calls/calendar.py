"""Calendar of calls for the admin: columns of half-hour rows.

Free slots come from the same functions that booking uses.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.dateformat import time_format

from clinic.lib.time_zones import midnight
from signups.hosts.models import Holiday, Host, TimeOff
from signups.offer import current_offer
from signups.scheduling import slots

from . import availability
from .call_type_models import CallType
from .models import OnboardingCall

ROW_LENGTH = 30  # minutes
ONE_DAY = dt.timedelta(days=1)


@dataclass
class Cell:
    """Calls and free slots that start within one half hour of one column.

    `start` is the drop target for moving a call here by drag and drop.
    """

    row: int
    calls: list[OnboardingCall] = field(default_factory=list)
    free: dict[dt.datetime, int] = field(default_factory=dict)

    @property
    def start(self) -> dt.datetime | None:
        return min(self.free, default=None)


@dataclass
class Column:
    """One day of all displayed hosts, or one day of one host."""

    title: str
    date: dt.date
    host: Host | None = None
    notes: list[str] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)


@dataclass
class Calendar:
    """`columns`, and the time-of-day label of each row in use."""

    columns: list[Column]
    labels: dict[int, dt.time]

    @property
    def people(self) -> int:
        """Return the number of distinct leads named in the calendar."""
        return len({call.lead_id for column in self.columns for cell in column.cells for call in cell.calls})


def calendar_week(monday: dt.date, hosts: Sequence[Host], now: dt.datetime, call_type: CallType) -> Calendar:
    """Return seven columns, one per day, with all calls of `hosts`, and the slots for a call of `call_type`."""
    dates = [monday + number * ONE_DAY for number in range(7)]
    found = _CalendarData(dates[0], dates[-1], hosts, now, call_type)
    return _rows([found.column(Column(f"{date:%A}", date), hosts) for date in dates])


def calendar_day(date: dt.date, hosts: Sequence[Host], now: dt.datetime, call_type: CallType) -> Calendar:
    """Return one day with a column for each of `hosts`, as `calendar_week` does."""
    found = _CalendarData(date, date, hosts, now, call_type)
    return _rows([found.column(Column(str(host), date, host), [host]) for host in hosts])


class _CalendarData:
    """Calls, slots, time off and holidays of a date range, in the current time zone."""

    def __init__(
        self, first: dt.date, last: dt.date, hosts: Sequence[Host], now: dt.datetime, call_type: CallType
    ) -> None:
        begin, end = midnight(first), midnight(last + ONE_DAY)
        calls = OnboardingCall.objects.standing().filter(host__in=hosts, starts_at__gte=begin, starts_at__lt=end)
        self.calls = list(calls.select_related("lead", "host__user").order_by("starts_at", "host_id"))
        clinic = current_offer()
        chosen = set(call_type.all_hosts().filter(pk__in=[host.pk for host in hosts]).values_list("pk", flat=True))
        takers = [host for host in hosts if host.pk in chosen]
        planned = availability.load_host_schedules(takers, clinic, begin=begin, end=end, now=now)
        self.offered = slots.available_slots(planned, call_type.rules(clinic), now=now, begin=begin, end=end)
        away = TimeOff.objects.filter(host__in=hosts, starts_at__lt=end, ends_at__gt=begin)
        self.away = list(away.select_related("host__user"))
        self.holidays = dict(Holiday.objects.filter(date__range=(first, last)).values_list("date", "name"))

    def column(self, column: Column, hosts: Iterable[Host]) -> Column:
        """Fill `column` with the entries of its date that concern `hosts`."""
        shown = {host.pk for host in hosts}
        cells: dict[int, Cell] = {}
        for call in self.calls:
            if call.host_id in shown and _local(call.starts_at).date() == column.date:
                row = _row(call.starts_at)
                cells.setdefault(row, Cell(row)).calls.append(call)
        for start, host_ids in self.offered:
            free = len(shown.intersection(host_ids))
            if free and _local(start).date() == column.date:
                row = _row(start)
                cells.setdefault(row, Cell(row)).free[start] = free
        column.cells = [cells[row] for row in sorted(cells)]
        column.notes = [name for date, name in self.holidays.items() if date == column.date]
        begin, end = midnight(column.date), midnight(column.date + ONE_DAY)
        for off in self.away:
            if off.host_id in shown and off.starts_at < end and off.ends_at > begin:
                column.notes.append(f"{off.host} is away {_span(off, begin, end)}")
        return column


def _local(instant: dt.datetime) -> dt.datetime:
    return timezone.localtime(instant)


def _row(instant: dt.datetime) -> int:
    local = _local(instant)
    return (local.hour * 60 + local.minute) // ROW_LENGTH


def _span(off: TimeOff, begin: dt.datetime, end: dt.datetime) -> str:
    """Describe the part of `off` that falls on one day."""
    from_start, to_end = off.starts_at <= begin, off.ends_at >= end
    first, last = (time_format(_local(instant), "P") for instant in (off.starts_at, off.ends_at))
    if from_start or to_end:
        return "all day" if from_start and to_end else f"until {last}" if from_start else f"from {first}"
    return f"{first} to {last}"


def _rows(columns: list[Column]) -> Calendar:
    """Number the rows in use from 1, including gaps, so that equal times line up."""
    used = [cell.row for column in columns for cell in column.cells]
    first = min(used, default=0)
    for column in columns:
        for cell in column.cells:
            cell.row -= first - 1
    rows = range(first, max(used) + 1) if used else ()
    return Calendar(columns, {row - first + 1: dt.time(*divmod(row * ROW_LENGTH, 60)) for row in rows})
