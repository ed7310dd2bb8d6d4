"""Send a new private link to somebody who lost theirs."""

import datetime as dt

from django.db import transaction

from clinic.lib import normalization
from signups.leads.models import Lead
from signups.messages.outbox import under_hourly_limit
from signups.messages.portal_links import MY_LINK, my_link
from signups.trials.actions import resend_confirmation_link


@transaction.atomic
def resend_portal_link(email: str, *, now: dt.datetime) -> None:
    """Somebody lost their link: it goes to this address, if we know it to be theirs; else nothing stays of it.

    A trial that waits for its first confirmation gets that link instead. For an address that gets none, the same work
    is done and undone: how long the answer takes tells nothing either.
    """
    found = Lead.objects.live().select_for_update().filter(email_key=normalization.email_key(email)).first()
    lead = found or Lead(pk=0)
    confirmed, allowed = lead.has_confirmed(), under_hourly_limit(lead, MY_LINK, now=now)
    if found and not confirmed and lead.current_trial():
        resend_confirmation_link(lead, now=now)
        return
    with transaction.atomic():
        my_link(lead, now=now)
        transaction.set_rollback(not (confirmed and allowed))
