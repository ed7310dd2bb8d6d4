"""Audit events for changes made in Django's admin, for models of every app."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from .actions import record_event
from .choices import AuditAction


class AuditedAdmin(admin.ModelAdmin):
    """Record an audit event beside each entry of Django's admin log.

    It is written in the same transaction and holds the names of the changed fields, never their values.
    """

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _record(request, AuditAction.ADDED, obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _record(request, AuditAction.CHANGED, obj, fields=_fields(message))
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            _record(request, AuditAction.DELETED, obj)
        return super().log_deletions(request, queryset)


def with_audit(admin_class: "type[admin.ModelAdmin[Any]] | None") -> "type[admin.ModelAdmin[Any]]":
    """Return `admin_class` (default: ModelAdmin) with AuditedAdmin mixed in."""
    base = admin_class or admin.ModelAdmin
    return type(base.__name__, (AuditedAdmin, base), {"__module__": base.__module__})


def record_content_change(item: Model, *, by: User, now: dt.datetime) -> None:
    """Record that `by` changed the content `item` outside of Django's own forms.

    Called by the actions of the content app (settings.CONTENT_AUDIT_HANDLER).
    """
    record_event(None, AuditAction.CHANGED, by=by, now=now, target=f"{item._meta.model_name}:{item.pk}")


def _record(request: HttpRequest, action: AuditAction, obj: Model, **detail: Any) -> None:
    by = cast(User, request.user)
    record_event(None, action, by=by, now=timezone.now(), target=f"{obj._meta.model_name}:{obj.pk}", **detail)


def _fields(message: Any) -> list[str]:
    """Return the changed field names, of the object and its inlines.

    `message` is Django's change message: a list of such changes, or plain text, which yields none.
    """
    if not isinstance(message, Iterable) or isinstance(message, str):
        return []
    changes = [change for part in message for change in part.values() if isinstance(part, dict)]
    return [field for change in changes for field in change.get("fields", [])]
