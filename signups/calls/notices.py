"""What staff read about the message that an act of theirs wrote, or did not write."""

from signups.messages.choices import MessageChannel
from signups.messages.kinds import MessageKind

from .models import OnboardingCall


def describe_notice(kind: MessageKind, done: str, call: OnboardingCall) -> str:
    """Return `done`, and how the person is notified by `kind` about this version of the call, or that they are not."""
    written = call.messages.filter(kind=kind.value, call_sequence=call.sequence).values_list("channel", flat=True)
    if channels := sorted(MessageChannel(channel).label.lower() for channel in set(written)):
        return f"{done} {call.lead} is notified by {' and '.join(channels)}."
    return f"{done} {call.lead} was not notified: there is no address to write to. Tell them yourself."
