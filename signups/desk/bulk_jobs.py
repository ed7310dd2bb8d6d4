"""Start, continue and stop a bulk action that the worker does."""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from signups.leads import bulk_actions
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.offer import current_offer

from .bulk_kinds import KINDS
from .bulk_models import BulkJob

CHUNK = 25  # leads, in one transaction
KEPT_REFUSALS = 100  # of which the reason is kept


def start_job(kind: str, form: forms.Form, leads: list[int], *, by: User, now: dt.datetime) -> BulkJob:
    """Store a bulk action on `leads` for the worker; `form` is valid."""
    entered = {name: form.data.get(name, "") for name in form.fields}
    return BulkJob.objects.create(kind=kind, form=entered, leads=leads, size=len(leads), created_by=by, created_at=now)


def stop_job(job: BulkJob, *, now: dt.datetime) -> None:
    """Leave the rest of the leads as they are. Idempotent."""
    BulkJob.objects.pending().filter(pk=job.pk).update(stopped_at=now, finished_at=now, form=None, leads=[])


@transaction.atomic
def run_next_bulk_step(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: deal with the next CHUNK leads of the oldest job; return their number."""
    job = BulkJob.objects.select_for_update(skip_locked=True).pending().first()
    if job is None:
        return 0
    now, kind = clock(), KINDS[job.kind]
    with timezone.override(ZoneInfo(current_offer().time_zone)):  # (times were entered in the clinic's)
        form = kind.form(job.form)
        valid = form.is_valid()
    keys = job.leads[job.done : job.done + CHUNK]
    found = Lead.objects.select_related("owner").in_bulk(keys)

    def act(lead: Lead) -> None:
        if not valid:
            raise ActionError("What was chosen is no longer available.")
        with transaction.atomic():
            kind.act(lead, job.created_by, now, form.cleaned_data, job.public_id)

    outcome = bulk_actions.apply_to_each([found[key] for key in keys if key in found], act)
    job.done += len(keys)
    job.refused_count += len(outcome.refused)
    job.refused = [*job.refused, *([lead.pk, why] for lead, why in outcome.refused)][:KEPT_REFUSALS]
    if job.done >= job.size:
        job.finished_at, job.form, job.leads = now, None, []
    job.save()
    return len(keys)
