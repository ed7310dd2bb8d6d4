"""Many leads at once: each by the rules of a single one."""

import pytest

from clinic import roles
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.leads import bulk_actions
from signups.leads.choices import LeadStatus
from signups.leads.models import Lead
from tests.factories import leads as factories_leads
from tests.factories import users

pytestmark = pytest.mark.django_db

LIST = "/admin/signups/lead/"
ASSIGN, MOVE = f"{LIST}bulk/assign/", f"{LIST}bulk/change-status/"


@pytest.fixture
def coordinator(client, clinic):
    user = users.UserFactory(role=roles.COORDINATOR)
    client.force_login(user)
    return user


def chosen(*leads):
    return ",".join(f"{lead.pk}:{lead.status}" for lead in leads)


def test_nothing_is_changed_before_it_was_looked_over(client, coordinator):
    leads = factories_leads.LeadFactory.create_batch(3)
    page = client.post(ASSIGN, {"pk": [leads[0].pk, leads[1].pk]})
    assert (page.status_code, page.context["chosen"]) == (200, chosen(leads[1], leads[0]))
    assert Lead.objects.unassigned().count() == 3


def test_leads_are_given_and_what_was_refused_is_told_with_its_reason(client, coordinator):
    free, others = (
        factories_leads.LeadFactory(name="Free"),
        factories_leads.LeadFactory(name="Taken", owner=users.UserFactory()),
    )
    gone = factories_leads.LeadFactory(name="Gone", status=LeadStatus.ERASED)
    page = client.post(ASSIGN, {"chosen": chosen(free, others, gone), "owner": coordinator.pk})
    outcome = page.context["outcome"]
    assert (outcome.done, {(lead.name, why) for lead, why in outcome.refused}) == (
        1,
        {("Taken", "This lead is somebody else’s."), ("Gone", "This lead was erased.")},
    )
    free.refresh_from_db()
    assert (free.owner, AuditEvent.objects.filter(action=AuditAction.ASSIGNED).count()) == (coordinator, 1)


def test_leads_move_as_far_as_the_pipeline_allows(client, coordinator):
    new, contacted = factories_leads.LeadFactory(), factories_leads.LeadFactory(status=LeadStatus.CONTACTED)
    page = client.post(MOVE, {"chosen": chosen(new, contacted), "to": "qualified"})
    assert [(lead, why) for lead, why in page.context["outcome"].refused] == [
        (new, "A new lead can’t be changed to qualified.")
    ]
    contacted.refresh_from_db()
    assert contacted.status == LeadStatus.QUALIFIED


def test_who_was_moved_meanwhile_is_not_moved_blindly(client, coordinator):
    lead = factories_leads.LeadFactory()
    seen = chosen(lead)
    Lead.objects.update(status=LeadStatus.CLOSED, close_reason="Not now")
    page = client.post(MOVE, {"chosen": seen, "to": "contacted"})
    assert [why for _, why in page.context["outcome"].refused] == [
        "Someone else just changed this lead. Review it and try again."
    ]


def test_closing_needs_a_reason(client, coordinator):
    lead = factories_leads.LeadFactory()
    page = client.post(MOVE, {"chosen": chosen(lead), "to": "closed"})
    assert (page.status_code, Lead.objects.get().status) == (422, LeadStatus.NEW)
    client.post(MOVE, {"chosen": chosen(lead), "to": "closed", "reason": "Not now"})
    assert Lead.objects.values_list("status", "close_reason").get() == (LeadStatus.CLOSED, "Not now")


def test_all_of_a_list_is_more_than_one_page_and_only_that_list(client, coordinator):
    factories_leads.LeadFactory.create_batch(60)
    factories_leads.LeadFactory(status=LeadStatus.CONTACTED)
    page = client.post(f"{ASSIGN}?status=new", {"all": "1"})
    assert {lead.status for lead in page.context["leads"]} == {"new"}
    assert len(page.context["leads"]) == 60


def test_more_than_the_bound_is_refused_in_words(client, coordinator, monkeypatch):
    monkeypatch.setattr(bulk_actions, "MAX_LEADS", 2)
    leads = factories_leads.LeadFactory.create_batch(3)
    answer = client.post(f"{ASSIGN}?status=new", {"pk": [lead.pk for lead in leads]}, follow=True)
    assert answer.redirect_chain == [(f"{LIST}?status=new", 303)]
    assert [str(message) for message in answer.context["messages"]] == [
        "Select up to 2 leads at a time. Narrow the list first."
    ]
    assert client.post(ASSIGN, {"chosen": chosen(*leads), "owner": ""}).status_code == 400


@pytest.mark.parametrize("text", ["", "1", "1:new,", "x:new", "1:new;2:new"])
def test_what_is_no_choice_of_ours_is_a_400(client, coordinator, text):
    assert client.post(MOVE, {"chosen": text, "to": "contacted"}).status_code == 400


def test_the_list_offers_it_to_those_who_work_leads(client, coordinator):
    factories_leads.LeadFactory()
    assert b"bulk/assign/" in client.get(LIST).content
    coordinator.groups.clear()
    coordinator.user_permissions.add(permission("view_lead"))
    assert b"bulk/assign/" not in client.get(LIST).content
    assert client.post(ASSIGN, {"pk": [1]}).status_code == 403


def permission(codename):
    from django.contrib.auth.models import Permission

    return Permission.objects.get(codename=codename)
