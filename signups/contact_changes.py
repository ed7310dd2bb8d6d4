"""Connect every change that work already waiting must follow with what follows it.

All receivers run in the transaction of the change: either everything agrees with a person's last word, or nothing is
changed. In the order of execution.
"""

from django.conf import settings
from django.db.models.signals import post_save

from signups.callbacks import contact_changes as callbacks
from signups.callbacks.actions import close_open_callback, end_open_callback, resume_callback
from signups.calls import contact_changes as calls
from signups.calls.replies import handle_calendar_reply
from signups.consents.signals import callbacks_revoked, calls_revoked
from signups.followups.actions import end_follow_ups, resume_follow_ups
from signups.leads.signals import contact_details_changed, number_found_wrong, open_work_ended, open_work_resumed
from signups.messages import outbox
from signups.messages.signals import calendar_reply_received
from signups.trials.actions import cancel_open_trial, resume_ended_trial


def connect() -> None:
    """Connect the receivers. Called once, when the apps are ready."""
    calendar_reply_received.connect(handle_calendar_reply)
    contact_details_changed.connect(outbox.readdress_messages)
    contact_details_changed.connect(callbacks.update_open_callback)
    contact_details_changed.connect(calls.update_booked_calls)
    number_found_wrong.connect(calls.ask_for_number)
    callbacks_revoked.connect(close_open_callback)
    calls_revoked.connect(calls.cancel_calls_of_lead)
    open_work_ended.connect(outbox.cancel_unsolicited)
    open_work_ended.connect(end_open_callback)
    open_work_ended.connect(calls.cancel_calls_of_lead)
    open_work_ended.connect(cancel_open_trial)
    open_work_ended.connect(end_follow_ups)
    open_work_resumed.connect(outbox.resume_unsolicited)
    open_work_resumed.connect(resume_callback)
    open_work_resumed.connect(resume_ended_trial)
    open_work_resumed.connect(calls.resume_calls)
    open_work_resumed.connect(resume_follow_ups)
    post_save.connect(callbacks.release_callbacks_of_inactive_user, sender=settings.AUTH_USER_MODEL)
    post_save.connect(calls.reassign_calls_of_inactive_host, sender=settings.AUTH_USER_MODEL)
