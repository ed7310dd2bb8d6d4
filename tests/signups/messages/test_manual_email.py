"""E-mail from the desk: chosen, looked at, sent as it was looked at, and never to who must not get it."""

import datetime as dt
import re
import uuid

import pytest
from django.core.exceptions import ValidationError

from clinic import roles
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.consents import contact_policy
from signups.consents.actions import grant_consent, revoke_consent, unsubscribe
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.suppression_models import Suppression, contact_hash
from signups.leads import links as lead_links
from signups.leads import locking
from signups.messages import delivery
from signups.messages.actions import send_manual_email
from signups.messages.choices import EmailPurpose
from signups.messages.emails import preview_manual_email
from signups.messages.models import OutboxMessage
from signups.messages.template_models import EmailTemplate
from signups.privacy import erasure
from tests.factories import messages, trials, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
PATIENT = {"channel": ConsentChannel.EMAIL, "by": ActorKind.PATIENT, "now": NOW}


@pytest.fixture
def user(client, clinic):
    user = users.UserFactory(role=roles.COORDINATOR, username="robin")
    client.force_login(user)
    return user


@pytest.fixture
def lead(clinic):
    """Somebody whose address is known to be theirs."""
    start = NOW - dt.timedelta(days=2)
    of = {"lead__name": "Ann <b> Secret", "lead__email": "ann@example.com"}
    return trials.TrialFactory(requested_at=start, started_at=start, **of).lead


@pytest.fixture
def template(db):
    return messages.EmailTemplateFactory(text="Hello {first_name} & all,\n\nsee {my_link} or call {clinic_phone}.")


def send(lead, template, by, **changed):
    seen = preview_manual_email(lead, template).digest()
    told = {"lead": lead, "template": template, "seen": seen, "form_key": uuid.uuid4(), "by": by, "now": NOW}
    send_manual_email(**told | changed)


def address(lead, deed="mail/"):
    return f"/admin/signups/lead/{lead.pk}/{deed}"


def look(client, lead, template):
    return client.get(address(lead), {"template": template.pk})


def test_what_was_looked_at_is_what_goes_out(client, user, lead, template, mail_server):
    page = look(client, lead, template)
    form = {field.name: field.value() for field in page.context["form"]}
    assert client.post(address(lead, "mail/send/"), form).status_code == 303
    while delivery.deliver_due(lambda: dt.datetime.now(dt.UTC)):
        pass
    (sent,) = mail_server.messages
    assert (sent["To"], sent["Subject"]) == ("ann@example.com", "A word from Harbor Clinic")
    text, html = (sent.get_body([kind]).get_content().replace("\r", "") for kind in ("plain", "html"))
    shown = page.context["letter"]
    assert [lead_links.redact_tokens(part).split() for part in (text, html)] == [shown.text.split(), shown.html.split()]
    assert text.startswith("Hello Ann & all,\n\nsee http")
    assert "/my/…" in shown.text
    assert re.search(r'<p>Hello Ann &amp; all,</p>\s+<p>see <a href="\S+/my/[\w:-]{60,}/">', html)
    assert "style=" not in page.context["body"]
    assert "Hello Ann" in page.context["body"]


def test_it_is_on_the_timeline_with_who_sent_it(client, user, lead, template):
    send(lead, template, user)
    page = client.get(address(lead, "change/"))
    assert sorted((entry.kind, entry.who, entry.text) for entry in page.context["entries"]) == [
        ("contact", "robin", "sent an email"),
        ("messages", "system", "A word from Harbor Clinic (Scheduled)"),
    ]
    assert lead.events.get(action=AuditAction.MAILED).detail == {"template": template.pk}


def test_the_auditor_reads_it_masked_and_sends_nothing(client, user, lead, template):
    send(lead, template, user)
    client.force_login(users.UserFactory(role=roles.AUDITOR))
    page = client.get(address(lead, "change/")).content.decode()
    assert "To a•••@•••" in page
    assert "ann@example.com" not in page
    assert "mail/" not in re.findall('action="([^"]*)"', page)
    assert look(client, lead, template).status_code == 403
    assert client.post(address(lead, "mail/send/"), {}).status_code == 403


def unconfirmed(lead):
    lead.trials.update(started_at=None)


def suppressed(lead):
    Suppression.objects.create(digest=contact_hash(lead.email), created_at=NOW)


REFUSED = {
    "They unsubscribed.": lambda lead: unsubscribe(lead, **PATIENT),
    "Their email address isn’t confirmed.": unconfirmed,
    "This address belongs to someone whose data was erased. They can’t be emailed.": suppressed,
    "No email address on file.": lambda lead: type(lead).objects.update(
        email="", email_key="", phone_e164="+12125550123"
    ),
    "This lead was erased.": lambda lead: erasure.erase_lead(lead, by=ActorKind.PATIENT, now=NOW),
    "This lead was merged.": lambda lead: type(lead).objects.update(status="merged"),
}


