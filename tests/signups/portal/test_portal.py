"""The patient's own page: every right, exercised by the patient alone."""

import datetime as dt
import io
import json
import re
import zipfile
from urllib.parse import urlsplit

import pytest

from signups.audit.choices import ActorKind
from signups.audit.models import AuditEvent
from signups.consents.actions import grant_consent, revoke_consent
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.policy import agrees_to
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.messages.models import OutboxMessage
from signups.trials.actions import resend_confirmation_link
from signups.trials.models import Trial
from tests.factories.callbacks import CallbackRequestFactory
from tests.factories.leads import LeadFactory
from tests.factories.messages import OutboxMessageFactory
from tests.factories.trials import TrialFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture
def trial(clinic, time_machine):
    time_machine.move_to(NOW, tick=False)
    return TrialFactory(requested_at=NOW - 2 * DAY, started_at=NOW - 2 * DAY, lead__phone="212 555 0123")


@pytest.fixture
def my(trial, settings):
    """The path of the patient's page."""
    return lead_links.portal_url(trial.lead).removeprefix(settings.SITE_URL)


def text(response):
    return " ".join(response.content.decode().split())


def lead():
    return Lead.objects.get()


def test_page_says_where_they_stand_in_words(client, my):
    page = text(client.get(my))
    assert "Today is <strong>day 3 of 7</strong>" in page
    assert "Wednesday, November 25, 2026, 10:00 AM Eastern Time" in page
    assert page.count('class="past"') == 2
    assert page.count('class="today"') == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"started_at": None}, "Your trial starts when you open the link in our email"),
        ({"cancelled_at": NOW}, "Undo and keep my trial"),
        ({"cancelled_at": NOW - 2 * DAY}, "Your trial has been canceled. You owe us nothing."),
        ({"converted_at": NOW}, "You can request a refund through <strong>Sunday, December 20, 2026</strong>"),
        (
            {"converted_at": NOW, "refund_requested_at": NOW},
            "Our care team is processing it.",
        ),
        (
            {"converted_at": NOW, "refund_requested_at": NOW, "refunded_at": NOW},
            "Our care team sent it on November 20, 2026.",
        ),
        ({"started_at": NOW - 40 * DAY, "converted_at": NOW - 31 * DAY}, "guarantee ended on Thursday, November 19"),
        ({"started_at": NOW - 8 * DAY}, "Your free trial ended on Thursday, November 19, 2026"),
    ],
)
def test_page_tells_every_state(client, my, trial, fields, said):
    Trial.objects.update(**{"requested_at": NOW - 50 * DAY, **fields})
    assert said in text(client.get(my))


def test_page_costs_the_same_however_much_happened(client, my, trial, django_assert_max_num_queries):
    for _ in range(20):
        OutboxMessageFactory(lead=trial.lead)
        grant_consent(trial.lead, ConsentPurpose.NEWS, channel=ConsentChannel.PAGE, by=ActorKind.PATIENT, now=NOW)
        revoke_consent(trial.lead, ConsentPurpose.NEWS, channel=ConsentChannel.PAGE, by=ActorKind.PATIENT, now=NOW)
    with django_assert_max_num_queries(14):
        client.get(my)


def test_person_without_a_trial_has_a_page_too(client, clinic, settings):
    path = lead_links.portal_url(LeadFactory()).removeprefix(settings.SITE_URL)
    assert "You do not have a trial with us." in text(client.get(path))


def test_cancelling_asks_once_and_can_be_taken_back(client, my):
    assert "Cancel your trial?" in text(client.get(my + "trial/cancel/"))
    assert Trial.objects.get().cancelled_at is None
    response = client.post(my + "trial/cancel/")
    assert (response.status_code, response["Location"].split("?")[0]) == (303, my)
    assert "Your trial has been canceled. You owe us nothing.</p></div>" in text(client.get(response["Location"]))
    assert Trial.objects.get().cancelled_at == NOW
    client.post(my + "trial/undo/")
    assert Trial.objects.get().state(NOW) == "day 3 of 7"


