"""Access: who may act on a lead.

Two circles. Those who *work* a lead (its owner, anybody with the role while it has none, the Head) may do everything
their role allows. Those who *are in touch* with the person (also whoever claimed the open callback or hosts the next
call, and until the end of that day whoever called them, hosted their call or logged its outcome) may log outcomes,
write notes, book and reschedule calls and send the templates. Everything else is for those who work the lead.
"""

import datetime as dt
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from signups.audit.actions import Actor
from signups.audit.choices import AuditAction
from signups.offer import current_offer

from .locking import ActionError, lock_lead
from .models import Lead

OTHER_OWNER = "This lead is somebody else’s."


def can_work_lead(user: User, lead: Lead) -> bool:
    """Return whether `user` may work `lead`.

    Coordinators work their own and unassigned leads; the Head works all.
    """
    in_scope = lead.owner_id in (None, user.pk) or user.has_perm("signups.work_any_lead")
    return in_scope and user.has_perm("signups.change_lead")


def can_contact_lead(user: User, lead: Lead, now: dt.datetime | None = None) -> bool:
    """Return whether `user` may contact `lead`, and log what came of it."""
    if can_work_lead(user, lead):
        return True
    return user.has_perm("signups.change_lead") and _is_in_touch(user, lead, now or timezone.now())


def _is_in_touch(user: User, lead: Lead, now: dt.datetime) -> bool:
    """Return whether `user` has the lead's open callback or next call, or had one of them today."""
    zone = ZoneInfo(current_offer().time_zone)
    midnight = dt.datetime.combine(now.astimezone(zone).date(), dt.time(), zone)
    claimed = Q(claimed_by=user) & (Q(closed_at=None) | Q(closed_at__gte=midnight))
    attempted = Q(attempts__attempted_by=user, attempts__attempted_at__gte=midnight)
    if lead.callbacks.filter(claimed | attempted).exists():
        return True
    hosted = lead.calls.filter(host__user=user).exclude(status="cancelled")
    if hosted.filter(Q(status="booked") | Q(changed_at__gte=midnight)).exists():
        return True
    settled = (AuditAction.CALL_COMPLETED, AuditAction.CALL_MISSED)
    return lead.events.filter(actor=user, action__in=settled, occurred_at__gte=midnight).exists()


def lock_lead_for_work(lead: Lead, by: Actor) -> Lead:
    """Return the current row of `lead`, locked until the commit.

    Raises ActionError when `by` may not work the lead, LeadUnavailable when it was merged or erased.
    """
    stored = lock_lead(lead)
    if isinstance(by, User) and not can_work_lead(by, stored):
        raise ActionError(OTHER_OWNER)
    return stored


def lock_lead_for_contact(lead: Lead, by: Actor, now: dt.datetime) -> Lead:
    """Return the current row of `lead`, locked until the commit.

    Raises ActionError when `by` may not contact the lead, LeadUnavailable when it was merged or erased.
    """
    stored = lock_lead(lead)
    if isinstance(by, User) and not can_contact_lead(by, stored, now):
        raise ActionError(OTHER_OWNER)
    return stored