@pytest.mark.parametrize(("why", "happen"), REFUSED.items())
def test_whom_nobody_may_write_to_gets_nothing_and_staff_read_why(client, user, lead, template, why, happen):
    happen(lead)
    lead.refresh_from_db()
    assert contact_policy.may_email(lead, NOW).reason == why
    with pytest.raises(locking.ActionError, match=re.escape(why)):
        send(lead, template, user)
    page = look(client, lead, template)
    assert why in page.content.decode()
    assert b">Send<" not in page.content
    form = {"template": template.pk, "seen": "x", "form_key": uuid.uuid4()}
    assert client.post(address(lead, "mail/send/"), form).status_code == 409
    assert not OutboxMessage.objects.filter(kind="manual_transactional").exists()
    assert not AuditEvent.objects.filter(action=AuditAction.MAILED).exists()


@pytest.mark.parametrize(("why", "happen"), REFUSED.items())
def test_it_is_asked_again_when_it_is_sent(user, lead, template, why, happen, mailoutbox):
    send(lead, template, user)
    happen(lead)
    while delivery.deliver_due(lambda: NOW):
        pass
    assert OutboxMessage.objects.get(kind="manual_transactional").status == "cancelled"
    assert [letter.subject for letter in mailoutbox] == (
        ["Your data has been deleted"] if why == "This lead was erased." else []
    )


def test_an_address_that_changed_meanwhile_gets_nothing(user, lead, template, mailoutbox):
    send(lead, template, user)
    type(lead).objects.update(email="other@example.com")
    delivery.deliver_due(lambda: NOW)
    assert (OutboxMessage.objects.get().status, mailoutbox) == ("cancelled", [])


def test_news_goes_only_to_who_agreed_to_news(user, lead, mailoutbox):
    news = messages.EmailTemplateFactory(purpose=EmailPurpose.MARKETING)
    with pytest.raises(locking.ActionError, match="No consent to email newsletters"):
        send(lead, news, user)
    grant_consent(lead, ConsentPurpose.NEWS, **PATIENT)
    send(lead, news, user)
    assert "because you agreed to news from Harbor Clinic" in OutboxMessage.objects.get().text
    assert "We write only about that" not in OutboxMessage.objects.get().text
    later = NOW + dt.timedelta(minutes=1)
    revoke_consent(lead, ConsentPurpose.NEWS, **PATIENT | {"now": later})
    delivery.deliver_due(lambda: later)
    assert (OutboxMessage.objects.get().status, mailoutbox) == ("cancelled", [])


def test_words_that_changed_since_they_were_looked_at_are_not_sent(user, lead, template):
    seen = preview_manual_email(lead, template).digest()
    template.text += "\n\nP.S. Bring a friend."
    template.save()
    with pytest.raises(locking.ActionError, match="Review it again"):
        send(lead, template, user, seen=seen)
    assert not OutboxMessage.objects.exists()


def test_the_same_form_sends_once_and_nobody_is_flooded(user, lead, template):
    key = uuid.uuid4()
    send(lead, template, user, form_key=key)
    send(lead, template, user, form_key=key)
    assert OutboxMessage.objects.count() == 1
    for _ in range(2):
        send(lead, template, user)
    with pytest.raises(locking.ActionError, match="Limit reached"):
        send(lead, template, user)
    assert (OutboxMessage.objects.count(), lead.events.filter(action=AuditAction.MAILED).count()) == (3, 3)


def test_other_peoples_leads_are_not_written_to(client, user, lead, template):
    type(lead).objects.update(owner=users.UserFactory())
    lead.refresh_from_db()
    assert look(client, lead, template).status_code == 403
    with pytest.raises(locking.ActionError, match="somebody else’s"):
        send(lead, template, user)


@pytest.mark.parametrize("asked", [{}, {"template": "x"}, {"template": "999999"}])
def test_there_is_no_other_e_mail(client, user, lead, asked):
    assert client.get(address(lead), asked).status_code == 400


def test_what_is_not_offered_is_not_sent(client, user, lead, template):
    EmailTemplate.objects.update(is_active=False)
    assert look(client, lead, template).status_code == 400
    assert template.name not in client.get(address(lead, "change/")).content.decode()


TEMPLATES = "/admin/signups/emailtemplate/"


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"text": "Hello {last_name}"}, "{last_name} isn’t a placeholder."),
        ({"text": "Hello {first_name.__class__}"}, "isn’t a placeholder."),
        ({"text": "Hello {first_name"}, "unclosed brace"),
        ({"text": "{{clinic}}"}, "unclosed brace"),
        ({"subject": "Hello {first_name}"}, "{first_name} isn’t a placeholder. Use {clinic}."),
        ({"text": "Your Ketamine is here"}, "“Ketamine” refers to health"),
        ({"subject": "Your therapy"}, "“therapy” refers to health"),
        ({"text": "Anna felt like herself again after two weeks with us."}, "“herself again” promises or praises"),
        ({"text": "94% of our members are happy again."}, "promises or praises"),
        ({"subject": "Only three places left"}, "promises or praises"),
    ],
)
def test_head_is_told_what_no_template_may_hold(client, clinic, changed, wrong):
    client.force_login(users.UserFactory(role=roles.HEAD))
    told = {"name": "New", "purpose": "transactional", "subject": "Hello from {clinic}", "text": "Hello {first_name}"}
    page = client.post(f"{TEMPLATES}add/", {**told, **changed})
    assert (page.status_code, wrong in page.content.decode()) == (200, True)
    assert not EmailTemplate.objects.filter(name="New").exists()


