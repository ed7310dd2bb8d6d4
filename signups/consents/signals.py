"""Signals of consent changes, sent inside the transaction of the change."""

from django.dispatch import Signal

# Sent by `revoke_consent` when consent to callbacks is revoked. Arguments: lead, by, now.
callbacks_revoked = Signal()
# Sent by `revoke_consent` for every "do not call", whether or not consent was in force. Arguments: lead, by, now,
# stated_at (what the person asked for later is not meant).
calls_revoked = Signal()
