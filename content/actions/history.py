"""Who did what to a text: the admin's own history and the audit trail, written in the transaction of the deed."""

import datetime as dt

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.module_loading import import_string


def record_change(item: models.Model, deed: str, *, by: User, now: dt.datetime) -> None:
    LogEntry.objects.create(
        user=by,
        action_time=now,
        content_type=ContentType.objects.get_for_model(item),
        object_id=str(item.pk),
        object_repr=str(item)[:200],
        action_flag=CHANGE,
        change_message=deed,
    )
    import_string(settings.CONTENT_AUDIT_HANDLER)(item, by=by, now=now)
