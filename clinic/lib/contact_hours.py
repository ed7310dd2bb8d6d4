"""Quiet hours: when a person may be contacted, by their own wall clock. Pure."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class DailyWindow:
    """Daily window of wall-clock time, from `first` up to but excluding `last`."""

    first: dt.time
    last: dt.time

    def contains(self, moment: dt.datetime, *zones: str) -> bool:
        """Return whether the wall clocks in all of `zones` (IANA) are within the window at `moment`.

        Where the zones share no hour of the window, the first of them, in which the person said to be, decides.
        """
        return all(self._holds(moment, zone) for zone in self._sharing(zones, moment))

    def next(self, moment: dt.datetime, *zones: str) -> dt.datetime:
        """Return `moment`, or the next moment within the window in all of `zones`; in UTC.

        Wall-clock times hold across changes of daylight saving time.
        """
        sharing, at = self._sharing(zones, moment), moment.astimezone(dt.UTC)
        while not all(self._holds(at, zone) for zone in sharing):
            at = max(self._next_in(at, zone) for zone in sharing)
        return at

    def _sharing(self, zones: tuple[str, ...], moment: dt.datetime) -> tuple[str, ...]:
        """Return `zones`, or only the first when there is no moment of the coming day within all their windows."""
        quarters = [moment + dt.timedelta(minutes=15 * step) for step in range(96)] if len(zones) > 1 else []
        shared = any(all(self._holds(quarter, zone) for zone in zones) for quarter in quarters)
        return zones if shared else zones[:1]

    def _holds(self, moment: dt.datetime, zone: str) -> bool:
        return self.first <= moment.astimezone(ZoneInfo(zone)).time() < self.last

    def _next_in(self, moment: dt.datetime, zone: str) -> dt.datetime:
        """Return `moment`, or the next start of the window in `zone`; in UTC."""
        if self._holds(moment, zone):
            return moment.astimezone(dt.UTC)
        local = moment.astimezone(ZoneInfo(zone))
        day = local.date() + dt.timedelta(days=local.time() >= self.last)
        return dt.datetime.combine(day, self.first, ZoneInfo(zone)).astimezone(dt.UTC)


EMAIL_HOURS = DailyWindow(dt.time(8), dt.time(20))  # for messages that the person did not just trigger
CALLING_HOURS = DailyWindow(dt.time(8), dt.time(21))  # 47 CFR 64.1200(c)(1)
