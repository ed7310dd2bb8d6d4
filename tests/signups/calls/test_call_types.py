"""Types of calls: each has its length, buffers, hosts and questions; staff set them up, patients choose."""

import datetime as dt
import re

import pytest
from django.test import Client

from clinic import roles
from signups.audit.choices import ActorKind
from signups.calls.actions import available_slots_for, book_call, reassign_call, reschedule_call
from signups.calls.call_type_admin import shares_of
from signups.calls.call_type_models import CallType
from signups.leads import links as lead_links
from signups.scheduling.slots import SlotTaken, SlotUnavailable
from signups.web import timed_token
from tests.factories.calls import CallTypeFactory, OnboardingCallFactory
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 1, 13, 15, 0, tzinfo=dt.UTC)
CALL = dt.datetime(2027, 1, 15, 19, 0, tzinfo=dt.UTC)  # Friday, 2 p.m. in New York
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
BY = {"by": ActorKind.PATIENT, "now": NOW}
QUESTIONS = [{"label": "Which plan do you have?", "options": ["Employer", "None"]}]


@pytest.fixture
def hosts(clinic, time_machine):
    time_machine.move_to(NOW, tick=False)
    found = [HostFactory(user__first_name=name) for name in ("Hana", "Ida")]
    for host in found:
        AvailabilityRuleFactory(host=host, weekday=4, start=9 * 60, end=17 * 60)
    return found


@pytest.fixture
def lead(clinic):
    lead = LeadFactory(name="Jo Miller")
    TrialFactory(lead=lead, started_at=NOW - HOUR, requested_at=NOW - HOUR)
    return lead


@pytest.fixture
def insurance(hosts):
    """An hour with Ida, and a quarter of an hour free on both sides."""
    made = CallTypeFactory(name="insurance call", minutes=60, minutes_before=15, minutes_after=15, questions=QUESTIONS)
    made.hosts.add(hosts[1])
    return made


def desk(role=roles.HEAD):
    client = Client()
    client.force_login(UserFactory(role=role))
    return client


def address(lead, rest=""):
    return lead_links.portal_url(lead).removeprefix("http://127.0.0.1:8000") + rest


def test_length_buffers_and_hosts_are_those_of_the_type(hosts, lead, insurance):
    hana, ida = hosts
    call = book_call(lead=lead, start=CALL, call_type=insurance, **BY)
    assert (call.host, call.ends_at, call.blocked_from, call.blocked_to) == (
        *(ida, CALL + HOUR, CALL - 15 * MINUTE, CALL + 75 * MINUTE),
    )
    last = max(slot.start for slot in available_slots_for(now=NOW, call_type=insurance) if slot.start < CALL + 9 * HOUR)
    assert last == CALL + 2 * HOUR  # the last that ends by 5 p.m.
    with pytest.raises(SlotTaken):  # into the buffer
        book_call(lead=LeadFactory(), start=CALL + HOUR, call_type=insurance, **BY)
    other = book_call(lead=LeadFactory(), start=CALL, **BY)
    assert (other.host, other.call_type, other.ends_at) == (hana, CallType.objects.onboarding(), CALL + 30 * MINUTE)
    with pytest.raises(SlotUnavailable):
        reassign_call(call=call, host=hana, **BY)
    moved = reschedule_call(call=call, start=CALL + 90 * MINUTE, **BY)
    assert (moved.host, moved.ends_at) == (ida, CALL + 150 * MINUTE)


def test_patient_chooses_a_type_answers_and_reads_its_name_everywhere(hosts, lead, insurance, time_machine):
    client, page = Client(), address(lead, "call/")
    first = client.get(page).content.decode()
    assert "Choose a time for your free call" in first
    link = re.search(r'<a href="(\?type=[^"]*)">insurance call</a> \(60 minutes\)', first)[1]
    shown = client.get(page + link).content.decode()
    assert ("Choose a time for your insurance call" in shown, "is free" in shown) == (True, False)
    assert "Which plan do you have?" in shown
    time_machine.move_to(NOW - MINUTE, tick=False)
    stamp = timed_token.new_token()
    time_machine.move_to(NOW, tick=False)
    data = {"stamp": stamp, "start": CALL.isoformat(), "reminders": "on"}
    assert client.post(page + link, data | {"question_0": "My knee hurts"}).status_code == 422
    assert client.post(page + link, data | {"question_0": "Employer"}).status_code == 303
    call = lead.calls.get()
    assert (call.call_type, call.answers, call.ends_at) == (
        *(insurance, {"Which plan do you have?": "Employer"}, CALL + HOUR),
    )
    patient, host = (call.messages.get(kind=kind) for kind in ("call_booked", "host_call"))
    assert "Your insurance call is booked" in patient.subject
    assert (
        "SUMMARY:Insurance call with" in patient.calendar,
        "SUMMARY:Insurance call with J. M." in host.calendar,
    ) == (*(True, True),)
    written = patient.text + client.get(page).content.decode() + client.get(address(lead)).content.decode()
    assert not re.search("free call is|call is free|It’s free, and", written)
    card = desk().get(f"/admin/signups/onboardingcall/{call.public_id}/").content.decode()
    assert ("insurance call" in card, "<dt>Which plan do you have?</dt><dd>Employer</dd>" in card) == (True, True)


def test_type_that_is_switched_off_or_unknown_is_not_booked(hosts, lead, insurance):
    insurance.is_active = False
    insurance.save()
    client = Client()
    for named in (insurance.public_id, "x", "", "00000000-0000-0000-0000-000000000000"):
        shown = client.get(address(lead, f"call/?type={named}")).content.decode()
        assert ("free call" in shown, "insurance call" in shown) == (True, False)


