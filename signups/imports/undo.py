"""Undo an import, for 30 days: take out the leads that it created and empty what it filled in others.

A lead that has been worked with since, or that signed up, stays: it is no longer only a row of the list.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef

from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.leads.choices import LeadStatus
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.leads.tag_models import LeadTag

from .actions import require_import_permission, set_status
from .choices import ImportStatus, RowOutcome
from .models import ImportJob
from .outcomes import RowResult

# Events that leave a lead a mere row of the list.
UNTOUCHED = (
    AuditAction.IMPORTED,
    AuditAction.READ,
    AuditAction.LISTED,
    AuditAction.EXPORTED,
    AuditAction.ASSIGNED,
)
EMPTY: dict[str, Any] = {
    "email": "", "email_key": "", "phone": "", "phone_e164": "", "phone_extension": "", "state": "", "owner_id": None,
    "unsubscribed_at": None, "do_not_call_at": None, "no_texts_at": None,
}  # fmt: skip


@transaction.atomic
def undo_import(*, job: ImportJob, by: User, now: dt.datetime) -> None:
    """Queue the import to be undone by the worker. Raises ActionError after the undo window."""
    require_import_permission(by)
    job.refresh_from_db()
    if not job.may_be_undone(now):
        raise ActionError("This import can no longer be undone.")
    set_status(job, ImportStatus.UNDOING, [ImportStatus.DONE, ImportStatus.DROPPED])
    ImportJob.objects.filter(pk=job.pk).update(created_by=by)
    record_event(None, AuditAction.IMPORT_UNDONE, by=by, now=now, target=f"import:{job.pk}", count=job.size)


@transaction.atomic
def run_next_undo_step(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: undo one chunk of an import. Returns its number of rows, 0 when there is nothing to do."""
    job = ImportJob.objects.select_for_update().filter(status=ImportStatus.UNDOING).order_by("pk").first()
    if job is None:
        return 0
    part = job.parts.select_for_update().filter(done_at__isnull=False, undone_at=None).first()
    if part is None:
        ImportJob.objects.filter(pk=job.pk).update(status=ImportStatus.UNDONE)
        return 0
    now, imported_at, found = (
        clock(),
        part.done_at or job.created_at,
        [RowResult.from_json(one) for one in part.outcomes],
    )
    created = [one.lead for one in found if one.outcome == RowOutcome.CREATED and one.lead]
    _remove_leads(job, created, imported_at, now)
    for one in found:
        if one.outcome == RowOutcome.UPDATED and one.lead and one.lead not in created:
            _empty_filled(job, one, imported_at, now)
    type(part).objects.filter(pk=part.pk).update(undone_at=now)
    return part.size


def _remove_leads(job: ImportJob, keys: list[int], imported_at: dt.datetime, now: dt.datetime) -> None:
    """Take out the leads that nobody has worked with since."""
    events = AuditEvent.objects.filter(lead=OuterRef("pk"), occurred_at__gt=imported_at).exclude(action__in=UNTOUCHED)
    by_import = {"action": AuditAction.DETAILS_CHANGED, "detail__import": job.pk}
    live = Lead.objects.live().filter(pk__in=keys, import_job=job).select_for_update()
    untouched = list(live.exclude(Exists(events.exclude(**by_import))).values_list("pk", flat=True))
    LeadTag.objects.filter(lead__in=untouched).delete()
    Lead.objects.filter(pk__in=untouched).update(
        **Lead.PII_FIELDS,
        status=LeadStatus.REMOVED,
        owner=None,
        unsubscribed_at=None,
        do_not_call_at=None,
        no_texts_at=None,
    )
    by: dict[str, Any] = {"actor_kind": ActorKind.STAFF, "actor_id": job.created_by_id, "occurred_at": now}
    undone = [
        AuditEvent(lead_id=key, action=AuditAction.IMPORT_UNDONE, detail={"import": job.pk}, **by) for key in untouched
    ]
    AuditEvent.objects.bulk_create(undone, batch_size=1000)


def _empty_filled(job: ImportJob, result: RowResult, filled_at: dt.datetime, now: dt.datetime) -> None:
    """Empty what the row filled in a lead, unless somebody has changed the lead since."""
    leads = Lead.objects.live().filter(pk=result.lead or 0).select_for_update()
    events = AuditEvent.objects.filter(lead=result.lead, occurred_at__gt=filled_at).exclude(action__in=UNTOUCHED)
    if not leads.exists() or events.exists():
        return
    emptied = {name: EMPTY[name] for name in result.filled if name in EMPTY}
    reachable = leads.exclude(email_key="" if "phone_e164" in emptied else "-").exclude(
        phone_e164="" if "email_key" in emptied else "-"
    )
    if emptied and reachable.update(**emptied):
        lead = Lead(pk=result.lead)
        detail: dict[str, Any] = {"changed": sorted(emptied), "import": job.pk}
        record_event(lead, AuditAction.DETAILS_CHANGED, by=job.created_by, now=now, **detail)
