"""Requests to calendar servers, with failures as sentences for the host, without the server's own words."""

import ssl
from collections.abc import Mapping
from http.client import HTTPException

from clinic.lib.outgoing_requests import RequestRefused, Response, ResponseTooLarge, fetch

from .busy_times import UnreadableCalendar

TIMEOUT = 20.0  # seconds, for the whole exchange
MAX_FEED_BYTES = 5_000_000
MAX_REDIRECTS = 3


def request_calendar(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Response:
    """Send one request and return the response of any status. Raises UnreadableCalendar."""
    limits = {"max_bytes": MAX_FEED_BYTES, "max_redirects": MAX_REDIRECTS}
    try:
        return fetch(url, timeout=TIMEOUT, method=method, headers=headers, body=body, **limits)
    except RequestRefused:
        raise UnreadableCalendar("Only public addresses that begin with https:// can be read.") from None
    except ResponseTooLarge:
        raise UnreadableCalendar("The calendar is too large to read.") from None
    except TimeoutError:
        raise UnreadableCalendar("The server took too long.") from None
    except ssl.SSLCertVerificationError:
        raise UnreadableCalendar("The server’s certificate is not valid.") from None
    except (OSError, HTTPException, ValueError):
        raise UnreadableCalendar("The server cannot be reached.") from None
