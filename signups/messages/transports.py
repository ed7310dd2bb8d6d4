"""Hand messages to the mail server and to the provider of texts."""

import smtplib
from contextlib import suppress

from django.conf import settings
from django.core.mail import get_connection
from django.utils.module_loading import import_string

from clinic.lib.text_messages import TextRefused, TextSender

from .choices import MessageChannel
from .email_builder import build_email
from .models import OutboxMessage


class Transports:
    """The connections of one batch of messages."""

    def __init__(self) -> None:
        self._mail_server = get_connection()
        self._text_backend: TextSender | None = None

    def send(self, message: OutboxMessage) -> None:
        """Send one message. Raises the errors of the mail server or provider."""
        if message.channel == MessageChannel.TEXT:
            self._text_backend = self._text_backend or text_backend()
            self._text_backend.send(message.to, message.text, str(message.pk))
            return
        self._mail_server.open()  # no-op while the connection is open
        self._mail_server.send_messages([build_email(message)])

    def close(self) -> None:
        with suppress(OSError, smtplib.SMTPException):  # all results are recorded already
            self._mail_server.close()


def text_backend() -> TextSender:
    """Return the backend of `settings.TEXT_BACKEND`. Raises TextRefused when the clinic sends no texts."""
    if not settings.TEXT_BACKEND:
        raise TextRefused("not configured")
    backend: TextSender = import_string(settings.TEXT_BACKEND)()
    return backend
