"""Find the lead of a person, as `clinic.lib.identity` defines one."""

from django.db.models import Q

from clinic.lib import identity, normalization, phone_numbers

from .choices import TERMINAL_STATUSES
from .merge_models import DistinctLeadPair
from .models import Lead


def find_same_person(who: identity.Identity) -> Lead | None:
    """Return the live lead of this person by number and name, locked until commit, or None."""
    if phone_numbers.is_placeholder(who.e164):
        return None
    there = list(Lead.objects.live().with_number([who.e164]).select_for_update().order_by("pk"))
    shared = [who.e164] if identity.is_shared(lead.name for lead in there) else []
    return next((lead for lead in there if identity.same_person(who, lead.identity, shared_numbers=shared)), None)


def likely_duplicates(*, email: str, phone_e164: str) -> list[Lead]:
    """Return up to five live leads with this mailbox or this number, for staff to look at."""
    key = normalization.email_key(email) if email else ""
    mailboxes = Lead.objects.live().with_mailbox([identity.canonical_mailbox(key)]) if key else Lead.objects.none()
    numbers = Lead.objects.live().with_number([phone_e164]) if phone_e164 else Lead.objects.none()
    return [*{lead.pk: lead for lead in [*mailboxes[:5], *numbers[:5]]}.values()][:5]


def doubles_of(lead: Lead) -> list[Lead]:
    """Return the live leads that share mailbox or number with `lead`, less those marked as distinct from it."""
    if lead.status in TERMINAL_STATUSES:
        return []
    found = [other for other in likely_duplicates(email=lead.email, phone_e164=lead.phone_e164) if other != lead]
    if not found:
        return []
    pairs = DistinctLeadPair.objects.filter(Q(older=lead) | Q(newer=lead)).values_list("older", "newer")
    distinct = {pk for pair in pairs for pk in pair}
    return [other for other in found if other.pk not in distinct]
