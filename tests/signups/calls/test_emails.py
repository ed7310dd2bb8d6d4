"""Invitations as an independent parser reads them, reminders, and the host's calendar feed."""

import datetime as dt
import email
import email.policy
import re

import pytest
import vobject

from signups.audit.choices import ActorKind
from signups.calls.actions import book_call, cancel_call, reassign_call, reschedule_call, resend_confirmation
from signups.calls.models import OnboardingCall
from signups.hosts import links as host_links
from signups.hosts.actions import rotate_feed_token
from signups.messages import delivery, email_builder
from signups.messages.choices import MessageStatus
from signups.messages.models import OutboxMessage
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.users import UserFactory
from tests.signups.scheduling import scheduling_cases

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
MONDAY = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def new_host(**names):
    host = HostFactory(**names)
    for weekday in range(7):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=0, end=1440)
    return host


class Story:
    """One patient's calls as a case's event tells them, a minute between two deeds."""

    def __init__(self):
        self.lead = LeadFactory(name="Jo van Miller")
        self.host = new_host(user__email="sam@harbor.example")
        self.now = NOW
        self.moved = 0
        self.call = self.book()

    def facts(self):
        self.now += dt.timedelta(minutes=1)
        return {"by": ActorKind.PATIENT, "now": self.now}

    def book(self):
        return book_call(lead=self.lead, start=MONDAY, host=self.host, **self.facts())

    def move(self):
        self.moved += 1
        reschedule_call(call=self.call, start=MONDAY + self.moved * HOUR, **self.facts())

    def play(self, event):
        """`rescheduled twice`, `cancelled, then booked again` …: every word that is a deed is done, in order."""
        times = {"twice": 2, "three": 3}
        words = re.findall(r"[\w-]+", event.lower())
        for number, word in enumerate(words):
            if word in ("rescheduled", "moved"):
                for _ in range(next((times[later] for later in words[number + 1 : number + 2] if later in times), 1)):
                    self.move()
            elif word in ("cancelled", "canceled"):
                cancel_call(call=self.call, **self.facts())
            elif word == "again" or (word == "rebooked"):
                self.call = self.book()
            elif word == "resent":
                resend_confirmation(call=self.call, now=self.facts()["now"])
            elif word == "reassigned":
                self.second = new_host(user__email="lee@harbor.example")
                reassign_call(call=self.call, host=self.second, **self.facts())

    def last_to(self, address):
        return OutboxMessage.objects.filter(to=address).exclude(calendar="").latest("created_at")


