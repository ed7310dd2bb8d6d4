"""Sets of half-open spans `[start, end)`. Empty ones are dropped, touching ones join; touching is not overlapping."""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Interval = tuple[dt.datetime, dt.datetime]


class IntervalSet:
    """The union of `spans`, given in any order: disjoint and sorted, each question answered in log time."""

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

    def overlap(self, start: dt.datetime, end: dt.datetime) -> bool:
        """Whether any instant of `[start, end)` is in the set."""
        return bisect_left(self.starts, end) > bisect_right(self.ends, start)

    def cover(self, start: dt.datetime, end: dt.datetime) -> bool:
        """Whether all of `[start, end)` is in the set, without a gap."""
        at = bisect_right(self.starts, start) - 1
        return at >= 0 and end <= self.ends[at]

    def without(self, others: "IntervalSet") -> list[Interval]:
        """What is left of the set when `others` is taken out of it."""
        left: list[Interval] = []
        for start, end in self:
            for taken, free in others:
                if taken < end and start < free:
                    left.append((start, taken))
                    start = free
            left.append((start, end))
        return [span for span in left if span[0] < span[1]]
