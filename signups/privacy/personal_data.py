"""Personal data of a lead over all models: enumerate, serialize, download."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models, transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.messages.models import OutboxMessage

from .models import DataExportChunk, DataExportJob


def delete_data_export(lead: Lead) -> None:
    """Deletes the copy made or being made for `lead`. (Its lock first: the worker may be planning its parts.)"""
    for copy in DataExportJob.objects.select_for_update().filter(lead=lead):
        copy.delete()


@transaction.atomic
def download_my_data(lead: Lead, *, by: Actor, now: dt.datetime) -> dict[str, Any]:
    """What `export` says, and the event that it was taken."""
    record_event(lead, AuditAction.DOWNLOADED, by=by, now=now)
    return export_lead_data(lead)


def export_lead_data(lead: Lead) -> dict[str, Any]:
    """Table → its rows about `lead`, oldest first, as what JSON can hold; `lead` itself is one row."""
    held: dict[str, Any] = {"lead": serialize_row(lead)}
    for model, _ in models_with_lead_lookup():
        held[table_label(model)] = [serialize_row(row) for row in rows_about_lead(lead, model)]
    return held


def table_label(model: type[models.Model]) -> str:
    """What the table is called in what people take along."""
    return "lead" if model is Lead else str(model._meta.verbose_name_plural)


def rows_about_lead(lead: Lead, model: type[models.Model]) -> models.QuerySet[Any]:
    """Those of one table that `paths` names, oldest first."""
    path = dict(models_with_lead_lookup())[model]
    ours = [field for field in model._meta.concrete_fields if _is_ours(field) and field.name != "lead"]
    # (and the lead of each, for its name in `row_in_words`)
    named = [f"{field.name}__{_lead_lookup(field.related_model)}".removesuffix("__") for field in ours]
    rows = model._default_manager.filter(**{path: lead}).select_related(path, *named)
    return rows.order_by("created_at" if model is OutboxMessage else "pk")  # (a message's key is random)


def models_with_lead() -> Iterator[type[models.Model]]:
    """Every model of this room with a `lead`, whose rows are one person's."""
    return (model for model, path in models_with_lead_lookup() if path == "lead")


def models_with_lead_lookup() -> Iterator[tuple[type[models.Model], str]]:
    """Every model of this room that is about a lead, and the lookup from it to that lead; the copies aside."""
    for model in apps.get_app_config("signups").get_models():
        if model not in (Lead, DataExportJob, DataExportChunk) and (path := _lead_lookup(model)):
            yield model, path


def _lead_lookup(model: Any) -> str:
    links_up = {field.name: field.related_model for field in model._meta.concrete_fields if _is_ours(field)}
    if links_up.get("lead") is Lead:
        return "lead"
    above = ((name, _lead_lookup(parent)) for name, parent in links_up.items() if parent not in (model, Lead))
    return next((f"{name}__{path}" for name, path in above if path), "")


def _is_ours(field: Any) -> bool:
    return isinstance(field, models.ForeignKey) and field.remote_field.model._meta.app_label == "signups"


def serialize_row(row: models.Model) -> dict[str, Any]:
    """Every column but keys, leases and staff: what it is called → what it says, in a word people use."""
    told = {}
    for field in row._meta.concrete_fields:
        if field.primary_key or field.generated or field.name in ("lead", "lease_token", "lease_expires_at"):
            continue
        if isinstance(field, models.ForeignKey) and not _is_ours(field):
            continue
        value = getattr(row, field.name)
        if field.choices:
            value = getattr(row, f"get_{field.name}_display")()
        elif isinstance(value, dt.datetime):
            value = value.isoformat()
        elif not isinstance(value, bool | int | float | dict | list | None):
            value = lead_links.redact_tokens(str(value))
        told[str(field.verbose_name)] = value
    return told
