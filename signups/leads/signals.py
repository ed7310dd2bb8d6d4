"""Signals of changes that work already waiting must follow.

Sent inside the transaction of the change, with the lead's row locked. A receiver may raise ActionError to refuse it.
"""

from django.dispatch import Signal

# Arguments: lead (as changed), changed (names of fields), by, now.
contact_details_changed = Signal()
# Somebody else answers at the lead's number. Arguments: lead, by, now. A receiver that asks the person for another one
# returns True.
number_found_wrong = Signal()
# Staff closed or converted the lead and chose to end what is under way. Arguments: lead (as changed), by, now.
open_work_ended = Signal()
# Staff took back an act that ended something. Arguments: lead, by, now, since (when that was). A receiver returns what
# it could not resume, as sentences.
open_work_resumed = Signal()
