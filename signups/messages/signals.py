"""Signals of what arrives, for the features it is about."""

from django.dispatch import Signal

# A text/calendar part with METHOD:REPLY or COUNTER has arrived, by mail or webhook. Arguments: text, now.
calendar_reply_received = Signal()