def test_undo_after_the_hour_says_so(client, my, time_machine):
    client.post(my + "trial/cancel/")
    time_machine.shift(dt.timedelta(hours=1, seconds=1))
    response = client.post(my + "trial/undo/")
    assert (response.status_code, "that time has passed." in text(response)) == (409, True)
    assert "Undo and keep" not in text(client.get(my))


def test_refund_is_accepted_on_the_spot(client, my):
    assert client.get(my + "refund/").status_code == 303  # nothing to refund yet
    Trial.objects.update(converted_at=NOW)
    assert "Request a refund?" in text(client.get(my + "refund/"))
    assert client.post(my + "refund/")["Location"].split("?")[0] == my
    assert Trial.objects.refund_owed().count() == 1
    assert "Your request was accepted" in text(client.get(my))


def test_refund_after_its_time_says_so(client, my):
    Trial.objects.update(requested_at=NOW - 50 * DAY, started_at=NOW - 50 * DAY, converted_at=NOW - 31 * DAY)
    response = client.post(my + "refund/")
    assert (response.status_code, "The guarantee ended on" in text(response)) == (409, True)


def test_details_are_changed_and_the_event_names_only_which(client, my):
    data = {"name": "Jo O’Neil", "preferred_channel": "call", "phone": "(212) 555-0199", "best_time": "morning"}
    data |= {"calls": "on", "time_zone": "America/Denver", "signing_up_for": "other", "referral_answer": "a friend"}
    assert client.post(my + "details/", data).status_code == 303
    assert (lead().name, lead().phone_e164, lead().time_zone) == ("Jo O’Neil", "+12125550199", "America/Denver")
    assert (lead().signing_up_for, lead().referral_answer) == ("other", "a friend")
    assert AuditEvent.objects.get(action="details_changed").detail == {
        "changed": [
            *("best_time", "name", "phone", "phone_e164", "preferred_channel", "referral_answer"),
            *("signing_up_for", "time_zone"),
        ]
    }


def test_no_channel_is_chosen_without_the_permission_it_needs(client, my):
    data = {"name": "Jo", "phone": "(212) 555-0199", "best_time": "any", "time_zone": "America/Denver"}
    for channel, purpose in (("call", ConsentPurpose.CALLS), ("text", ConsentPurpose.TEXTS)):
        refused = client.post(my + "details/", data | {"preferred_channel": channel})
        assert (refused.status_code, "Check the box to let us" in text(refused)) == (422, True)
        assert not agrees_to(lead(), purpose)
        client.post(my + "details/", data | {"preferred_channel": channel, purpose.value: "on"})
        assert (lead().preferred_channel, agrees_to(lead(), purpose)) == (channel, True)


def test_details_that_do_not_fit_are_refused_with_what_was_typed(client, my):
    data = {"name": "…", "preferred_channel": "call", "phone": "", "best_time": "any", "time_zone": "America/Denver"}
    page = client.post(my + "details/", data)
    assert (page.status_code, "<title>Error: " in text(page), 'value="…"' in text(page)) == (422, True, True)
    assert (lead().name, AuditEvent.objects.count()) == ("Jo Miller", 0)


def test_agreements_are_each_their_own(client, my):
    assert " checked" not in text(client.get(my + "consents/")).split('name="calls"')[1].split(">")[0]
    client.post(my + "consents/", {"reminders": "on", "calls": "on"})
    assert [purpose for purpose in ConsentPurpose if agrees_to(lead(), purpose)] == [ConsentPurpose.CALLS]
    client.post(my + "consents/", {"news": "on"})
    assert [purpose for purpose in ConsentPurpose if agrees_to(lead(), purpose)] == [ConsentPurpose.NEWS]
    assert lead().unsubscribed_at == NOW
    client.post(my + "consents/", {"reminders": "on"})
    assert (lead().unsubscribed_at, agrees_to(lead(), ConsentPurpose.NEWS)) == (None, False)


