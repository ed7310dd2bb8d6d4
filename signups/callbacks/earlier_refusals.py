"""What the person behind a number said before somebody typed it into the callback form (47 CFR 64.1200(d))."""

from clinic.lib import time_zones
from signups.consents.suppression_models import Suppression
from signups.leads.models import Lead
from signups.offer import current_offer

from .models import CallbackRequest

NOT_THEIR_WORD = "Anyone can type a number into the form, so first ask whether they want this call."


def earlier_refusal(callback: CallbackRequest) -> str:
    """Return what staff must know before they dial, or "" if nobody with this number ever refused calls."""
    refused = Lead.objects.live().with_number([callback.phone_e164]) | Lead.objects.filter(pk=callback.lead_id)
    stopped = refused.filter(do_not_call_at__isnull=False, do_not_call_at__lt=callback.created_at)
    last = stopped.order_by("-do_not_call_at").values_list("do_not_call_at", flat=True).first()
    if last:
        day = time_zones.format_moment(last, current_offer().time_zone)
        return f"The person with this number asked not to be called ({day}). {NOT_THEIR_WORD}"
    if Suppression.objects.of(callback.phone_e164).exists():
        return f"This number belonged to someone whose data was erased at their request. {NOT_THEIR_WORD}"
    return ""
