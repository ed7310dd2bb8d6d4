"""libical, which Cyrus, Evolution and KDE read calendars with, accepts every invitation, calendar copy and feed."""

import ctypes
import datetime as dt

import pytest

from content.models.profile import ClinicProfile
from signups.audit.choices import ActorKind
from signups.calls.actions import book_call, cancel_call, reassign_call, reschedule_call
from signups.calls.emails import host_entry
from signups.hosts import links as host_links
from signups.scheduling.icalendar_invites import render_copy
from tests import services
from tests.factories.calls import CallTypeFactory
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(services.find_libical() is None, reason="there is no libical"),
]
NOW = dt.datetime(2027, 1, 13, 15, 0, tzinfo=dt.UTC)
CALL = dt.datetime(2027, 1, 15, 19, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
BY = {"by": ActorKind.PATIENT, "now": NOW}
NAMES = (
    'Joy; Care: "West", Inc.\\',
    '"\n^',
    "Ketamin-Sprechstunde für Überlebende, Höhe 30 m ü. M. \N{HERB}" + "\N{SPARKLES}" * 20,
)


@pytest.fixture(scope="module")
def libical():
    """What libical says against a text: nothing, when it reads all of it and finds its iTIP rules kept."""
    library = ctypes.CDLL(str(services.find_libical()))
    library.icalparser_parse_string.restype = ctypes.c_void_p
    library.icalcomponent_as_ical_string.restype = ctypes.c_char_p
    for name in ("icalrestriction_check", "icalcomponent_as_ical_string", "icalcomponent_free"):
        getattr(library, name).argtypes = [ctypes.c_void_p]

    def refusals(text):
        read = library.icalparser_parse_string(text.encode())
        if not read:
            return ["no calendar"]
        kept = library.icalrestriction_check(read)
        written = library.icalcomponent_as_ical_string(read).decode().replace("\r\n ", "")
        library.icalcomponent_free(read)
        errors = [line for line in written.splitlines() if line.startswith("X-LIC-ERROR")]
        return errors or ([] if kept else ["its rules are not kept"])

    return refusals


def new_host(first_name, email):
    host = HostFactory(user__first_name=first_name, user__email=email)
    for weekday in range(7):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=0, end=1440)
    return host


def feed(client, host):
    return client.get(host_links.feed_url(host).removeprefix("http://127.0.0.1:8000")).content.decode()


def test_whole_life_of_a_call_under_any_clinic_name(libical, clinic, client, time_machine):
    time_machine.move_to(NOW, tick=False)
    hosts = [new_host("Hana", "hana@harbor.example"), new_host("Ida", "")]  # the second has no mailbox of her own
    texts = [feed(client, hosts[0])]
    long_call = CallTypeFactory(name="money; matters, “questions”", minutes=45)
    for number, name in enumerate(NAMES):
        ClinicProfile.objects.update(name=name)
        lead = LeadFactory(name="Jo Øyvind Miller", email=f"jo+{number}@example.com")
        TrialFactory(lead=lead, started_at=NOW - HOUR, requested_at=NOW - HOUR)
        kind = {"call_type": long_call} if number % 2 else {}
        call = book_call(lead=lead, start=CALL + number * 24 * HOUR, host=hosts[0], **kind, **BY)
        reschedule_call(call=call, start=call.starts_at + HOUR, **BY)
        call.refresh_from_db()
        reassign_call(call=call, host=hosts[1], **BY)
        call.refresh_from_db()
        texts += [feed(client, hosts[1]), render_copy(host_entry(call, stamp=NOW))]
        cancel_call(call=call, **BY)
        texts += [feed(client, hosts[1]), *call.messages.exclude(calendar="").values_list("calendar", flat=True)]
    assert len(texts) == 1 + 12 * len(NAMES)  # nine invitations, a copy and two feeds each
    assert {text: found for text in texts if (found := libical(text))} == {}


def test_libical_refuses_what_is_wrong(libical, client, clinic, time_machine):
    """Otherwise it would accept anything."""
    time_machine.move_to(NOW, tick=False)
    host, lead = new_host("Hana", "hana@harbor.example"), LeadFactory()
    book_call(lead=lead, start=CALL, host=host, **BY)
    text = feed(client, host)
    assert libical(text) == []
    without_organizer = "\r\n".join(line for line in text.split("\r\n") if not line.startswith("ORGANIZER"))
    assert "ORGANIZER" in libical(without_organizer)[0]
    assert "DTSTART" in libical(text.replace("DTSTART:2027", "DTSTART:soon"))[0]
    assert libical("soon") == ["no calendar"]
