"""Keeping what a look at a source found."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from content.models import Source, SourceCheck
from content.source_health import Link


@transaction.atomic
def record(
    source: Source, link: Link, *, archive_url: str, notices: Sequence[str] | None, now: dt.datetime
) -> SourceCheck:
    """The newest look at `source`, in place of the one before. `notices` are None when nobody could say."""
    check, _ = SourceCheck.objects.update_or_create(
        source=source,
        defaults={
            "at": now,
            "outcome": link.outcome,
            "status": link.status,
            "leads_to": link.leads_to[:500],
            "why": link.why,
            "archive_url": archive_url[:500],
            "notice": "; ".join(notices or [])[:500],
            "notice_known": notices is not None,
        },
    )
    return check
