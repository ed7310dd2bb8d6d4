"""What went wrong for schedulers elsewhere, played through the pages that people and staff use, with a mail server."""

import datetime as dt
import re

import pytest
from django.test import Client

from clinic import roles
from content.models.content_version import ContentVersion
from content.models.profile import ClinicProfile
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.messages import delivery
from signups.web import timed_token
from signups.web.public_form import TRAP
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 1, 13, 15, 0, tzinfo=dt.UTC)  # a Wednesday, 10 a.m. in New York
CALL = dt.datetime(2027, 1, 15, 19, 0, tzinfo=dt.UTC)  # Friday, 2 p.m. there
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


@pytest.fixture
def at(time_machine, clinic):
    return lambda moment: time_machine.move_to(moment, tick=False)


def new_host(first_name):
    host = HostFactory(user__first_name=first_name, user__email=f"{first_name.lower()}@harbor.example")
    for weekday in range(7):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=0, end=1440)
    return host


def book(at, now=NOW, start=CALL, **facts):
    """Book over HTTP as a patient of New York; return the lead and the call."""
    at(now - MINUTE)
    lead, stamp = LeadFactory(**{"name": "Jo Miller", **facts}), timed_token.new_token()
    TrialFactory(lead=lead, started_at=now - HOUR, requested_at=now - HOUR)
    at(now)
    data = {"stamp": stamp, "start": start.isoformat(), "reminders": "on"}
    assert Client().post(page(lead, "call/"), data).status_code == 303
    return lead, lead.calls.get()


def change_profile(**facts):
    ClinicProfile.objects.update(**facts)
    ContentVersion.invalidate()


def page(lead, rest=""):
    return lead_links.portal_url(lead).removeprefix("http://127.0.0.1:8000") + rest


def desk(role=roles.HEAD):
    client = Client()
    client.force_login(UserFactory(role=role))
    return client


def deliver(now):
    while delivery.deliver_due(lambda: now):
        pass


def subjects(mail_server, address):
    return [str(message["Subject"]) for message in mail_server.messages if address in str(message["To"])]


def test_stale_no_longer_yours_that_was_greylisted_is_withdrawn(at, mail_server):
    hana = new_host("Hana")
    _, call = book(at)
    deliver(NOW)
    ida, client = new_host("Ida"), desk()
    reassign = f"/admin/signups/onboardingcall/{call.public_id}/reassign/"
    mail_server.answer = lambda message: "451 try later" if "hana@" in str(message["To"]) else "250 OK"
    assert client.post(reassign, {"host": str(ida.public_id), "forced": ""}).status_code == 303
    deliver(NOW)
    mail_server.answer = lambda message: "250 OK"
    at(NOW + MINUTE)
    assert client.post(reassign, {"host": str(hana.public_id), "forced": ""}).status_code == 303
    deliver(NOW + 2 * HOUR)
    assert [subject.partition(":")[0] for subject in subjects(mail_server, "hana@")] == [
        *["Onboarding call with J. M."] * 2
    ]
    assert [subject.partition(":")[0] for subject in subjects(mail_server, "ida@")] == [
        *("Onboarding call with J. M.", "No longer yours"),
    ]


@pytest.mark.parametrize(
    ("start", "delivered_at", "expected"),
    [
        (CALL, [CALL - 10 * MINUTE], ["Fri, Jan 15, 2:00 PM"]),  # after an outage
        (  # 11:30 p.m. on a day of 25 hours
            dt.datetime(2027, 11, 8, 4, 30, tzinfo=dt.UTC),
            [dt.datetime(2027, 11, 7, 4, 30, tzinfo=dt.UTC), dt.datetime(2027, 11, 8, 3, 30, tzinfo=dt.UTC)],
            ["Sun, Nov 7, 11:30 PM"] * 2,
        ),
    ],
)
def test_reminders_are_true_on_arrival(at, mail_server, start, delivered_at, expected):
    new_host("Hana")
    lead, _ = book(at, now=start - 52 * HOUR, start=start)
    deliver(start - 52 * HOUR)
    mail_server.messages.clear()
    for moment in delivered_at:
        deliver(moment)
    written = [message for message in mail_server.messages if lead.email in str(message["To"])]
    assert [re.search(r"\w+, \w+ \d+, [\d:]+ [AP]M", str(one["Subject"]))[0] for one in written] == expected
    for one in written:
        assert not re.search("tomorrow|in an hour", str(one["Subject"]) + one.get_body(["plain"]).get_content())


def test_extension_is_dialled(at):
    new_host("Hana")
    _, call = book(at, phone="(212) 555-0123 ext. 45", phone_e164="+12125550123", phone_extension="45")
    at(CALL)
    assert (
        'href="tel:+12125550123;ext=45"'
        in desk().get(f"/admin/signups/onboardingcall/{call.public_id}/").content.decode()
    )


def test_callback_is_promised_in_hours_in_which_it_may_be_made(at, client):
    """Asked on Monday at 1:30 p.m. in New York by somebody in Honolulu, who then is not called at 4:30 a.m."""
    asked = dt.datetime(2027, 1, 11, 18, 30, tzinfo=dt.UTC)
    at(asked - MINUTE)
    change_profile(callback_minutes=240)
    stamp = timed_token.new_token()
    at(asked)
    data = {"stamp": stamp, "name": "Jo Miller", "best_time": "any", "topic": "cost", "calls": "on", TRAP: ""}
    data |= {"phone": "(808) 555-0134", "time_zone": "Pacific/Honolulu"}
    thanks = client.post("/callback/", data, follow=True).content.decode()
    promised = re.search("by <strong>(.*?)</strong>", thanks)[1]
    due = Lead.objects.get().callbacks.get().due_at.astimezone(dt.timezone(-10 * HOUR))
    assert (promised, f"{due:%H:%M}") == ("noon today", "12:00")


@pytest.mark.parametrize("name", ["Joy\\", '"', "Joy\nClinic"])
def test_sender_and_organizer_are_right_whatever_the_clinic_is_called_and_stay(at, mail_server, name):
    change_profile(name=name)
    new_host("Hana")
    lead, _ = book(at)
    deliver(NOW)
    change_profile(mailbox="hello@harbor.example")
    assert Client().post(page(lead, "call/cancel/")).status_code == 303
    deliver(NOW)
    written = [message for message in mail_server.messages if lead.email in str(message["To"])]
    senders = [message["From"].addresses[0] for message in written]
    assert {sender.display_name for sender in senders} == {" ".join(name.split())}
    assert [sender.addr_spec for sender in senders] == ["care@harbor.example", "hello@harbor.example"]
    calendars = [
        part.get_content() for message in written for part in message.walk() if "calendar" in part.get_content_type()
    ]
    organizers = {re.search("ORGANIZER.*?(mailto:[^\r\n]*)", text.replace("\r\n ", ""), re.S)[1] for text in calendars}
    assert (len(calendars), organizers) == (2, {"mailto:care@harbor.example"})
