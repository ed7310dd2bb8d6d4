"""Change history: the admin's log and the audit log, in the caller's transaction."""

import datetime as dt

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.module_loading import import_string


def record_change(item: models.Model, message: str, *, by: User, now: dt.datetime) -> None:
    """Write one change of `item` to the admin's log and to CONTENT_AUDIT_HANDLER."""
    LogEntry.objects.create(
        user=by,
        action_time=now,
        content_type=ContentType.objects.get_for_model(item),
        object_id=str(item.pk),
        object_repr=str(item)[:200],
        action_flag=CHANGE,
        change_message=message,
    )
    import_string(settings.CONTENT_AUDIT_HANDLER)(item, by=by, now=now)
