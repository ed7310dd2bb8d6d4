"""Markup in what people type is text wherever the desk shows it."""

import pytest
from django.utils.html import escape

from clinic import roles
from tests.factories import leads, messages, users

pytestmark = pytest.mark.django_db
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_markup_is_inert_on_the_desk(client, clinic):
    lead = leads.LeadFactory(
        name=MARKUP,
        first_touch_source=MARKUP,
        referral_answer=MARKUP,
        phone=MARKUP[:40],
        phone_e164="",
        status="closed",
        close_reason=MARKUP,
    )
    leads.NoteFactory(lead=lead, text=MARKUP)
    messages.OutboxMessageFactory(lead=lead, subject=MARKUP, text=MARKUP)
    client.force_login(users.UserFactory(role=roles.HEAD, first_name=MARKUP))
    for path in ("", f"?q={MARKUP}", f"{lead.pk}/change/", f"{lead.pk}/change/?kind=notes", f"{lead.pk}/history/"):
        page = client.get(f"/admin/signups/lead/{path}", follow=True).content.decode()
        assert escape(MARKUP) in page, path
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
