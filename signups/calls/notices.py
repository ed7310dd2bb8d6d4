"""What staff read about the message that an act of theirs wrote, or did not write."""

from django.utils import timezone

from clinic.lib import time_zones
from signups.messages.choices import MessageChannel
from signups.messages.kinds import MessageKind

from .models import OnboardingCall


def describe_notice(kind: MessageKind, done: str, call: OnboardingCall) -> str:
    """Return `done`, and how the person is notified by `kind` about this version of the call, or that they are not."""
    messages = call.messages.filter(kind=kind.value, call_sequence=call.sequence)
    written = dict(messages.values_list("channel", "send_at"))
    if channels := sorted(MessageChannel(channel).label.lower() for channel in written):
        later = min(written.values()) > timezone.now()
        at = (
            f" at {time_zones.local_time(min(written.values()), timezone.get_current_timezone_name())}" if later else ""
        )
        undo = " You can undo this until then." if later else ""
        return f"{done} {call.lead} is notified by {' and '.join(channels)}{at}.{undo}"
    return f"{done} {call.lead} was not notified: there is no address to write to. Tell them yourself."
