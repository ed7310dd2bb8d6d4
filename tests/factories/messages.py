"""Make messages of the outbox, and templates of the desk."""

import factory
from django.utils import timezone

from signups.messages.inbound_models import InboundMessage
from signups.messages.mailbox_models import MailboxPosition
from signups.messages.models import OutboxMessage, SentBeforeRestore
from signups.messages.template_models import EmailTemplate

from .leads import LeadFactory


class OutboxMessageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OutboxMessage

    lead = factory.SubFactory(LeadFactory)
    kind = "confirm_trial"
    dedupe_key = factory.Sequence("message:{}".format)
    to = factory.SelfAttribute("lead.email")
    subject = "A subject"
    text = "A text."
    html = "<p>A text.</p>"
    created_at = factory.LazyFunction(timezone.now)
    send_at = factory.SelfAttribute("created_at")


class SentBeforeRestoreFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SentBeforeRestore

    digest = factory.Sequence("{:073x}".format)


class EmailTemplateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EmailTemplate

    name = factory.Sequence("A letter {}".format)
    purpose = "transactional"
    subject = "A word from {clinic}"
    text = "Hello {first_name},\n\nyour page: {my_link}\n\nCall us at {clinic_phone}."


class InboundMessageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = InboundMessage

    lead = factory.SubFactory(LeadFactory)
    channel = "email"
    external_id = factory.Sequence("{:064x}".format)
    sender = factory.LazyAttribute(lambda message: message.lead.email if message.lead else "somebody@example.com")
    subject = "A question"
    text = "When do you open?"
    received_at = factory.LazyFunction(timezone.now)


class MailboxPositionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MailboxPosition

    folder = "INBOX"
    uid_validity = 1
    last_uid = 0
