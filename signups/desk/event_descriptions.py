"""Audit events in words, for the timeline of a lead and for the audit log."""

from collections.abc import Iterable, Iterator

from django.contrib.auth.models import User

from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.callbacks.choices import CallOutcome
from signups.consents.choices import ConsentPurpose
from signups.leads.choices import LeadStatus
from signups.leads.tag_models import Tag


def describe_all(events: list[AuditEvent]) -> Iterator[tuple[AuditEvent, str, str]]:
    """Yield each event with the name of its actor and what was done."""
    owners, tags = _owner_names(events), _tag_names(events)
    for event in events:
        actor = display_name(event.actor) if event.actor else ActorKind(event.actor_kind).label
        yield event, actor, describe(event, owners, tags)


def _owner_names(events: Iterable[AuditEvent]) -> dict[int, str]:
    """Return the names of the owners that leads were given, by key."""
    given = {event.detail.get("owner") for event in events if event.action == AuditAction.ASSIGNED} - {None}
    return {pk: display_name(user) for pk, user in User.objects.in_bulk(given).items()} if given else {}


def _tag_names(events: Iterable[AuditEvent]) -> dict[int, str]:
    """Return the current names of the tags that were added or removed, by key."""
    named = {event.detail.get("tag") for event in events} - {None}
    return {pk: tag.name for pk, tag in Tag.objects.in_bulk(named).items()} if named else {}


def display_name(user: User) -> str:
    return user.get_full_name() or user.get_username()


def describe(event: AuditEvent, owners: dict[int, str], tags: dict[int, str]) -> str:
    """Return what was done, as a sentence without its subject; `owners` and `tags` are names by key."""
    detail = event.detail
    match event.action:
        case AuditAction.ASSIGNED if "owner" in detail:
            return f"gave the lead to {owners.get(detail['owner'], 'nobody')}"
        case AuditAction.MOVED if "seen" in detail:
            return f"moved it from {LeadStatus(detail['seen']).label} to {LeadStatus(detail['to']).label}"
        case AuditAction.TRIED | AuditAction.CALL_ATTEMPTED if "outcome" in detail:
            return f"{event.get_action_display()}: {CallOutcome(detail['outcome']).label.lower()}"
        case AuditAction.CONSENT_GRANTED | AuditAction.CONSENT_REVOKED if "purpose" in detail:
            return f"{event.get_action_display()}: {ConsentPurpose(detail['purpose']).label}"
        case AuditAction.TAGGED | AuditAction.UNTAGGED if detail.get("tag") in tags:
            return f"{event.get_action_display()}: {tags[detail['tag']]}"
    return event.get_action_display()
