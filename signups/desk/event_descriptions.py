"""Descriptions of audit events for the lead timeline and the audit log."""

from collections.abc import Iterable, Iterator

from django.contrib.auth.models import User

from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.audit.staff_users import display_name
from signups.callbacks.choices import CallOutcome
from signups.consents.choices import ConsentPurpose
from signups.leads.choices import Channel, LeadStatus
from signups.leads.tag_models import Tag


def describe_all(events: list[AuditEvent]) -> Iterator[tuple[AuditEvent, str, str]]:
    """Yield (event, actor name, description)."""
    owners, tags = _owner_names(events), _tag_names(events)
    for event in events:
        actor = display_name(event.actor) if event.actor else ActorKind(event.actor_kind).label
        yield event, actor, describe(event, owners, tags)


def _owner_names(events: Iterable[AuditEvent]) -> dict[int, str]:
    """Return key → name of the owners in assignment events."""
    given = {event.detail.get("owner") for event in events if event.action == AuditAction.ASSIGNED} - {None}
    return {pk: display_name(user) for pk, user in User.objects.in_bulk(given).items()} if given else {}


def _tag_names(events: Iterable[AuditEvent]) -> dict[int, str]:
    """Return key → current name of the tags in the events."""
    named = {event.detail.get("tag") for event in events} - {None}
    return {pk: tag.name for pk, tag in Tag.objects.in_bulk(named).items()} if named else {}


def describe(event: AuditEvent, owners: dict[int, str], tags: dict[int, str]) -> str:
    """Return a description without its subject, such as “assigned the lead to Ada”.

    `owners` and `tags` map keys to names.
    """
    detail = event.detail
    match event.action:
        case AuditAction.ASSIGNED if "owner" in detail:
            owner = owners.get(detail["owner"])
            return f"assigned the lead to {owner}" if owner else "unassigned the lead"
        case AuditAction.MOVED if "seen" in detail:
            before, after = LeadStatus(detail["seen"]), LeadStatus(detail["to"])
            return f"changed status from {before.label.lower()} to {after.label.lower()}"
        case AuditAction.TRIED | AuditAction.CALL_ATTEMPTED if "outcome" in detail:
            return f"{event.get_action_display()}: {CallOutcome(detail['outcome']).label.lower()}"
        case AuditAction.INCOMING if "channel" in detail:
            return f"logged an incoming {Channel(detail['channel']).label.lower()}"
        case AuditAction.CONSENT_GRANTED | AuditAction.CONSENT_REVOKED if "purpose" in detail:
            return f"{event.get_action_display()}: {ConsentPurpose(detail['purpose']).label}"
        case AuditAction.TAGGED | AuditAction.UNTAGGED if detail.get("tag") in tags:
            return f"{event.get_action_display()}: {tags[detail['tag']]}"
    return event.get_action_display()
