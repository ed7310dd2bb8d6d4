"""Lead lookup for management commands."""

import uuid

from django.core.management.base import CommandError

from clinic.lib import normalization

from .models import Lead


def find_lead(who: str) -> Lead:
    """Return the live lead with this public id or e-mail address.

    Raises CommandError when there is none.
    """
    try:
        key = {"public_id": uuid.UUID(who)} if "@" not in who else {"email_key": normalization.email_key(who)}
        return Lead.objects.live().get(**key)
    except (ValueError, Lead.DoesNotExist):
        raise CommandError("No lead has this public id or email address.") from None
