"""Signals of the consents package, sent inside the transaction that changes a consent."""

from django.dispatch import Signal

# Sent by `revoke_consent` once no callback may be made any more. Arguments: lead, by, now.
callbacks_revoked = Signal()
