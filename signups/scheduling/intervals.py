"""Sets of half-open intervals `[start, end)`.

Empty intervals are dropped and adjacent ones merged; adjacent intervals do not overlap.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Iterator

Interval = tuple[dt.datetime, dt.datetime]


class IntervalSet:
    """The union of `spans`, given in any order, as disjoint sorted intervals.

    Membership tests take logarithmic time.
    """

    def __init__(self, spans: Iterable[Interval]) -> None:
        self.starts: list[dt.datetime] = []
        self.ends: list[dt.datetime] = []
        for start, end in sorted(span for span in spans if span[0] < span[1]):
            if self.ends and start <= self.ends[-1]:
                self.ends[-1] = max(end, self.ends[-1])
            else:
                self.starts.append(start)
                self.ends.append(end)

    def __iter__(self) -> Iterator[Interval]:
        return zip(self.starts, self.ends, strict=True)

    def clear(self, starts: Iterable[dt.datetime], *, before: dt.timedelta, after: dt.timedelta) -> list[dt.datetime]:
        """Return those of the sorted `starts` for which no instant of `[start - before, start + after)` is in the set.

        Walks both once: a month of starts meets hundreds of intervals.
        """
        taken = [
            (start - after, end + before) for start, end in self
        ]  # (a start strictly between the two is not clear)
        found, number = [], 0
        for start in starts:
            while number < len(taken) and taken[number][1] <= start:
                number += 1
            if number == len(taken) or start <= taken[number][0]:
                found.append(start)
        return found

    def cover(self, start: dt.datetime, end: dt.datetime) -> bool:
        """Return whether all of `[start, end)` is in the set."""
        at = bisect_right(self.starts, start) - 1
        return at >= 0 and end <= self.ends[at]

    def without(self, others: "IntervalSet") -> list[Interval]:
        """Return the difference: the intervals of this set minus `others`."""
        left: list[Interval] = []
        for start, end in self:
            for taken, free in others:
                if taken < end and start < free:
                    left.append((start, taken))
                    start = free
            left.append((start, end))
        return [span for span in left if span[0] < span[1]]