def test_box_left_empty_does_not_call_off_a_call_they_asked_for(client, my, trial):
    CallbackRequestFactory(lead=trial.lead, phone="212 555 0123")
    client.post(my + "consents/", {"news": "on", "calls": "on"})
    client.post(my + "consents/", {"news": "on"})
    assert trial.lead.callbacks.get().outcome == "do_not_call"  # a tick taken away does
    CallbackRequestFactory(lead=trial.lead, phone="212 555 0123")
    client.post(my + "consents/", {})
    assert trial.lead.callbacks.filter(closed_at=None).count() == 1


def test_new_link_ends_the_old_one_here_too(client, my):
    assert client.get(my + "link/").status_code == 200
    assert client.get(my).status_code == 200
    assert client.post(my + "link/").status_code == 200
    response = client.get(my)
    assert (response.status_code, lead().name in text(response)) == (410, False)
    new = lead_links.portal_url(lead())
    assert [(message.kind, new in message.text) for message in OutboxMessage.objects.all()] == [("my_link", True)]


def test_nobody_is_flooded_with_new_links_or_farewells(client, my, trial):
    for _ in range(5):
        client.post(my + "trial/cancel/")
        client.post(my + "trial/undo/")
    assert trial.lead.messages.filter(kind="trial_cancelled").count() == 3
    answers = [client.post(urlsplit(lead_links.portal_url(lead())).path + "link/").status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]


def test_everything_can_be_taken_along(client, my, trial):
    OutboxMessageFactory(lead=trial.lead, text="Hello <b>you</b>")
    response = client.post(my + "export/")
    assert (response["Content-Type"], "no-store" in response["Cache-Control"]) == ("application/zip", True)
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        held = json.loads(archive.read("my-data.json"))
        page = archive.read("my-data.html").decode()
    assert (held["lead"]["name"], held["messages"][0]["text"]) == ("Jo Miller", "Hello <b>you</b>")
    assert "Hello &lt;b&gt;you&lt;/b&gt;" in page
    assert [event.action for event in AuditEvent.objects.all()] == ["downloaded"]


def test_erasing_says_what_stays_and_then_does_it(client, my):
    page = text(client.get(my + "erase/"))
    assert "A scrambled code" in page
    assert "The bare record" in page
    assert lead().name == "Jo Miller"
    assert "Your data has been deleted" in text(client.post(my + "erase/"))
    assert (lead().status, lead().name, client.get(my).status_code) == ("erased", "", 404)
    assert [message.kind for message in OutboxMessage.objects.pending()] == ["erasure_receipt"]


def ask_for_link(client, time_machine, email, at=NOW):
    time_machine.move_to(at - dt.timedelta(minutes=1), tick=False)
    stamp = client.get("/lost-link/").content.decode().split('name="stamp" value="')[1].split('"')[0]
    time_machine.move_to(at, tick=False)
    return client.post("/lost-link/", {"stamp": stamp, "aq_7": "", "email": email})


def test_lost_link_is_mailed_to_its_owner_and_reveals_nothing(client, trial, time_machine):
    known = ask_for_link(client, time_machine, trial.lead.email.upper())
    unknown = ask_for_link(client, time_machine, "nobody@example.com")
    assert (known.status_code, known.headers, known.content) == (unknown.status_code, unknown.headers, unknown.content)
    assert [(message.kind, message.to) for message in OutboxMessage.objects.all()] == [("my_link", trial.lead.email)]


def test_lost_link_before_the_first_confirmation_is_that_link(client, trial, time_machine):
    Trial.objects.update(started_at=None)
    ask_for_link(client, time_machine, trial.lead.email)
    assert [message.kind for message in OutboxMessage.objects.all()] == ["confirm_trial"]


def test_asking_for_lost_links_does_not_flood_a_mailbox(client, trial, time_machine):
    codes = [ask_for_link(client, time_machine, trial.lead.email).status_code for _ in range(11)]
    assert codes == [303] * 10 + [429]
    assert OutboxMessage.objects.count() == 3


