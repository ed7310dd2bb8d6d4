"""Send one message of each kind to an address, and say what came of it."""

import argparse
import datetime as dt
from types import SimpleNamespace
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.safestring import mark_safe

from clinic.lib import time_zones
from signups.leads.models import Lead
from signups.messages import failures, kinds, outbox
from signups.messages.choices import MessageChannel
from signups.messages.models import OutboxMessage
from signups.messages.transports import Transports
from signups.offer import current_offer

DNS_RECORDS = """\
The sender is {mailbox}. Check the records of its domain:
    dig +short TXT {domain}           one record that begins with v=spf1 and names your mail server
    dig +short TXT _dmarc.{domain}    v=DMARC1; p=quarantine or p=reject
and in the source of a message that arrived: spf=pass, dkim=pass and dmarc=pass, all for {domain}.
"""


class Command(BaseCommand):
    help = "Send one made-up message of each kind to an address, to see that they arrive. Nothing is stored."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("address", help="an email address, or a number (+1…) for the texts")
        parser.add_argument("--kind", choices=[kind.value for kind in kinds.registered()], help="only this kind")

    def handle(self, *, address: str, kind: str | None, **options: Any) -> None:
        channel = MessageChannel.EMAIL if "@" in address else MessageChannel.TEXT
        chosen = [one for one in kinds.registered() if channel in one.channels and kind in (None, one.value)]
        if not chosen:
            raise CommandError(f"This kind is not sent by {channel}.")
        transports, refused = Transports(), 0
        for one in chosen:
            try:
                transports.send(_message(one, channel, address))
                result = "accepted"
            except Exception as error:  # (each kind is tried)
                refused += 1
                result = f"refused: {failures.summarize(error)}"
            self.stdout.write(f"{one.value}: {result}")
        transports.close()
        if channel == MessageChannel.EMAIL:
            mailbox = current_offer().mailbox
            self.stdout.write(DNS_RECORDS.format(mailbox=mailbox, domain=mailbox.rpartition("@")[2]))
        if refused:
            raise CommandError(f"{refused} of {len(chosen)} were refused.")


def _message(kind: kinds.MessageKind, channel: MessageChannel, address: str) -> OutboxMessage:
    """Return an unsaved message of this kind, about nobody."""
    now, zone = timezone.now(), current_offer().time_zone
    lead = Lead(name="Test Person", email=address, phone_e164=address, time_zone=zone)
    render = outbox.render_text if channel == MessageChannel.TEXT else outbox.render
    content = render(kind, lead, _context(now, zone))
    return OutboxMessage(
        lead=lead,
        kind=kind.value,
        channel=channel,
        to=address,
        subject=f"[Test] {content.subject}",
        text=content.text,
        html=content.html,
        send_at=now,
    )


def _context(now: dt.datetime, zone: str) -> dict[str, Any]:
    """Return made-up values of everything that a template names."""
    clinic, link = current_offer(), "https://example.com/test/"
    when = time_zones.format_moment(now, zone)
    return {
        **dict.fromkeys(("link", "my", "start", "desk"), link),
        **dict.fromkeys(("when", "ends"), when),
        **dict.fromkeys(("when_short", "undo_until"), time_zones.format_short(now, zone)),
        "ends_day": f"{now:%A, %B} {now.day}",
        "trial": SimpleNamespace(days=clinic.trial_days, guarantee_days=clinic.guarantee_days),
        "host": SimpleNamespace(public_name="Your host"),
        "initials": "T. P.",
        "state": "your state",
        "at": now,
        "last_day": now.date(),
        "title": "A test",
        "words": "This is a test.",
        "marked": mark_safe("<p>This is a test.</p>"),
    }
