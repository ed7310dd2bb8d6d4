"""Registry of message kinds: everything that depends on the kind of an email or text.

A feature registers its kinds in its `emails` module; `SignupsConfig.ready` imports those modules.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from .choices import MessageChannel

if TYPE_CHECKING:
    from .models import OutboxMessage


@dataclass(frozen=True, eq=False)
class MessageKind:
    """One kind of email or text.

    `value` is stored in `OutboxMessage.kind` and names the templates, `emails/<value>.{subject.txt,txt,html}` or
    `texts/<value>.txt`. Callables receive the message, with its lead, as of the moment of sending.
    """

    value: str
    label: str
    _: KW_ONLY
    # What it is sent as; as a text only to who chose texts (`outbox.enqueue`).
    channels: tuple[MessageChannel, ...] = (MessageChannel.EMAIL,)
    # The answer to a keyword such as STOP: sent without consent and at any hour.
    answers_keyword: bool = False
    # Sent although mail to the address came back before: the person asked for it again just now.
    asked_again: bool = False
    # Not an answer to an action of the recipient: an opt-out or a suppressed address cancels it.
    unsolicited: bool = False
    # Sent only in the daytime of the lead's time zone.
    quiet_hours: bool = False
    # Sent to a staff user: contains only the lead's initials and none of the lead's links.
    to_staff: bool = False
    # Sent although the lead was erased or merged; the row of an erased lead's message is blanked right after.
    survives_erasure: bool = False
    # (message, now) -> False cancels the message, because its content is outdated.
    still_relevant: Callable[["OutboxMessage", dt.datetime], bool] | None = None
    # Earliest moment of sending, in addition to `send_at`; None: no limit.
    hold_until: Callable[["OutboxMessage"], dt.datetime | None] | None = None
    # Set for kinds enqueued long before delivery: returns the template context for rendering again at delivery.
    context_at_sending: Callable[["OutboxMessage"], dict[str, Any]] | None = None


_registry: dict[str, MessageKind] = {}


def register(kind: MessageKind) -> MessageKind:
    """Add `kind` and return it. Raises ValueError for a duplicate value."""
    if kind.value in _registry:
        raise ValueError(f"message kind {kind.value!r} is registered already")
    _registry[kind.value] = kind
    return kind


def get(value: str) -> MessageKind:
    """Return the kind stored as `value`. Raises KeyError for an unregistered one."""
    return _registry[value]


def registered() -> list[MessageKind]:
    return list(_registry.values())


def kind_choices() -> list[tuple[str, str]]:
    """Choices of `OutboxMessage.kind`: a callable, so a new kind needs no migration."""
    return [(kind.value, kind.label) for kind in registered()]


def surviving_erasure() -> list[str]:
    """Values of the kinds that are sent although the lead was erased."""
    return [kind.value for kind in registered() if kind.survives_erasure]
