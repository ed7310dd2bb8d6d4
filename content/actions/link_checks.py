"""Keeping what a look at a source found."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from content.link_checker import Link
from content.models.link_checks import LinkCheck
from content.models.sources import Source


@transaction.atomic
def record_link_check(
    source: Source, link: Link, *, archive_url: str, notices: Sequence[str] | None, now: dt.datetime
) -> LinkCheck:
    """The newest look at `source`, in place of the one before. `notices` are None when nobody could say."""
    check, _ = LinkCheck.objects.update_or_create(
        source=source,
        defaults={
            "checked_at": now,
            "outcome": link.outcome,
            "status": link.status,
            "final_url": link.leads_to[:500],
            "error": link.why,
            "archive_url": archive_url[:500],
            "retraction_notice": "; ".join(notices or [])[:500],
            "notice_known": notices is not None,
        },
    )
    return check
