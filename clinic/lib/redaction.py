"""Contact details for those who may read about a lead but not reach them."""

import re

from django.contrib.auth.models import AnonymousUser, User

EMAIL_PATTERN = re.compile(r"[^\s@<>()\"',;:]+@[^\s@<>()\"',;:]+")
PHONE_PATTERN = re.compile(r"\+?\d(?:[\s().\-/]*\d){6,}")  # seven digits or more, however they are grouped


def mask_contact_details(text: str, user: User | AnonymousUser) -> str:
    """`text` as `user` may see it: every e-mail address and phone number in it hidden but for a hint, or all of it."""
    if user.has_perm("signups.see_contact"):
        return text
    return PHONE_PATTERN.sub(
        lambda found: f"••• {found[0][-2:]}", EMAIL_PATTERN.sub(lambda found: f"{found[0][0]}•••@•••", text)
    )
