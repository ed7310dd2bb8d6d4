"""Staff add a caller as a lead, and correct what was typed wrong."""

import pytest

from clinic import roles
from signups.audit.models import AuditEvent
from signups.leads.models import Lead
from signups.messages.models import OutboxMessage
from tests.factories import leads, trials, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
NEW = "/admin/signups/lead/new/"
CALLER = {
    "name": "Ada Moss",
    "email": "",
    "phone": "(212) 555-0144",
    "preferred_channel": "call",
    "state": "NY",
    "time_zone": "",
    "source": "phone call",
}


@pytest.fixture(autouse=True)
def _now(time_machine, clinic):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def user(client):
    user = users.UserFactory(role=roles.COORDINATOR)
    client.force_login(user)
    return user


def test_a_caller_becomes_a_lead_of_whoever_added_them(client, user):
    response = client.post(NEW, CALLER)
    lead = Lead.objects.get()
    assert (response.status_code, response["Location"]) == (303, f"/admin/signups/lead/{lead.pk}/change/")
    assert (lead.name, lead.phone_e164, lead.time_zone, lead.owner) == (
        "Ada Moss",
        "+12125550144",
        "America/New_York",
        user,
    )
    assert (lead.first_touch_source, lead.consents.count(), OutboxMessage.objects.count()) == ("phone call", 0, 0)
    assert "Added the lead" in client.get(response["Location"]).content.decode()


def test_zone_comes_from_the_area_code_where_no_state_is_known(client, user):
    client.post(NEW, CALLER | {"state": "", "phone": "(206) 555-0144"})
    assert Lead.objects.get().time_zone == "America/Los_Angeles"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": " "}, "Enter their name."),
        ({"phone": ""}, "Enter a phone number"),
        ({"phone": "12"}, "phone"),
        ({"phone": "", "preferred_channel": "email"}, "Enter an email address or a phone number."),
        ({"preferred_channel": "email"}, "There is no email address"),
        ({"email": "ada@localhost"}, "email"),
    ],
)
def test_what_cannot_be_is_refused_and_stays_typed(client, user, changed, reason):
    response = client.post(NEW, CALLER | changed)
    page = response.content.decode()
    assert (response.status_code, reason in page, Lead.objects.count()) == (422, True, 0)
    if "name" not in changed:
        assert 'value="Ada Moss"' in page


def test_somebody_who_may_be_known_is_shown_before_anything_is_saved(client, user):
    known = leads.LeadFactory(name="Ada Moss", phone="(212) 555-0144", phone_e164="+12125550144")
    response = client.post(NEW, CALLER)
    page = response.content.decode()
    assert (response.status_code, f"/admin/signups/lead/{known.pk}/change/" in page) == (409, True)
    assert Lead.objects.count() == 1
    assert client.post(NEW, CALLER | {"another_person": "on"}).status_code == 303
    assert Lead.objects.count() == 2


def test_address_of_another_lead_is_refused_with_their_name(client, user):
    leads.LeadFactory(name="Ben Stone", email="ada@example.com", email_key="ada@example.com")
    response = client.post(NEW, CALLER | {"email": "ada@example.com"})
    assert (response.status_code, "Ben Stone already has this email address" in response.content.decode()) == (
        422,
        True,
    )


def test_details_are_corrected_and_the_audit_log_says_which(client, user):
    lead = leads.LeadFactory(owner=user, name="Ada Mos", email="ada@exmaple.com", email_key="ada@exmaple.com", phone="")
    page = f"/admin/signups/lead/{lead.pk}/contact/"
    assert 'value="ada@exmaple.com"' in client.get(page).content.decode()
    new = CALLER | {"email": "ada@example.com", "phone": "212 555 0199", "time_zone": "America/Chicago"}
    assert client.post(page, new).status_code == 303
    lead.refresh_from_db()
    assert (lead.name, lead.email, lead.email_key, lead.phone_e164, lead.time_zone) == (
        "Ada Moss",
        "ada@example.com",
        "ada@example.com",
        "+12125550199",
        "America/Chicago",
    )
    event = AuditEvent.objects.get(action="details_changed")
    assert {"name", "email", "phone_e164", "time_zone"} <= set(event.detail["changed"])


def test_a_confirmed_address_is_not_changed_by_staff(client, user):
    lead = trials.TrialFactory(started_at=NOW, requested_at=NOW, lead__owner=user).lead
    response = client.post(f"/admin/signups/lead/{lead.pk}/contact/", CALLER | {"email": "other@example.com"})
    assert (response.status_code, "They confirmed this address" in response.content.decode()) == (422, True)
    lead.refresh_from_db()
    assert lead.email != "other@example.com"


def test_a_lead_of_somebody_else_is_not_corrected(client, user):
    lead = leads.LeadFactory(owner=users.UserFactory())
    assert client.get(f"/admin/signups/lead/{lead.pk}/contact/").status_code == 403
