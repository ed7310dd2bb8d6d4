"""CalDAV (RFC 4791) through the `caldav` library, whose requests all go through `request_calendar`."""

import base64
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clinic.lib.outgoing_requests import Response

from .busy_times import UnreadableCalendar
from .http import request_calendar

if TYPE_CHECKING:
    from caldav.davclient import DAVClient
    from icalendar import Calendar


@dataclass(frozen=True)
class FoundCalendar:
    url: str
    name: str


@dataclass
class _SafeSession:
    """Stands in for the library's HTTP session: `request` and `close` are all that it uses."""

    headers: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, url: str, *, data: Any = b"", headers: Any = None, **options: Any) -> Any:
        body = data.encode() if isinstance(data, str) else data or None
        headers = {**self.headers, **dict(headers or {})}
        return _as_library_response(request_calendar(method, url, headers=headers, body=body))

    def close(self) -> None:
        """Nothing stays open."""


def _as_library_response(response: Response) -> Any:
    """Return the response as one of the HTTP library that caldav uses, whose attributes it reads."""
    from caldav.lib.http_sync import Response as LibraryResponse

    found = LibraryResponse()
    found.status_code, found.url, found._content = response.status, response.url, response.body
    found.headers.update(response.headers.items())
    found.reason = ""
    return found


@contextmanager
def caldav_session(url: str, username: str, password: str) -> Iterator["DAVClient"]:
    """Yield a client. Raises UnreadableCalendar for what the server refuses, without its own words."""
    from caldav.davclient import DAVClient
    from caldav.lib import error

    basic = base64.b64encode(f"{username}:{password}".encode()).decode()
    client = DAVClient(url, enable_rfc6764=False)
    client.session = _SafeSession({"Authorization": f"Basic {basic}"})  # type: ignore[assignment]
    try:
        yield client
    except error.AuthorizationError:
        raise UnreadableCalendar("The server does not accept the user name or password.") from None
    except (error.DAVError, ValueError, KeyError, AttributeError, TypeError):
        raise UnreadableCalendar("The server did not answer as a CalDAV server does.") from None


def find_calendars(url: str, username: str, password: str) -> list[FoundCalendar]:
    """Return the calendars of the account at `url`. Raises as `caldav_session` does."""
    with caldav_session(url, username, password) as client:
        calendars = client.principal().calendars()
        return [FoundCalendar(str(one.url), str(one.get_display_name() or "Calendar")) for one in calendars]


def read_events(url: str, username: str, password: str, begin: dt.datetime, end: dt.datetime) -> list["Calendar"]:
    """Return the objects of the calendar at `url` with an event in `[begin, end)`. Raises as `caldav_session` does."""
    with caldav_session(url, username, password) as client:
        found = client.calendar(url=url).search(start=begin, end=end, event=True, expand=False)
        return [one.icalendar_instance for one in found if one.icalendar_instance]


def put_event(url: str, username: str, password: str, name: str, text: str) -> None:
    """Create or replace the object `name` of the calendar. Raises as `caldav_session` does."""
    with caldav_session(url, username, password) as client:
        response = client.put(_member(url, name), text, {"Content-Type": "text/calendar; charset=utf-8"})
        if response.status not in (200, 201, 204):
            raise UnreadableCalendar("The server does not let us write to this calendar.")


def delete_event(url: str, username: str, password: str, name: str) -> None:
    """Delete the object `name` of the calendar, if it is there. Raises as `caldav_session` does."""
    from caldav.lib import error

    with caldav_session(url, username, password) as client:
        try:
            client.delete(_member(url, name))
        except error.NotFoundError:
            return


def _member(url: str, name: str) -> str:
    return f"{url.rstrip('/')}/{name}.ics"