@pytest.mark.parametrize(("minutes", "sent"), [(59, 3), (61, 4)])
def test_limit_of_a_mailbox_lasts_an_hour(client, trial, time_machine, minutes, sent):
    for _ in range(4):
        ask_for_link(client, time_machine, trial.lead.email)
    assert OutboxMessage.objects.count() == 3
    ask_for_link(client, time_machine, trial.lead.email, at=NOW + dt.timedelta(minutes=minutes))
    assert OutboxMessage.objects.count() == sent


def test_page_goes_only_to_an_address_that_was_confirmed(client, trial):
    Trial.objects.update(started_at=None)
    resend_confirmation_link(trial.lead, now=NOW)
    Trial.objects.update(started_at=NOW)
    resend_confirmation_link(trial.lead, now=NOW)
    said = {message.kind: "/my/" in message.text for message in OutboxMessage.objects.all()}
    assert said == {"confirm_trial": False, "trial_exists": True}


@pytest.mark.parametrize("page", ["", "trial/cancel/", "details/", "consents/", "link/", "erase/"])
def test_pages_are_told_to_nobody_and_kept_nowhere(client, my, page):
    response = client.get(my + page)
    assert (response.status_code, response.cookies, response["Referrer-Policy"]) == (200, {}, "no-referrer")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("page", ["", "details/", "trial/cancel/", "erase/"])
def test_own_pages_do_not_offer_what_is_begun(client, my, page):
    said = client.get(my + page).content.decode()
    assert ("Learn</a>" in said, "Start free" in said) == (True, False)


@pytest.mark.parametrize(
    ("rest", "back"),
    [
        ("trial/undo/", ""),
        ("export/", ""),
        ("export/anew/", ""),
        ("call/again/", "call/"),
        ("call/zone/", "call/"),
    ],
)
def test_opened_address_of_a_button_leads_back(client, my, rest, back):
    response = client.get(my + rest)
    assert (response.status_code, response["Location"]) == (302, my + back)
    assert client.put(my + rest).status_code == 405
    assert AuditEvent.objects.count() == 0


def test_link_that_was_cut_off_offers_another(client, my):
    for path in (my[:-9] + "/", my[:-9] + "/call/", "/my/nonsense/"):
        response = client.get(path)
        assert (response.status_code, 'href="/lost-link/"' in text(response)) == (404, True)


def done_line(response):
    found = re.search(r'role="status"[^>]*>(.*?)</p>', text(response))
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("rest", "data", "line"),
    [
        ("consents/", {"reminders": "on"}, "Your permissions have been saved."),
        ("trial/cancel/", {}, "Your trial has been canceled. You owe us nothing."),
        ("callback/cancel/", {}, "The call has been canceled. We will not call you about this."),
    ],
)
def test_after_a_press_one_line_says_what_happened(client, my, time_machine, rest, data, line):
    answer = client.post(my + rest, data)
    assert done_line(client.get(answer["Location"])) == line
    assert not client.cookies
    time_machine.shift(dt.timedelta(minutes=3))
    assert done_line(client.get(answer["Location"])) == ""  # a bookmark says nothing that is no longer so


def test_nobody_can_make_the_page_say_something(client, my):
    assert done_line(client.get(my + "?done=refund")) == ""
    assert done_line(client.get(my + "?done=refund:1xUQ5o:forged")) == ""


def test_no_time_is_offered_while_nobody_is_free(client, my):
    page = text(client.get(my))
    assert ("Book a call" in page, "Have us call you" in page) == (False, True)


def test_what_comes_next_is_first_and_leaving_is_last(client, my):
    headings = re.findall(r'<h2 id="(\w+)"|<details class="question" id="(\w+)"', text(client.get(my)))
    assert [one or other for one, other in headings] == ["trial", "talk", "details", "promises", "download", "leave"]
