"""Quiet hours: when a person may be contacted, by their own wall clock. Pure."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class DailyWindow:
    """Daily window of wall-clock time, from `first` up to but excluding `last`."""

    first: dt.time
    last: dt.time

    def contains(self, moment: dt.datetime, zone: str) -> bool:
        """Return whether the wall clock in `zone` (IANA) is within the window at `moment`."""
        return self.first <= moment.astimezone(ZoneInfo(zone)).time() < self.last

    def next(self, moment: dt.datetime, zone: str) -> dt.datetime:
        """Return `moment`, or the next start of the window in `zone`; in UTC.

        Wall-clock times hold across changes of daylight saving time.
        """
        if self.contains(moment, zone):
            return moment.astimezone(dt.UTC)
        local = moment.astimezone(ZoneInfo(zone))
        day = local.date() + dt.timedelta(days=local.time() >= self.last)
        return dt.datetime.combine(day, self.first, ZoneInfo(zone)).astimezone(dt.UTC)


EMAIL_HOURS = DailyWindow(dt.time(8), dt.time(20))  # for messages that the person did not just trigger
CALLING_HOURS = DailyWindow(dt.time(8), dt.time(21))  # 47 CFR 64.1200(c)(1)
