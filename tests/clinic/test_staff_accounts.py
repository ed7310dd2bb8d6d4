"""Accounts of staff, kept by the Head: added, given roles, offboarded with all their work, a lost second step reset."""

import datetime as dt

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.utils import timezone

from clinic import roles
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.leads.models import Lead
from tests.factories import callbacks, calls, followups, hosts, leads, users

pytestmark = pytest.mark.django_db
STAFF = "/admin/staff/"
DAY = dt.timedelta(days=1)


@pytest.fixture
def head(client, clinic):
    user = users.UserFactory(role=roles.HEAD, username="head")
    client.force_login(user)
    return user


def recorded():
    events = AuditEvent.objects.exclude(action__in=[AuditAction.READ, AuditAction.LISTED]).order_by("pk")
    return [(event.action, event.actor and event.actor.username) for event in events]


def test_who_is_added_signs_in_with_the_password_shown_once_and_has_the_role(client, head):
    form = {"first_name": "Ana", "last_name": "Torres", "username": "ana", "email": "", "roles": [roles.COORDINATOR]}
    for changed in ({"roles": []}, {"roles": ["Superuser"]}, {"username": "HEAD"}, {"username": "a b"}):
        assert (changed, client.post(f"{STAFF}add/", form | changed).status_code) == (changed, 422)
    page = client.post(f"{STAFF}add/", form)
    user = User.objects.get(username="ana")
    password = page.context["password"]
    assert password in page.content.decode()
    assert (user.check_password(password), user.is_staff, user.is_superuser) == (True, True, False)
    assert (user.get_full_name(), user.has_perm("signups.change_lead")) == ("Ana Torres", True)
    assert recorded() == [("added", "head")]
    assert client.post(f"{STAFF}{user.pk}/", {"roles": [roles.EDITOR, roles.AUDITOR]}).status_code == 303
    assert {group.name for group in user.groups.all()} == {roles.EDITOR, roles.AUDITOR}
    assert "Ana Torres" in client.get(STAFF).content.decode()


def test_nobody_changes_their_own_account_or_an_administrators(client, head):
    root = users.UserFactory(username="root", is_superuser=True)
    for user in (head, root):
        before = [group.name for group in user.groups.all()]
        for act, data in [
            ("", {"roles": [roles.EDITOR]}),
            ("password/", {}),
            ("reset/", {}),
            ("offboard/", {"to": ""}),
        ]:
            assert client.post(f"{STAFF}{user.pk}/{act}", data).status_code == 409, (user, act)
        user.refresh_from_db()
        assert (user.is_active, [group.name for group in user.groups.all()]) == (True, before)
    assert client.get(f"{STAFF}0/").status_code == 404
    assert recorded() == []


@pytest.fixture
def leaver(head):
    """A coordinator with a lead of each kind, a follow-up, a claimed callback and a call."""
    user, now = users.UserFactory(role=roles.COORDINATOR, username="leaver"), timezone.now()
    call = calls.OnboardingCallFactory(host=hosts.HostFactory(user=user), lead=leads.LeadFactory(name="Called"))
    for status in ("new", "converted", "closed"):
        leads.LeadFactory(owner=user, name=status, status=status, close_reason="Not now" if status == "closed" else "")
    followups.FollowUpFactory(owner=user, lead=call.lead, due_at=now + DAY)
    callbacks.CallbackRequestFactory(claimed_by=user, claimed_at=now, lead=leads.LeadFactory(name="Back"))
    return user


def owners():
    return {lead.name: lead.owner and lead.owner.username for lead in Lead.objects.select_related("owner")}


