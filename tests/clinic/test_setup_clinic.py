"""`setup_clinic` and the setup checklist."""

import io
import re

import pytest
from django.contrib.auth.models import Group, User
from django.core import checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from clinic import roles, setup_checklist
from clinic.management.commands.setup_clinic import parse_opening_hours
from content.models.articles import Article
from content.models.profile import ClinicProfile
from signups.audit.models import AuditEvent
from signups.messages.choices import MessageStatus
from tests.factories import content, hosts, messages, users

pytestmark = pytest.mark.django_db
GIVEN = {
    "name": "North Clinic",
    "phone": "(212) 555-0123",
    "mailbox": "care@north.clinic",
    "address": "1 Main Street, Burlington, VT",
    "zone": "America/New_York",
    "hours": "mon-fri 09:00-17:00, sat 10:00-13:00",
    "head": "ana",
    "head_email": "ana@north.clinic",
}


CHANGED = ["name", "phone", "mailbox", "postal_address", "opening_hours"]


def setup(**options):
    out = io.StringIO()
    call_command("setup_clinic", stdout=out, **options)
    return out.getvalue()


def test_everything_is_said_once_and_kept():
    output = setup(**GIVEN)
    profile = ClinicProfile.current()
    assert (profile.name, profile.mailbox, profile.phone_e164) == ("North Clinic", "care@north.clinic", "+12125550123")
    assert [row["weekday"] for row in profile.opening_hours] == [0, 1, 2, 3, 4, 5]
    ana = User.objects.get(username="ana")
    assert list(ana.groups.values_list("name", flat=True)) == [roles.HEAD]
    assert ana.check_password(re.search(r"signs in with  (\S+)", output)[1])


def run_with_answers(monkeypatch, *answers):
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))
    return setup()


def test_without_flags_it_asks_and_asks_again_what_cannot_be(monkeypatch):
    output = run_with_answers(
        monkeypatch,
        *("North Clinic", "(212) 555-0123", "care at north", GIVEN["mailbox"], GIVEN["address"], "Mars", GIVEN["zone"]),
        *("always", GIVEN["hours"], "an a", "ana", "ana", "ana@north.clinic"),
    )
    profile, ana = ClinicProfile.current(), User.objects.get()
    assert (profile.name, profile.mailbox, profile.phone_e164) == ("North Clinic", "care@north.clinic", "+12125550123")
    assert (len(profile.opening_hours), ana.username, ana.email) == (6, "ana", "ana@north.clinic")
    for refusal in ("Enter a valid email address.", "“Mars” is not a time zone", "“always” is not like"):
        assert refusal in output


def test_enter_alone_keeps_all_that_is_there(monkeypatch):
    setup(**GIVEN)
    before = ClinicProfile.objects.values().get()
    run_with_answers(monkeypatch, *[""] * 7)
    assert ClinicProfile.objects.values().get() == before
    assert User.objects.count() == 1


def test_where_nobody_answers_nothing_is_changed(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("North Clinic\n"))
    with pytest.raises(CommandError, match="give flags instead"):
        setup()
    assert ClinicProfile.current().name != "North Clinic"


def test_what_it_does_is_in_the_audit_trail():
    setup(**GIVEN)
    setup(**GIVEN)
    ana = User.objects.get()
    events = AuditEvent.objects.order_by("id").values_list("target", "action", "actor_kind", "detail")
    assert list(events) == [
        ("clinicprofile:1", "changed", "system", {"fields": CHANGED}),
        (f"user:{ana.pk}", "added", "system", {}),
    ]


def test_once_more_changes_nothing():
    setup(**GIVEN)
    before = User.objects.get(username="ana").password
    assert "has an account already" in setup(head="ana")
    assert User.objects.get(username="ana").password == before
    assert ClinicProfile.current().name == "North Clinic"


def test_what_is_left_is_said_in_words_and_goes_away_when_done():
    setup(**GIVEN)
    facts = dict.fromkeys(("evaluation", "prescribers", "monitoring", "exclusions", "price", "insurance"), "Said.")
    assert len([step for step in setup_checklist.pending_steps() if step.startswith("Say on")]) == 7
    ClinicProfile.objects.update(**facts, ketamine_form="as an infusion")
    assert [step.split(".")[0] for step in setup_checklist.pending_steps()] == [
        "Add the states where you’re licensed",
        "Set availability for at least one host",
        "Send a test: sign up with your own email address",
        "Have a medical reviewer approve the articles",
    ]
    ClinicProfile.objects.update(states=["VT"])
    hosts.AvailabilityRuleFactory()
    messages.OutboxMessageFactory(status=MessageStatus.SENT, sent_at=timezone.now())
    for article in Article.objects.all():
        content.SignOffFactory(article=article)
    assert setup_checklist.pending_steps() == []


def test_what_ships_is_not_taken_for_the_clinics_own(monkeypatch):
    run_with_answers(monkeypatch, *[""] * 7)
    words = " ".join(setup_checklist.pending_steps())
    for part in ("mailing address", "email address", "phone number", "Head of Customer Care"):
        assert part in words


def test_nothing_there_at_all():
    assert setup_checklist.pending_steps() == ["Load the content and profile that ship: manage.py load_content."]


def test_check_deploy_warns_of_each():
    setup(name="North Clinic")
    found = checks.run_checks(include_deployment_checks=True, databases=["default"])
    assert [each.msg for each in found if each.id == "clinic.W001"] == setup_checklist.pending_steps()
    assert setup_checklist.check_setup(databases=None) == []  # without a database to ask, none is asked


@pytest.mark.parametrize("text", ["always", "mon 9-17", "mon-xyz 09:00-17:00", ""])
def test_hours_that_cannot_be_read_are_refused(text):
    with pytest.raises(CommandError, match="is not like"):
        parse_opening_hours(text)


def test_a_mistake_is_said_with_its_field():
    with pytest.raises(CommandError, match="time_zone: “Mars” is not a time zone"):
        setup(zone="Mars")


@pytest.mark.parametrize(("role", "is_told"), [(roles.HEAD, True), (roles.COORDINATOR, False)])
def test_the_head_reads_what_is_left_on_the_desk(client, clinic, role, is_told):
    user = users.UserFactory()
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    assert ("Finish setting up your clinic" in client.get("/admin/").content.decode()) is is_told
