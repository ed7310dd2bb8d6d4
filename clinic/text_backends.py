"""Backends that send texts: files on one machine, or Twilio (`settings.TEXT_BACKEND`)."""

import datetime as dt
import re
import sys
from functools import cached_property
from typing import TYPE_CHECKING

from django.conf import settings

from clinic.lib.text_messages import TextRefused, count_segments

if TYPE_CHECKING:
    from twilio.rest import Client

# https://www.twilio.com/docs/api/errors
OPTED_OUT = {21610}
CANNOT_RECEIVE_TEXTS = {21211, 21217, 21265, 21614, 21635}


class TextFileBackend:
    """Write each text to `TEXT_FILE_PATH/<reference>.txt`, and print it."""

    def send(self, to: str, body: str, reference: str) -> str:
        settings.TEXT_FILE_PATH.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w-]", "", reference)
        path = settings.TEXT_FILE_PATH / f"{name}.txt"
        path.write_text(f"To: {to}\nSegments: {count_segments(body)}\nAt: {dt.datetime.now(dt.UTC):%c}\n\n{body}\n")
        sys.stdout.write(f"Text to {to} is in {path}\n    {body}\n")
        sys.stdout.flush()
        return f"file-{reference}"


class TwilioBackend:
    """Send through Twilio's REST API; its reports come to `/webhooks/texts/status/<reference>/`."""

    @cached_property
    def _client(self) -> "Client":
        from twilio.http.http_client import TwilioHttpClient  # takes half a second, so only who sends texts imports it
        from twilio.rest import Client

        client = Client(
            settings.TWILIO_ACCOUNT_SID,
            settings.TWILIO_AUTH_TOKEN,
            http_client=TwilioHttpClient(timeout=settings.EMAIL_TIMEOUT),
        )
        client.api.base_url = settings.TWILIO_API_URL
        return client

    def send(self, to: str, body: str, reference: str) -> str:
        from twilio.base.exceptions import TwilioRestException

        sender = settings.TWILIO_SENDER
        by_service = sender.startswith("MG")
        try:
            message = self._client.messages.create(
                to=to,
                body=body,
                status_callback=f"{settings.SITE_URL}/webhooks/texts/status/{reference}/",
                **({"messaging_service_sid": sender} if by_service else {"from_": sender}),
            )
        except TwilioRestException as error:
            raise _refusal(error.status, error.code) from None  # (its own message repeats the number)
        return str(message.sid)


def _refusal(status: int, code: int | None) -> TextRefused:
    """Return what an HTTP status and Twilio's error code mean.

    Of the client errors only those about the request itself are final: credentials and limits can be mended.
    """
    known = code in OPTED_OUT or code in CANNOT_RECEIVE_TEXTS
    return TextRefused(
        str(code or status),
        permanent=known or (status == 400 and code is not None),
        opted_out=code in OPTED_OUT,
        unreachable=code in CANNOT_RECEIVE_TEXTS,
    )
