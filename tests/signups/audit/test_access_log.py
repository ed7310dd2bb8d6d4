"""Whoever sees something personal about a lead at the desk leaves an event: walked over every address there is."""

import pytest
from django.urls import reverse
from django.utils import timezone

from clinic import roles
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.imports.actions import cancel_import, upload_list
from tests.factories import callbacks, calls, duplicates, leads, messages, trials, users
from tests.threats.test_19_role_matrix import addresses

pytestmark = pytest.mark.django_db

NAME, EMAIL, PHONE = "Zebulon Quill", "zebulon@example.com", "+12125550177"


@pytest.fixture
def lead(clinic):
    """Somebody who is on every list, and a second one who may be the same person."""
    facts = {"name": NAME, "phone": PHONE, "phone_e164": PHONE}
    lead = leads.LeadFactory(email=EMAIL, email_key=EMAIL, **facts)
    leads.LeadFactory(**facts)
    trials.TrialFactory(lead=lead)
    return lead


@pytest.fixture
def there(lead):
    """What stands in an address, by the beginning of its name and what it is called there."""
    callback = callbacks.CallbackRequestFactory(lead=lead, phone=PHONE, phone_e164=PHONE)
    call = calls.OnboardingCallFactory(lead=lead)
    duplicates.DistinctLeadPairFactory(older=lead)
    others = {
        "signups_callbackrequest": {"public_id": callback.public_id},
        "signups_onboardingcall": {"public_id": call.public_id},
        "signups_lead": {"public_id": duplicates.LeadMergeFactory().public_id, "other": lead.pk + 1},
        "signups_host": {"pk": call.host.pk, "object_id": call.host.pk},
    }
    return others, lead, call


def path_of(name, keys, there):
    others, lead, call = there
    known = {
        "pk": lead.pk,
        "object_id": lead.pk,
        "public_id": lead.public_id,
        "app_label": "signups",
        "content_type_id": 1,
        "url": "x",
        "year": 2026,
    }
    known |= next((values for model, values in others.items() if name.startswith(model + "_")), {})
    query = {
        "signups_onboardingcall_changelist": f"?day={call.starts_at.date()}",
        "signups_lead_mail": f"?template={messages.EmailTemplateFactory().pk}",
    }
    return reverse(f"admin:{name}", kwargs={key: known.get(key, 2026) for key in keys}) + query.get(name, "")


def told(client, path, **sent):
    """What the page says of the lead, and the events that it left."""
    last = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
    response = client.post(path, sent) if sent else client.get(path)
    page = b"".join(response) if response.streaming else response.content
    shown = [fact for fact in (NAME, EMAIL, PHONE) if fact.encode() in page]
    return bool(shown), [
        (event.action, event.lead_id, event.target) for event in AuditEvent.objects.filter(id__gt=last)
    ]


def test_every_page_that_shows_a_lead_leaves_an_event(client, there):
    client.force_login(users.UserFactory(is_superuser=True))
    lead, named, silent = there[1], set(), []
    for name, keys in addresses():
        shows, events = told(client, path_of(name, keys, there))
        if shows:
            named.add(name)
            if not [verb for verb, of, subject in events if of == lead.pk or subject]:
                silent.append(name)
    assert silent == []
    assert named >= {
        "signups_lead_changelist",
        "signups_lead_change",
        "signups_lead_duplicates",
        "signups_lead_distinct_pairs",
        "signups_lead_mail",
        "signups_lead_merge",
        "signups_callbackrequest_changelist",
        "signups_callbackrequest_call",
        "signups_onboardingcall_changelist",
        "signups_onboardingcall_call",
    }


def test_form_that_is_refused_shows_the_page_and_leaves_its_event_too(client, lead):
    client.force_login(users.UserFactory(role=roles.HEAD))
    shows, events = told(client, reverse("admin:signups_lead_note", args=[lead.pk]), text="")
    assert (shows, events) == (True, [(AuditAction.READ, lead.pk, "")])


def test_looking_many_over_is_a_list(client, lead):
    client.force_login(users.UserFactory(role=roles.HEAD))
    shows, events = told(client, reverse("admin:signups_lead_bulk_change_status"), pk=lead.pk)
    assert (shows, events) == (True, [(AuditAction.LISTED, None, "leads")])


def test_list_says_how_many_and_how_it_was_narrowed_but_never_for_whom_was_searched(client, lead):
    client.force_login(users.UserFactory(role=roles.HEAD))
    client.get("/admin/signups/lead/?status=new&q=zebulon")
    assert AuditEvent.objects.latest("id").detail == {"shown": 2, "filters": {"status": "new", "searched": True}}


def test_rows_of_an_import_are_a_list_and_none_where_none_are_shown(client, clinic):
    head = users.UserFactory(role=roles.HEAD)
    client.force_login(head)
    rows = [f"{NAME},z{number}@example.com" for number in range(5)]
    whole = upload_list(content="\n".join(["Name,E-mail", *rows]).encode(), by=head, now=timezone.now())
    address = f"/admin/signups/lead/import/{whole.public_id}/"
    listed = [(AuditAction.LISTED, None, f"import:{whole.pk}")]
    assert told(client, address) == (True, listed)
    assert AuditEvent.objects.latest("id").detail == {"shown": 3}
    assert told(client, f"{address}columns/", column_0="nonsense") == (True, listed)
    cancel_import(job=whole, by=head, now=timezone.now())
    assert told(client, address) == (False, [])


def test_empty_list_leaves_none(client, clinic):
    client.force_login(users.UserFactory(role=roles.HEAD))
    client.get("/admin/signups/lead/")
    assert not AuditEvent.objects.exists()


def test_feed_of_a_host_names_nobody(client, there):
    from signups.hosts import links as host_links

    assert told(client, host_links.feed_url(there[2].host)) == (False, [])
