"""How a command is told which lead it is about."""

import uuid

from django.core.management.base import CommandError

from clinic.lib import normalization

from .models import Lead


def find_lead(who: str) -> Lead:
    """The live lead with this public id or e-mail address; CommandError when there is none."""
    try:
        key = {"public_id": uuid.UUID(who)} if "@" not in who else {"email_key": normalization.email_key(who)}
        return Lead.objects.live().get(**key)
    except (ValueError, Lead.DoesNotExist):
        raise CommandError("No lead has this public id or e-mail address.") from None
