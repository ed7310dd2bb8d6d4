"""What somebody may do with everything we hold about them: take it along, or have it erased.

Both walk every table of this room that has a `lead`; each says in `PERSONAL` what of a row is about the person, and
what stands there after erasure.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models, transaction

from signups import links
from signups.models import Lead, Suppression
from signups.models.suppressions import digest
from signups.states import LeadStatus, MessageStatus, Verb

from . import events


@transaction.atomic
def erase(lead: Lead, *, by: events.Actor, now: dt.datetime) -> None:
    """Everything personal is gone at once, for good; what happened and when stays. Again, it changes nothing."""
    lead = Lead.objects.select_for_update().get(pk=lead.pk)
    if lead.status == LeadStatus.ERASED:
        return
    if lead.email:
        Suppression.objects.get_or_create(digest=digest(lead.email), defaults={"at": now})
    lead.trials.open().update(cancelled_at=now)
    lead.messages.pending().update(status=MessageStatus.WITHDRAWN)
    for model in tables():
        if personal := model.PERSONAL:  # type: ignore[attr-defined]
            # A plain QuerySet: erasure alone may change a record that is otherwise only added to.
            models.QuerySet(model).filter(lead=lead).update(**personal)
    Lead.objects.filter(pk=lead.pk).update(**Lead.PERSONAL, status=LeadStatus.ERASED)
    events.record(lead, Verb.ERASED, by=by, now=now)


def export(lead: Lead) -> dict[str, Any]:
    """Table → its rows about `lead`, oldest first, as what JSON can hold; `lead` itself is one row."""
    held: dict[str, Any] = {"lead": _row(lead)}
    for model in tables():
        rows = model._default_manager.filter(lead=lead).order_by("pk")
        held[str(model._meta.verbose_name_plural)] = [_row(row) for row in rows]
    return held


def tables() -> Iterator[type[models.Model]]:
    """Every model of this room with a `lead`."""
    for model in apps.get_app_config("signups").get_models():
        if any(field.name == "lead" and field.related_model is Lead for field in model._meta.concrete_fields):
            yield model


def _row(row: models.Model) -> dict[str, Any]:
    """Every column but keys, leases and staff: what it is called → what it says, in a word people use."""
    told = {}
    for field in row._meta.concrete_fields:
        if field.primary_key or field.name in ("lead", "lease", "leased_until"):
            continue
        if isinstance(field, models.ForeignKey) and field.remote_field.model._meta.app_label != "signups":
            continue
        value = getattr(row, field.name)
        if field.choices:
            value = getattr(row, f"get_{field.name}_display")()
        elif isinstance(value, dt.datetime):
            value = value.isoformat()
        elif not isinstance(value, bool | int | float | dict | list | None):
            value = links.redact(str(value))
        told[str(field.verbose_name)] = value
    return told
