"""Find the lead of a person, as `clinic.lib.identity` defines one."""

from clinic.lib import identity, phone_numbers

from .models import Lead


def find_same_person(who: identity.Identity) -> Lead | None:
    """Return the live lead of this person by number and name, locked until commit, or None."""
    if phone_numbers.is_placeholder(who.e164):
        return None
    there = list(Lead.objects.live().with_number([who.e164]).select_for_update().order_by("pk"))
    shared = [who.e164] if identity.is_shared(lead.name for lead in there) else []
    return next((lead for lead in there if identity.same_person(who, lead.identity, shared_numbers=shared)), None)