def test_staff_book_a_type(hosts, lead, insurance):
    page = f"/admin/signups/lead/{lead.pk}/book/"
    client = desk()
    assert f'href="?type={insurance.public_id}"' in client.get(page).content.decode()
    data = {"start": CALL.isoformat(), "question_0": "None"}
    assert client.post(f"{page}?type={insurance.public_id}", data).status_code == 303
    assert (lead.calls.get().call_type, lead.calls.get().answers) == (insurance, {"Which plan do you have?": "None"})


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({}, ""),
        ({"name": "ketamine call"}, "tells of health or care"),
        ({"question_lines": "Do you have depression? | Yes | No"}, "asks about health or care"),
        ({"question_lines": "Anything else?"}, "2 to 12 different answers"),
        ({"question_lines": "A? | b | b"}, "2 to 12 different answers"),
        ({"question_lines": "A? | b | c\nA? | d | e"}, "Two questions are the same"),
        ({"minutes": "0"}, "greater than or equal to 5"),
    ],
)
def test_head_sets_up_a_type_and_health_is_not_asked_about(hosts, changed, refusal):
    data = {"name": "insurance call", "is_active": "on", "minutes": "45", "minutes_before": "", "minutes_after": "10"}
    data |= {"question_lines": "Which plan? | Employer | None\n\n", "hosts": [str(hosts[0].pk)], **changed}
    response = desk().post("/admin/signups/calltype/add/", data)
    if refusal:
        assert (response.status_code, refusal in response.content.decode()) == (200, True)
        return
    made = CallType.objects.get(name="insurance call")
    assert made.questions == [{"label": "Which plan?", "options": ["Employer", "None"]}]
    assert list(made.all_hosts()) == [hosts[0]]
    page = desk().get(f"/admin/signups/calltype/{made.pk}/change/").content.decode()
    assert "Which plan? | Employer | None" in page


def test_who_may_change_types_and_the_first_keeps_its_name(hosts):
    first = CallType.objects.onboarding()
    page = f"/admin/signups/calltype/{first.pk}/change/"
    assert desk(roles.COORDINATOR).post(page, {"minutes": "45"}).status_code == 403
    assert desk(roles.EDITOR).get(page).status_code == 403
    assert desk().post(page, {"name": "x", "is_active": "on", "minutes": "45"}).status_code == 302
    first.refresh_from_db()
    assert (first.name, first.minutes) == ("Free onboarding call", 45)


def test_shares_of_a_type_by_weight(hosts, insurance):
    hana, ida = hosts
    hana.weight = 3
    hana.save()
    first = CallType.objects.onboarding()
    for number in range(4):
        OnboardingCallFactory(host=hana, starts_at=CALL + number * HOUR)
    OnboardingCallFactory(host=ida, starts_at=CALL, call_type=insurance)
    OnboardingCallFactory(host=ida, starts_at=CALL + HOUR, status="cancelled")
    found = [(row["host"], row["of_type"], row["all"], row["fair"]) for row in shares_of(first, NOW)]
    assert found == [(hana, 4, 4, 3.75), (ida, 0, 1, 1.25)]
    page = desk().get(f"/admin/signups/calltype/{first.pk}/change/").content.decode()
    assert "<td>3.8</td>" in page


def test_another_time_zone_keeps_the_chosen_type(hosts, lead, insurance):
    client, page = Client(), address(lead, f"call/?type={insurance.public_id}")
    action = re.search(r'action="([^"]*call/zone/[^"]*)"', client.get(page).content.decode())[1]
    for zone, shown in (
        ("", client.post(action, {"time_zone": ""})),
        ("Denver", client.post(action, {"time_zone": "America/Denver"}, follow=True)),
    ):
        assert "Choose a time for your insurance call" in shown.content.decode(), zone
    assert "Mountain" in shown.content.decode()


def test_calendar_shows_the_free_times_of_the_chosen_type(hosts, lead, insurance):
    """Half an hour with anybody until 4:30 p.m.; an hour with Ida alone until 3:30, for the buffer after it."""
    client, page = desk(), "/admin/signups/onboardingcall/?day=2027-01-15&span=day&who=all"
    plain = client.get(page).content.decode()
    assert ("4:30 PM available" in plain, plain.count(">2:00 PM available")) == (True, 2)
    link = re.search(r'href="(\?[^"]*)">insurance call<', plain)[1].replace("&amp;", "&")
    shown = client.get("/admin/signups/onboardingcall/" + link).content.decode()
    assert ("4:30 PM available" in shown, shown.count(">2:00 PM available")) == (False, 1)
    for other in re.findall(r'href="(\?day=[^"]*)"', shown):
        assert "type=" in other


def test_staff_and_host_read_the_name_of_the_type(hosts, lead, insurance, mailoutbox):
    lead.status, client = "contacted", desk()
    lead.save()
    call = book_call(lead=lead, start=CALL, call_type=insurance, **BY)
    page = client.get(f"/admin/signups/lead/{lead.pk}/change/").content.decode()
    assert "Hold the insurance call" in page
    assert "insurance call on Fri" in page  # what closing would end
    assert "<dt>Insurance call</dt>" in page
    mail = call.messages.get(kind="host_call")
    assert (mail.subject[:23], "Your insurance call with J. M.:" in mail.text) == ("Insurance call with J. ", True)
    for read in (page, mail.text, mail.html, mail.subject):
        assert "nboarding call" not in read.split("Book a call")[0]