def read(message):
    """The calendar part as it goes out, parsed by vobject; its method as the mail's header and the calendar name it."""
    mail = email.message_from_bytes(
        email_builder.build_email(message).message().as_bytes(), policy=email.policy.default
    )
    (part,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    calendar = vobject.readOne(part.get_payload(decode=True).decode())
    return part.get_param("method"), calendar.method.value, calendar.vevent


@pytest.mark.parametrize("case", scheduling_cases.named("ics_cases", method=("REQUEST", "CANCEL")))
def test_invitations(case, clinic):
    story = Story()
    first = story.call.uid
    story.play(case["event"])
    mime, method, event = read(story.last_to(story.lead.email))
    story.call.refresh_from_db()
    assert (mime, method) == (case["method"], case["method"])
    assert int(event.sequence.value) == case["sequence"] == story.call.sequence
    assert event.status.value == case["status"]
    assert event.uid.value == story.call.uid == f"{story.call.public_id}@harbor.example"
    assert (event.uid.value != first) == ("NEW UID" in case["rule"])
    assert event.dtstamp.value == story.now
    assert (event.dtstart.value, event.dtend.value) == (story.call.starts_at, story.call.ends_at)
    assert event.organizer.value == "mailto:care@harbor.example"
    if "reassigned" in case["event"]:
        off, on = (read(story.last_to(f"{name}@harbor.example")) for name in ("sam", "lee"))
        assert [off[1], off[2].uid.value, off[2].status.value] == ["CANCEL", first, "CANCELLED"]
        assert [on[1], on[2].uid.value, on[2].status.value] == ["REQUEST", first, "CONFIRMED"]
        assert off[2].sequence.value == on[2].sequence.value == "1"


def test_an_invitation_field_by_field(clinic):
    story = Story()
    told = {
        story.lead.email: "Free call with Harbor Clinic",
        "sam@harbor.example": "Onboarding call with J. M.",
    }
    for address, summary in told.items():
        message = story.last_to(address)
        assert "\r\n" in message.calendar
        assert max(len(line.encode()) for line in message.calendar.split("\r\n")) <= 75
        assert "VTIMEZONE" not in message.calendar
        assert re.findall(r"^(DT\w+):(\S+)\r$", message.calendar, re.MULTILINE) == [
            ("DTSTART", "20261123T140000Z"),
            ("DTEND", "20261123T143000Z"),
            ("DTSTAMP", "20261120T150100Z"),
        ]
        _, _, event = read(message)
        assert event.summary.value == summary
        assert event.attendee.value == f"mailto:{address}"
        assert len(event.attendee_list) == 1
        assert event.organizer.params["CN"] == ["Harbor Clinic"]
        assert event.transp.value == "OPAQUE"


def test_the_invitation_arrives_whole(clinic, mail_server):
    story = Story()
    delivery.deliver_due(lambda: story.now)
    (sent,) = [mail for mail in mail_server.messages if mail["To"] == story.lead.email]
    kinds = [part.get_content_type() for part in sent.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html", "text/calendar"]
    part = list(sent.walk())[-1]
    assert part["Content-Type"].params == {"method": "REQUEST", "charset": "utf-8"}
    assert vobject.readOne(part.get_content()).vevent.uid.value == story.call.uid


def reminders(call):
    found = OutboxMessage.objects.filter(call=call, kind__in=("call_day_before", "call_hour_before")).order_by(
        "send_at"
    )
    return [(message.kind, message.call_sequence, MONDAY - message.send_at) for message in found]


def test_reminders_are_written_with_the_booking(clinic):
    call = Story().call
    assert reminders(call) == [("call_day_before", 0, 24 * HOUR), ("call_hour_before", 0, HOUR)]


def test_a_reminder_whose_time_has_passed_is_not_written(clinic):
    host = new_host()
    call = book_call(lead=LeadFactory(), start=MONDAY, host=host, by=ActorKind.PATIENT, now=MONDAY - 5 * HOUR)
    assert reminders(call) == [("call_hour_before", 0, HOUR)]


@pytest.mark.parametrize(
    ("deed", "sent"),
    [("", 1), ("cancelled", 0), ("moved", 0), ("moved away and back", 0), ("began", 0)],
)
def test_a_reminder_is_looked_at_once_more_before_it_goes(clinic, deed, sent):
    story = Story()
    story.play(deed)
    if deed == "moved away and back":
        reschedule_call(call=story.call, start=MONDAY, **story.facts())
    late = HOUR if deed == "began" else dt.timedelta()
    OutboxMessage.objects.exclude(call_sequence=0, kind__startswith="call_", calendar="").delete()
    delivery.deliver_due(lambda: MONDAY - HOUR + late)
    assert OutboxMessage.objects.filter(status=MessageStatus.SENT).count() == sent
    assert OutboxMessage.objects.filter(status=MessageStatus.CANCELLED).count() == 2 - sent


def test_a_confirmation_that_was_overtaken_is_cancelled(clinic):
    story = Story()
    story.play("moved")
    delivery.deliver_due(lambda: story.now)
    told = dict(OutboxMessage.objects.filter(to=story.lead.email, send_at__lte=story.now).values_list("kind", "status"))
    assert told == {"call_booked": MessageStatus.CANCELLED, "call_moved": MessageStatus.SENT}


def feed(client, host):
    return client.get(host_links.feed_url(host).removeprefix("http://127.0.0.1:8000"))


@pytest.mark.parametrize("case", scheduling_cases.named("ics_cases", method=("PUBLISH",)))
def test_feed(case, clinic, client, time_machine):
    story = Story()
    other = book_call(lead=LeadFactory(), start=MONDAY + 3 * HOUR, host=story.host, **story.facts())
    cancel_call(call=other, **story.facts())
    time_machine.move_to(story.now, tick=False)
    response = feed(client, story.host)
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in response["Cache-Control"]
    text = response.content.decode()
    calendar = vobject.readOne(text)
    assert calendar.method.value == case["method"]
    assert {event.uid.value: event.status.value for event in calendar.vevent_list} == {
        story.call.uid: "CONFIRMED"  # (what is cancelled is left out: some programs show it as if it stood)
    }
    assert {event.summary.value for event in calendar.vevent_list} == {"Onboarding call with J. M."}
    for secret in ("Jo", "Miller", story.lead.email, "ATTENDEE", "ketamine"):
        assert secret not in text
    time_machine.move_to(story.now + dt.timedelta(days=31), tick=False)
    (left,) = vobject.readOne(feed(client, story.host).content.decode()).vevent_list
    assert left.uid.value == story.call.uid
    time_machine.move_to(MONDAY + dt.timedelta(days=31), tick=False)
    assert "VEVENT" not in feed(client, story.host).content.decode()


def test_a_renewed_feed_has_another_address(clinic, client):
    host = new_host()
    old = host_links.feed_url(host).removeprefix("http://127.0.0.1:8000")
    assert client.get(old).status_code == 200
    rotate_feed_token(host, by=UserFactory(), now=NOW)
    host.refresh_from_db()
    assert client.get(old).status_code == 404
    assert feed(client, host).status_code == 200
    assert client.get("/hosts/guess.ics").status_code == 404


def test_the_feed_of_who_left_is_closed(clinic, client):
    host = new_host()
    host.user.is_active = False
    host.user.save()
    assert feed(client, host).status_code == 404


def test_erasure_cancels_the_call_and_the_host_is_told(clinic):
    from signups.privacy import erasure

    story = Story()
    erasure.erase_lead(story.lead, by=ActorKind.PATIENT, now=story.facts()["now"])
    assert OnboardingCall.objects.get().status == "cancelled"
    delivery.deliver_due(lambda: story.now)
    sent = OutboxMessage.objects.filter(status=MessageStatus.SENT, kind__startswith="host")
    assert [message.calendar_method for message in sent] == ["CANCEL"]
