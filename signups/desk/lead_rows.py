"""Context of `admin/signups/lead/_row.html`."""

import datetime as dt
from typing import Any

from clinic.lib import redaction
from signups.consents.contact_policy import ContactFacts

from .next_best_action import next_action


def row(lead: Any, user: Any, now: dt.datetime, facts: ContactFacts) -> dict[str, Any]:
    """Return the context of one row; contact details are masked for `user`.

    `lead` comes from `lead_list.with_list_columns`.
    """
    trial = next(iter(lead.trials.all()), None)
    action = next_action(lead, trial, now, facts, next(iter(lead.follow_ups.all()), None))
    return {
        "lead": lead,
        "email": redaction.mask_contact_details(lead.email, user),
        "phone": redaction.mask_contact_details(lead.phone_formatted, user),
        "tags": [tagging.tag.name for tagging in lead.taggings.all()],
        "next": action,
        "overdue": action is not None and action.is_overdue(now),
        "trial": trial.state(now) if trial else "none",
    }
