"""The registry of message kinds: one entry says everything that depends on what kind of e-mail a message is.

A feature registers its kinds in its `emails` module; `SignupsConfig.ready` imports those modules.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .models import OutboxMessage


@dataclass(frozen=True, eq=False)
class MessageKind:
    """`value` is stored in `OutboxMessage.kind` and names the templates, `emails/<value>.{subject.txt,txt,html}`.

    Callables get the message with its lead as they are at the moment of sending.
    """

    value: str
    label: str
    _: KW_ONLY
    # Answers nothing that its recipient just did: an opt-out or a suppressed address cancels it.
    unsolicited: bool = False
    # Nobody chose its hour: it is sent in the daytime of the lead's time zone.
    quiet_hours: bool = False
    # Goes to a member of staff: holds nothing about the lead but initials, and no link of theirs.
    to_staff: bool = False
    # Is sent although its lead was erased or merged; the row of an erased lead's message is blanked right after.
    survives_erasure: bool = False
    # False cancels the message: what it says is no longer true. (message, now)
    still_relevant: Callable[["OutboxMessage", dt.datetime], bool] | None = None
    # Not sent before this moment, on top of `send_at`; None: no such moment.
    hold_until: Callable[["OutboxMessage"], dt.datetime | None] | None = None
    # Given for a message enqueued long before it is sent: the template context from which it is rendered again then.
    context_at_sending: Callable[["OutboxMessage"], dict[str, Any]] | None = None


_registry: dict[str, MessageKind] = {}


def register(kind: MessageKind) -> MessageKind:
    """Add `kind` and return it. Raises ValueError for a value that is taken."""
    if kind.value in _registry:
        raise ValueError(f"message kind {kind.value!r} is registered already")
    _registry[kind.value] = kind
    return kind


def get(value: str) -> MessageKind:
    """Return the kind stored as `value`. Raises KeyError for one that nobody registered."""
    return _registry[value]


def registered() -> list[MessageKind]:
    return list(_registry.values())


def kind_choices() -> list[tuple[str, str]]:
    """Choices of `OutboxMessage.kind`: a callable, so that a new kind needs no migration."""
    return [(kind.value, kind.label) for kind in registered()]


def surviving_erasure() -> list[str]:
    """Values of the kinds that are sent although their lead was erased."""
    return [kind.value for kind in registered() if kind.survives_erasure]