@pytest.mark.parametrize("takes", ["successor", ""])
def test_who_leaves_hands_over_everything_in_one_act_and_is_signed_out(client, head, leaver, takes):
    successor = users.UserFactory(role=roles.COORDINATOR, username="successor")
    other = hosts.HostFactory(user=successor)
    call = leaver.host.calls.get()
    page = client.get(f"{STAFF}{leaver.pk}/offboard/")
    assert page.context["work"] == [("leads", 2), ("follow-ups", 1), ("claimed callbacks", 1), ("upcoming calls", 1)]
    to = successor.pk if takes else ""
    refused = client.post(f"{STAFF}{leaver.pk}/offboard/", {"to": to, "host": ""})
    assert (refused.status_code, "Choose who takes their 1 upcoming call." in refused.content.decode()) == (409, True)
    assert (owners()["new"], User.objects.get(pk=leaver.pk).is_active) == ("leaver", True)
    assert client.post(f"{STAFF}{leaver.pk}/offboard/", {"to": to, "host": other.pk}).status_code == 303
    assert owners() == {
        "Called": None,
        "new": takes or None,
        "converted": takes or None,
        "closed": "leaver",
        "Back": None,
    }
    call.refresh_from_db()
    leaver.refresh_from_db()
    assert (call.host, leaver.is_active, leaver.host.active) == (other, False, False)
    assert call.lead.follow_ups.get().owner.username == (takes or "head")
    claimed = Lead.objects.get(name="Back").callbacks.get().claimed_by
    assert (claimed and claimed.username) == (takes or None)
    assert ("offboarded", "head") in recorded()
    back = client.post(f"{STAFF}{leaver.pk}/password/")
    leaver.refresh_from_db()
    assert (leaver.is_active, leaver.check_password(back.context["password"])) == (True, True)


def test_a_call_that_cannot_be_handed_over_keeps_everything_as_it_was(client, head, leaver):
    call = leaver.host.calls.get()
    busy = hosts.HostFactory(user=users.UserFactory(role=roles.COORDINATOR))
    calls.OnboardingCallFactory(host=busy, starts_at=call.starts_at, ends_at=call.ends_at)
    refused = client.post(f"{STAFF}{leaver.pk}/offboard/", {"to": busy.user.pk, "host": busy.pk})
    assert (refused.status_code, "nothing was changed. Called:" in refused.content.decode()) == (409, True)
    leaver.refresh_from_db()
    assert (leaver.is_active, leaver.host.active, owners()["new"]) == (True, True, "leaver")


def test_a_lost_second_step_is_reset_by_two_people_within_a_day(client, head, time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC), tick=False)
    user = users.UserFactory(role=roles.COORDINATOR, username="ana", first_name="Ana", last_name="Torres")
    reset = f"{STAFF}{user.pk}/reset/"
    assert client.post(reset).status_code == 409  # (there is none)
    for kind in ("totp", "recovery_codes"):
        Authenticator.objects.create(user=user, type=kind, data={})
    assert client.post(f"{reset}confirm/").status_code == 409  # (nobody asked)
    assert client.post(reset).status_code == 303
    assert client.post(f"{reset}confirm/").status_code == 409  # (whoever asks does not confirm)
    second = users.UserFactory(role=roles.AUDITOR, username="second")
    for who, status in [(user, 409), (users.UserFactory(role=roles.EDITOR), 403)]:
        client.force_login(who)
        assert client.post(f"{reset}confirm/").status_code == status
    client.force_login(second)
    time_machine.move_to(timezone.now() + DAY, tick=False)
    client.force_login(second)
    assert client.post(f"{reset}confirm/").status_code == 409  # (too late)
    client.force_login(head)
    client.post(reset)
    assert Authenticator.objects.count() == 2
    client.force_login(second)
    assert f"{reset}confirm/" in client.get("/admin/").content.decode()
    assert "Ana Torres" in client.get(f"{reset}confirm/").content.decode()
    assert client.post(f"{reset}confirm/").status_code == 303
    assert Authenticator.objects.count() == 0
    assert client.post(f"{reset}confirm/").status_code == 409  # (once)
    acts = [each for each in recorded() if "reset" in each[0] or "removed" in each[0]]
    removed = ("second_step_removed", None)
    assert acts == [("reset_asked", "head"), ("reset_asked", "head"), removed, removed, ("reset_confirmed", "second")]
