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
    """Delete the data export of `lead`, finished or not.

    Locks the job first, because the worker may be planning its chunks.
    """
    for copy in DataExportJob.objects.select_for_update().filter(lead=lead):
        copy.delete()


@transaction.atomic
def download_my_data(lead: Lead, *, by: Actor, now: dt.datetime) -> dict[str, Any]:
    """Record the download and return `export_lead_data`."""
    record_event(lead, AuditAction.DOWNLOADED, by=by, now=now)
    return export_lead_data(lead)


def export_lead_data(lead: Lead) -> dict[str, Any]:
    """Return table → rows about `lead`, oldest first, as JSON-serializable values.

    The lead itself is one row.
    """
    tables: dict[str, Any] = {"lead": serialize_row(lead)}
    for model, _ in models_with_lead_lookup():
        tables[table_label(model)] = [serialize_row(row) for row in rows_about_lead(lead, model)]
    return tables


def table_label(model: type[models.Model]) -> str:
    """Return the name of the table in a data export."""
    return "lead" if model is Lead else str(model._meta.verbose_name_plural)


def rows_about_lead(lead: Lead, model: type[models.Model]) -> models.QuerySet[Any]:
    """Return the rows of `model` about `lead`, oldest first."""
    path = dict(models_with_lead_lookup())[model]
    foreign_keys = [
        field for field in model._meta.concrete_fields if _is_app_foreign_key(field) and field.name != "lead"
    ]
    # (with the lead of each parent, whose name `serialize_row` shows)
    related = [f"{field.name}__{_lead_lookup(field.related_model)}".removesuffix("__") for field in foreign_keys]
    rows = model._default_manager.filter(**{path: lead}).select_related(path, *related)
    return rows.order_by("created_at" if model is OutboxMessage else "pk")  # (a message has a random key)


def models_with_lead() -> Iterator[type[models.Model]]:
    """Yield the models with a `lead` field, whose rows belong to one lead."""
    return (model for model, path in models_with_lead_lookup() if path == "lead")


def models_with_lead_lookup() -> Iterator[tuple[type[models.Model], str]]:
    """Yield (model, lookup) for every model of the app that references a lead.

    Excludes data exports.
    """
    for model in apps.get_app_config("signups").get_models():
        if model not in (Lead, DataExportJob, DataExportChunk) and (path := _lead_lookup(model)):
            yield model, path


def _lead_lookup(model: Any) -> str:
    parents = {field.name: field.related_model for field in model._meta.concrete_fields if _is_app_foreign_key(field)}
    if parents.get("lead") is Lead:
        return "lead"
    lookups = ((name, _lead_lookup(parent)) for name, parent in parents.items() if parent not in (model, Lead))
    return next((f"{name}__{path}" for name, path in lookups if path), "")


def _is_app_foreign_key(field: Any) -> bool:
    return isinstance(field, models.ForeignKey) and field.remote_field.model._meta.app_label == "signups"


def serialize_row(row: models.Model) -> dict[str, Any]:
    """Return label → value for every column but keys, leases and staff.

    Choices appear as labels, tokens are redacted.
    """
    values = {}
    for field in row._meta.concrete_fields:
        if field.primary_key or field.generated or field.name in ("lead", "lease_token", "lease_expires_at"):
            continue
        if isinstance(field, models.ForeignKey) and not _is_app_foreign_key(field):
            continue
        value = getattr(row, field.name)
        if field.choices:
            value = getattr(row, f"get_{field.name}_display")()
        elif isinstance(value, dt.datetime):
            value = value.isoformat()
        elif not isinstance(value, bool | int | float | dict | list | None):
            value = lead_links.redact_tokens(str(value))
        values[str(field.verbose_name)] = value
    return values
