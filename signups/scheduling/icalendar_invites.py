"""iCalendar invitations and feeds of calls (RFC 5545, RFC 5546).

Times are in UTC, so that no VTIMEZONE is needed. Entries reveal nothing about the call beyond the given texts.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icalendar import Calendar, Component, Event

REFRESH, REFRESH_TEXT = dt.timedelta(minutes=15), "PT15M"
PRODUCT = "-//clinic//onboarding calls//EN"


@dataclass(frozen=True)
class CalendarEntry:
    """One call in a calendar.

    `uid` never changes, `sequence` increases with every change; `stamp` is the time of writing.
    """

    uid: str
    sequence: int
    start: dt.datetime
    end: dt.datetime
    stamp: dt.datetime
    summary: str
    organizer: str
    organizer_name: str
    cancelled: bool = False


def render_invitation(entry: CalendarEntry, *, attendee: str) -> str:
    """Return an invitation for one attendee.

    REQUEST to create or change the entry (RFC 5546 §3.2.2), CANCEL for a cancelled call (§3.2.5). The organizer is the
    clinic's mailbox, so that another host can take over the same entry.
    """
    from icalendar import vCalAddress

    event = _event(entry)
    guest = vCalAddress(f"mailto:{attendee}")
    guest.params.update({"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
    event.add("attendee", guest)
    return _text(_calendar("CANCEL" if entry.cancelled else "REQUEST"), [event])


def render_copy(entry: CalendarEntry) -> str:
    """Return the entry as an object of a CalDAV calendar: without METHOD (RFC 4791 §4.1) and without an organizer.

    With one, servers that send invitations of their own would write to it.
    """
    event = _event(entry)
    del event["organizer"]
    return _text(_calendar(""), [event])


def render_feed(entries: Iterable[CalendarEntry], *, name: str) -> str:
    """Return a calendar to subscribe to (PUBLISH, RFC 5546 §3.2.1), to be read again after REFRESH.

    It has no attendees, and is complete: what is not in it is off. A time zone keeps an empty one valid (RFC 5545
    §3.6).
    """
    from icalendar import Timezone

    calendar = _calendar("PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})  # RFC 7986 §5.7
    calendar.add("x-published-ttl", REFRESH_TEXT)
    events = [_event(entry) for entry in entries]
    return _text(calendar, events or [Timezone.from_tzid("UTC")])


def _calendar(method: str) -> "Calendar":
    from icalendar import Calendar  # lazy import: it takes 210 ms

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    return calendar


def _event(entry: CalendarEntry) -> "Event":
    from icalendar import Event, vCalAddress, vText

    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamp)
    event.add("dtstart", entry.start)
    event.add("dtend", entry.end)
    event.add("summary", entry.summary)
    organizer = vCalAddress(f"mailto:{entry.organizer}")
    organizer.params["CN"] = vText(entry.organizer_name)
    event.add("organizer", organizer)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if entry.cancelled else "OPAQUE")
    return event


def _text(calendar: "Calendar", components: Iterable["Component"]) -> str:
    for component in components:
        calendar.add_component(component)
    text: str = calendar.to_ical().decode()
    return text