def test_head_writes_templates_on_the_record_and_others_do_not(client, user):
    told = {
        "name": "New",
        "purpose": "transactional",
        "subject": "Hello",
        "text": "Hello {first_name}",
        "is_active": "on",
    }
    assert client.post(f"{TEMPLATES}add/", told).status_code == 403
    client.force_login(users.UserFactory(role=roles.HEAD))
    assert client.post(f"{TEMPLATES}add/", told).status_code == 302
    made = EmailTemplate.objects.get(name="New")
    assert AuditEvent.objects.get().target == f"emailtemplate:{made.pk}"
    assert client.post(f"{TEMPLATES}{made.pk}/delete/", {"post": "yes"}).status_code == 403


def test_two_ship_that_keep_the_rules_and_fill_in(lead):
    shipped = list(EmailTemplate.objects.all())
    assert [template.name for template in shipped] == ["How is it going?", "We tried to call you"]
    for template in shipped:
        template.full_clean()
        letter = preview_manual_email(lead, template)
        assert letter.text.startswith("Hello Ann,\n")
        assert not {"{", "}"} & set(letter.text)
        assert len(letter.text) < 2000


def test_no_field_of_health_words_is_too_wide():
    for text in ("We paint the house. Our medium is tea. Call for free.", "Your own page, as you like it"):
        messages.EmailTemplateFactory.build(text=text).full_clean()
    with pytest.raises(ValidationError):
        messages.EmailTemplateFactory.build(text="DEPRESSED?").full_clean()


@pytest.mark.parametrize("count", [1, 100])
def test_pages_take_the_same_queries_for_one_template_and_many(
    client, user, lead, template, count, django_assert_num_queries
):
    messages.EmailTemplateFactory.create_batch(count)
    look(client, lead, template)  # what is remembered for a minute
    with django_assert_num_queries(15):
        look(client, lead, template)
    client.force_login(users.UserFactory(role=roles.HEAD))
    client.get(TEMPLATES)
    with django_assert_num_queries(7):
        client.get(TEMPLATES)


def test_own_words_are_previewed_as_they_go_out_and_the_template_stays(client, user, lead, template, mail_server):
    own = {
        "template": template.pk,
        "subject": "About your question",
        "text": "Hello {first_name},\r\n\r\n  yes & no.  ",
    }
    page = client.post(address(lead), own)
    form = {field.name: field.value() for field in page.context["form"]}
    assert form["text"] == "Hello {first_name},\n\n  yes & no."
    browser = {name: str(value).replace("\n", "\r\n") for name, value in form.items()}  # (as forms send line ends)
    assert client.post(address(lead, "mail/send/"), browser).status_code == 303
    while delivery.deliver_due(lambda: dt.datetime.now(dt.UTC)):
        pass
    (sent,) = mail_server.messages
    text = sent.get_body(["plain"]).get_content().replace("\r", "")
    assert (sent["Subject"], text.startswith("Hello Ann,\n\n")) == ("About your question", True)
    assert lead_links.redact_tokens(text).split() == page.context["letter"].text.split()
    assert "yes & no." in text
    template.refresh_from_db()
    assert template.subject != sent["Subject"]
    mailed = AuditEvent.objects.get(action=AuditAction.MAILED)
    assert mailed.detail == {"template": template.pk, "edited": True}


def test_own_words_say_nothing_of_health_and_come_back_when_refused(client, user, lead, template):
    own = {"template": template.pk, "subject": "Your question", "text": "See you."}
    refused = [
        ({"text": "Your ketamine is ready."}, "refers to health"),
        ({"subject": "Your therapy"}, "refers to health"),
        ({"text": "Call {first_nam}."}, "isn’t a placeholder"),
        ({"subject": "For {first_name}"}, "isn’t a placeholder"),
        ({"text": " "}, "This field is required."),
    ]
    for changed, why in refused:
        page = client.post(address(lead), own | changed)
        assert (changed, page.status_code, why in page.content.decode()) == (changed, 422, True)
        assert next(iter(changed.values())) in page.content.decode()
    form = {field.name: field.value() for field in client.post(address(lead), own).context["form"]}
    assert client.post(address(lead, "mail/send/"), form | {"text": "Your dose."}).status_code == 422
    changed = client.post(address(lead, "mail/send/"), form | {"text": "See you soon."})
    assert (changed.status_code, "has changed since you previewed" in changed.content.decode()) == (409, True)
    assert "See you soon." in changed.content.decode()
    assert OutboxMessage.objects.count() == 0
    assert client.post(address(lead), {"template": 0}).status_code == 400
