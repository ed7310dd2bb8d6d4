"""Store the results of link checks."""

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
    """Replace the link check of `source`.

    `notices` are None without a Crossref record.
    """
    check, _ = LinkCheck.objects.update_or_create(
        source=source,
        defaults={
            "checked_at": now,
            "outcome": link.outcome,
            "status": link.status,
            "final_url": link.final_url[:500],
            "error": link.error,
            "archive_url": archive_url[:500],
            "retraction_notice": "; ".join(notices or [])[:500],
            "notice_known": notices is not None,
        },
    )
    return check
