"""E-mail backend for one machine: messages become files, links are printed."""

import re
import sys
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class FileBackend(BaseEmailBackend):
    """Write each message to `EMAIL_FILE_PATH/<id>.eml`; print its subject and links."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        settings.EMAIL_FILE_PATH.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            wire = message.message()
            name = re.sub(r"[^\w-]", "", str(wire["Message-ID"]).split("@")[0])
            path = settings.EMAIL_FILE_PATH / f"{name}.eml"
            path.write_bytes(wire.as_bytes())
            links = re.findall(rf"{re.escape(settings.SITE_URL)}/\S+", str(message.body))
            sys.stdout.write(f"Mail “{message.subject}” is in {path}\n" + "".join(f"    {link}\n" for link in links))
            sys.stdout.flush()
        return len(email_messages)
