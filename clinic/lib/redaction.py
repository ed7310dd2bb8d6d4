"""Redaction of contact details for users without `signups.see_contact`."""

import re

from django.contrib.auth.models import AnonymousUser, User

EMAIL_PATTERN = re.compile(r"[^\s@<>()\"',;:]+@[^\s@<>()\"',;:]+")
PHONE_PATTERN = re.compile(r"\+?\d(?:[\s().\-/]*\d){6,}")  # seven digits or more in any grouping


def mask_contact_details(text: str, user: User | AnonymousUser) -> str:
    """Mask addresses and phone numbers, unless `user` has `signups.see_contact`."""
    if user.has_perm("signups.see_contact"):
        return text
    return PHONE_PATTERN.sub(
        lambda found: f"••• {found[0][-2:]}", EMAIL_PATTERN.sub(lambda found: f"{found[0][0]}•••@•••", text)
    )
