"""Writing to somebody from the desk, in words that were written and looked at beforehand."""

import datetime as dt
import uuid

from django.contrib.auth.models import User
from django.db import transaction

from signups import emails, wanted
from signups.models import Event, Lead, MailTemplate
from signups.states import FROM_DESK, MailPurpose, Verb

from . import events
from .leads import Refused, held


@transaction.atomic
def send(*, lead: Lead, template: MailTemplate, seen: str, form_key: uuid.UUID, by: User, now: dt.datetime) -> None:
    """Puts into the outbox exactly what `by` looked at: `seen` is its digest (`emails.Letter`).

    The same form again (`form_key`) sends nothing. Raises Refused, in words.
    """
    lead, purpose = held(lead, by), MailPurpose(template.purpose)
    if Event.objects.filter(form_key=form_key).exists():
        return
    if why := wanted.refusal(lead, purpose):
        raise Refused(why)
    if emails.desk_letter(lead, template).digest() != seen:
        raise Refused("The e-mail would say something else by now. Look at it again.")
    if not emails.has_room(lead, FROM_DESK[purpose], now=now):
        raise Refused("They were sent enough e-mails from the desk within the hour.")
    emails.from_desk(lead, template, now=now)
    events.record(lead, Verb.MAILED, by=by, now=now, form_key=form_key, template=template.pk)
