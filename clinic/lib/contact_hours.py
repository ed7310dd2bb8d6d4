"""Hours in which a person may be written to or called, where they are. Pure."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class DailyWindow:
    """From `first` up to, not including, `last` on the wall clock."""

    first: dt.time
    last: dt.time

    def include(self, moment: dt.datetime, zone: str) -> bool:
        """Whether a clock in `zone` (IANA) shows such an hour at `moment`."""
        return self.first <= moment.astimezone(ZoneInfo(zone)).time() < self.last

    def next(self, moment: dt.datetime, zone: str) -> dt.datetime:
        """`moment` itself, or the next opening of these hours in `zone`; in UTC. A clock change moves nothing."""
        if self.include(moment, zone):
            return moment.astimezone(dt.UTC)
        here = moment.astimezone(ZoneInfo(zone))
        day = here.date() + dt.timedelta(days=here.time() >= self.last)
        return dt.datetime.combine(day, self.first, ZoneInfo(zone)).astimezone(dt.UTC)


EMAIL_HOURS = DailyWindow(dt.time(8), dt.time(20))  # for messages that answer nothing the person just did
CALLING_HOURS = DailyWindow(dt.time(8), dt.time(21))  # 47 CFR 64.1200(c)(1)
