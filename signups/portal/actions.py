"""Send the portal link again to a lead who lost it."""

import datetime as dt

from django.db import transaction

from clinic.lib import normalization
from signups.leads.models import Lead
from signups.messages.outbox import under_hourly_limit
from signups.messages.portal_links import MY_LINK, my_link
from signups.trials.actions import resend_to_locked


@transaction.atomic
def resend_portal_link(email: str, *, now: dt.datetime) -> None:
    """Send the portal link to `email` if a confirmed lead has this address.

    An unconfirmed trial gets its confirmation link instead. For an unknown address the same queries run and are rolled
    back, so that response times do not reveal who is known (user enumeration).
    """
    found = Lead.objects.live().select_for_update().filter(email_key=normalization.email_key(email)).first()
    lead = found or Lead(pk=0, email=email)
    confirmed, allowed = lead.has_started_trial(), under_hourly_limit(lead, MY_LINK, now=now)
    if found and not confirmed and lead.current_trial():
        resend_to_locked(lead, list(lead.trials.all()), now=now)
        return
    with transaction.atomic():
        my_link(lead, now=now)
        transaction.set_rollback(not (confirmed and allowed))
