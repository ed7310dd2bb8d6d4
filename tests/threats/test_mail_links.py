"""What is typed as an address or as the clinic's name adds no recipient and changes no sender."""

import re
from email.utils import getaddresses
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.utils import timezone

from clinic import roles
from signups.messages import delivery
from tests.factories import leads, messages, users

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "ann?bcc=thief%40evil.example&body=hi@example.com",
    "ann%3Fbcc=thief%40evil.example@example.com",
    "ann&cc=thief@example.com",
    "ann#x@example.com",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_mail_link_at_the_desk_has_one_recipient(client, clinic, address):
    lead = leads.LeadFactory(email=address)
    client.force_login(users.UserFactory(role=roles.HEAD))
    page = client.get(f"/admin/signups/lead/{lead.pk}/change/").content.decode()
    links = [urlsplit(unescape(link)) for link in re.findall(r'href="(mailto:[^"]*)"', page) if "example.com" in link]
    assert links
    for link in links:
        assert (link.query, link.fragment, link.path.count("@")) == ("", "", 1)


NAMES = [
    "Harbor Clinic\\", 'Harbor "Clinic", Inc.', "Harbor\r\nBcc: thief@evil.example", "a <thief@evil.example>",
    "thief@evil.example", "Ketamin\u00e4rzte", "\u202eclinic", ",", ";:()[]", "'", "=?utf-8?q?x?=", "x" * 80,
    "\u2028Bcc: x@y.example",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_mail_goes_out_from_the_clinics_own_mailbox_whatever_its_name(clinic, name):
    profile = type(clinic).objects.get()
    profile.name = name
    profile.save()
    messages.OutboxMessageFactory(kind="erasure_receipt", created_at=timezone.now())
    delivery.deliver_due(timezone.now)
    (sent,) = mail.outbox
    wire = sent.message()
    assert [address for _, address in getaddresses([str(wire["From"])])] == [clinic.mailbox]
    assert (wire["Bcc"], wire["Cc"], len(sent.recipients())) == (None, None, 1)
