"""Signals of consent changes, sent inside the transaction of the change."""

from django.dispatch import Signal

# Sent by `revoke_consent` when consent to callbacks is revoked. Arguments: lead, by, now.
callbacks_revoked = Signal()
