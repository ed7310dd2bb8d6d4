"""The trial form: what it takes, what it refuses, and that nothing typed is lost."""

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from signups.audit.models import AuditEvent
from signups.consents.choices import ConsentPurpose
from signups.consents.models import Consent, ConsentText
from signups.consents.policy import agrees_to
from signups.leads.models import Lead
from signups.messages.models import OutboxMessage
from signups.trials.actions import confirm_email
from signups.trials.models import Trial
from signups.web import timed_token
from tests.factories.audit import AuditEventFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db


CALL = {"preferred_channel": "call", "phone": "212 555 0123", "calls": "on"}


def rows():
    return [model.objects.count() for model in (Lead, Trial, Consent, AuditEvent, OutboxMessage)]


def test_form_asks_for_no_payment_and_nothing_clinical(clinic, client):
    page = client.get("/start/").content.decode().lower()
    form = page.split("<form")[1].split("</form>")[0]
    asked = {part.split('"')[0] for part in form.split(' name="')[1:]}
    assert asked == {
        "csrfmiddlewaretoken",
        "stamp",
        "aq_7",
        "aq_8",
        "name",
        "email",
        "kept_email",
        "state",
        "preferred_channel",
        "phone",
        "kept_phone",
        "best_time",
        "time_zone",
        "terms",
        "privacy",
        "calls",
        "texts",
        "send",
    }


def test_consents_are_not_ticked_for_anybody(clinic, client):
    page = client.get("/start/").content.decode()
    assert [part.split(">")[0] for part in page.split('type="checkbox"')[1:] if " checked" in part.split(">")[0]] == []


def test_signup_writes_lead_trial_consents_event_and_message(clinic, post_start):
    response = post_start(phone="(212) 555-0123", preferred_channel="call", calls="on", email="Jo@Example.com")
    assert (response.status_code, response["Location"]) == (303, "/start/check-your-email/")
    lead = Lead.objects.get()
    assert (lead.email, lead.email_key, lead.phone, lead.phone_e164, lead.created_at) == (
        "Jo@Example.com",
        "jo@example.com",
        "(212) 555-0123",
        "+12125550123",
        NOW,
    )
    trial = lead.trials.get()
    assert (trial.days, trial.guarantee_days, trial.terms_version, trial.started_at) == (7, 30, "2026-11", None)
    assert [event.action for event in lead.events.all()] == ["signed_up"]
    assert [(message.kind, message.to, message.status) for message in lead.messages.all()] == [
        ("confirm_trial", lead.email, "pending")
    ]


def test_consent_keeps_the_exact_words_that_were_shown(clinic, post_start):
    post_start()
    consent = Lead.objects.get().consents.get(text__purpose="terms")
    assert (consent.granted, consent.channel, consent.text.version) == (True, "web", "2026-11")
    assert consent.text.text == "## Free days\n\nThere are 7."
    assert len(consent.text.sha256) == 64


def test_consent_texts_are_shared_between_people(clinic, post_start):
    post_start()
    post_start(email="other@example.com")
    assert (Consent.objects.count(), ConsentText.objects.count()) == (4, 2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": ""}, "Enter your name."),
        ({"name": "…"}, "Enter your name."),
        ({"name": "Jo\r\nBcc: a@example.com"}, "Enter your name without line breaks."),
        ({"name": "Jo\x00"}, "Null characters are not allowed."),
        ({"email": ""}, "Enter your email address."),
        ({"email": "jo@"}, "Enter an email address like name@example.com."),
        ({"email": "jo\u212a@example.com"}, "Enter an email address that uses only letters"),
        ({"preferred_channel": "call"}, "Enter a phone number, or choose email as your contact method."),
        ({"preferred_channel": "pigeon"}, "Select a valid choice. pigeon is not one of the available choices."),
        ({**CALL, "phone": "995-265-656"}, "Check the phone number. It has too many or too few digits."),
        ({**CALL, "phone": "1 212 555 012"}, "No US or Canadian number starts like this."),
        ({**CALL, "phone": "919876543210"}, "Did you mean +91 98765 43210?"),
        ({"email": "jo@localhost"}, "Enter an email address with a domain after the @"),
        ({"email": "j\u200bo@example.com"}, "invisible character"),
        ({**CALL, "phone": "call me"}, "Enter the phone number in digits, like 212-555-0123."),
        ({**CALL, "time_zone": "Mars/Olympus"}, "Select a valid choice. Mars/Olympus is not one of"),
        (
            {"preferred_channel": "call", "phone": "212 555 0123"},
            "Check the box to let us call you",
        ),
        (
            {"preferred_channel": "text", "phone": "212 555 0123"},
            "Check the box to let us text you",
        ),
        ({"state": ""}, "Select the state you live in."),
        ({"state": "XX"}, "Select a valid choice. XX is not one of the available choices."),
        ({**CALL, "time_zone": "another"}, "Select your time zone from the full list."),
        ({"terms": None}, "Check the box to confirm that you are 18 or older and agree to the terms."),
        ({"privacy": None}, "Check the box to confirm that you’ve read the privacy notice."),
        ({"name": "\u0958" * 100}, "Your name must be 100 characters or fewer."),
        ({"email": "a" * 247 + "@\u00fc.de"}, "That email address is too long. Check it, or use a different one."),
        ({"email": '"jo"@example.com'}, "Enter an email address that uses only letters"),
        ({"aq_7": "https://spam.example"}, "Please submit the form once more."),
        ({"stamp": "forged"}, "Something went wrong. Please submit the form again."),
    ],
)
def test_refusal_says_why_and_keeps_what_was_typed(clinic, post_start, changed, message):
    response = post_start(**changed)
    page = response.content.decode()
    assert response.status_code == 422
    assert message in page
    assert "<title>Error: " in page
    assert 'value="jo@example.com"' in page or "email" in changed
    assert rows() == [0, 0, 0, 0, 0]


def test_error_summary_links_to_the_first_control_of_each_field(clinic, post_start):
    page = post_start(name="", preferred_channel="pigeon").content.decode()
    summary = page.split('id="errors"')[1].split("</section>")[0]
    targets = [part.split('"')[0] for part in summary.split('href="#')[1:]]
    assert targets == ["id_name", "id_preferred_channel_0"]
    assert all(f'id="{target}"' in page for target in targets)


def test_form_filled_in_faster_than_a_person_could_is_refused(clinic, post_start, time_machine):
    time_machine.move_to(NOW - dt.timedelta(seconds=1), tick=False)
    response = post_start(stamp=timed_token.new_token())
    assert (response.status_code, "That was quick!" in response.content.decode()) == (422, True)


def test_form_left_open_for_days_works_at_the_second_press(clinic, post_start, time_machine):
    time_machine.move_to(NOW - dt.timedelta(days=3), tick=False)
    page = post_start(stamp=timed_token.new_token()).content.decode()
    assert "open for more than a day" in page
    stamp = page.split('name="stamp" value="')[1].split('"')[0]
    assert post_start(stamp=stamp, at=NOW + dt.timedelta(minutes=1)).status_code == 303


def test_second_signup_reveals_nothing(clinic, post_start):
    first = post_start()
    second = post_start(name="Somebody Else", email="JO@example.com")
    assert (first.status_code, first.headers, first.content) == (second.status_code, second.headers, second.content)


SOMEBODY = {"name": "Somebody Else", "phone": "212 555 0199", "preferred_channel": "call", "calls": "on"}


def test_second_signup_overwrites_nothing_once_the_address_was_confirmed(clinic, post_start):
    post_start()
    confirm_email(Lead.objects.get(), now=NOW)
    post_start(**SOMEBODY, email="JO@example.com")
    lead = Lead.objects.get()
    assert (lead.name, lead.phone, agrees_to(lead, ConsentPurpose.CALLS)) == ("Jo Miller", "", False)
    assert lead.events.latest("id").action == "signed_up_again"


def test_until_then_the_last_form_holds_and_its_link_shows_it_before_it_counts(clinic, client, post_start, settings):
    """Who typed somebody's address first neither names them nor agrees for them."""
    post_start(**SOMEBODY)
    post_start()
    lead = Lead.objects.get()
    assert (lead.name, lead.phone, lead.trials.count()) == ("Jo Miller", "", 1)
    assert {consent.text.purpose for consent in lead.consents.in_force()} == {
        ConsentPurpose.TERMS,
        ConsentPurpose.PRIVACY,
    }
    texts = OutboxMessage.objects.order_by("dedupe_key").values_list("text", flat=True)
    paths = [re.search(r"/confirm/\S+", text)[0] for text in texts]
    older, newer = sorted(paths, key=lambda path: client.get(path).status_code, reverse=True)
    assert client.get(older).status_code == 410
    page = client.get(newer).content.decode()
    assert ("Jo Miller" in page, "Somebody" in page, "Optional permissions</dt><dd>None" in page) == (True, False, True)


def test_form_that_gets_no_link_any_more_changes_nothing(clinic, post_start):
    for _ in range(3):
        post_start()
    post_start(**SOMEBODY)
    assert Lead.objects.get().name == "Jo Miller"


def test_what_staff_know_is_not_overwritten_by_a_form(clinic, post_start):
    lead = LeadFactory(email="jo@example.com", name="Jo from the list")
    AuditEventFactory(lead=lead, action="imported")
    post_start(**SOMEBODY)
    lead.refresh_from_db()
    assert (lead.name, agrees_to(lead, ConsentPurpose.CALLS)) == ("Jo from the list", False)


def test_details_typed_for_another_state_are_mended_by_the_form(clinic, post_start):
    lead = LeadFactory(email="jo@example.com", name="Joe", first_touch_source="friend")
    post_start(calls="on", phone="212 555 0199", preferred_channel="call")
    lead.refresh_from_db()
    assert (lead.name, lead.first_touch_source, agrees_to(lead, ConsentPurpose.CALLS)) == ("Jo Miller", "friend", True)


def test_second_signup_gets_a_newer_link_while_the_trial_waits(clinic, post_start):
    post_start()
    post_start()
    assert list(OutboxMessage.objects.values_list("kind", flat=True)) == ["confirm_trial", "confirm_trial"]


def test_second_signup_is_told_of_the_running_trial(clinic, post_start):
    lead = LeadFactory(email="jo@example.com")
    TrialFactory(lead=lead, requested_at=NOW - dt.timedelta(days=2), started_at=NOW - dt.timedelta(days=1))
    post_start()
    assert (list(OutboxMessage.objects.values_list("kind", flat=True)), Trial.objects.count()) == (["trial_exists"], 1)


def test_nobody_is_flooded_through_us(clinic, post_start):
    assert [post_start().status_code for _ in range(10)] == [303] * 10
    assert OutboxMessage.objects.count() == 3
    post_start(at=NOW + dt.timedelta(minutes=59))
    assert OutboxMessage.objects.count() == 3
    post_start(at=NOW + dt.timedelta(minutes=61))
    assert OutboxMessage.objects.count() == 4


def test_same_form_twice_does_its_work_once(clinic, post_start, time_machine):
    time_machine.move_to(NOW - dt.timedelta(minutes=1), tick=False)
    stamp = timed_token.new_token()
    first, second = post_start(stamp=stamp), post_start(stamp=stamp)
    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
    assert rows() == [1, 1, 2, 1, 1]


def test_same_form_after_days_gets_the_same_answer(clinic, post_start, time_machine):
    """(The browser may send it again when its window is opened again.) One never taken is too old."""
    time_machine.move_to(NOW - dt.timedelta(minutes=1), tick=False)
    stamp, later = timed_token.new_token(), NOW + dt.timedelta(days=3)
    first, second = post_start(stamp=stamp), post_start(stamp=stamp, at=later)
    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
    assert post_start(stamp=stamp, at=later, email="other@example.com").status_code == 422
    assert post_start(stamp=stamp, at=later, name="").status_code == 422
    assert rows() == [1, 1, 2, 1, 1]


def test_address_mended_after_going_back_is_a_signup_of_its_own(clinic, post_start, time_machine):
    time_machine.move_to(NOW - dt.timedelta(minutes=1), tick=False)
    stamp = timed_token.new_token()
    post_start(stamp=stamp)
    assert post_start(stamp=stamp, email="other@example.com").status_code == 303
    assert rows() == [2, 2, 4, 2, 2]


def test_source_of_a_link_is_kept_without_markup(clinic, post_start):
    post_start(url="/start/?source=leaf%00%3Cb%3Elet.A-1")
    assert Lead.objects.get().first_touch_source == "leafblet.A-1"


@pytest.mark.django_db(transaction=True)
def test_many_identical_posts_at_once_make_one_signup(clinic, time_machine):
    time_machine.move_to(NOW - dt.timedelta(minutes=1), tick=False)
    stamp = timed_token.new_token()
    time_machine.move_to(NOW, tick=False)
    data = {
        "stamp": stamp,
        "name": "Jo Miller",
        "email": "jo@example.com",
        "aq_7": "",
        "state": "NY",
        "preferred_channel": "email",
        "best_time": "any",
        "time_zone": "America/New_York",
        "terms": "on",
        "privacy": "on",
    }

    def post(_):
        try:
            return Client().post("/start/", data).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(post, range(16))) == [303] * 16
    assert rows() == [1, 1, 2, 1, 1]


def test_what_a_signup_asks_of_the_database(clinic, post_start, django_assert_num_queries):
    post_start(email="first@example.com")
    with django_assert_num_queries(13 if connection.vendor == "postgresql" else 16):  # with two of the savepoint
        post_start(email="second@example.com")


def test_number_that_no_list_knows_is_asked_about_once(clinic, post_start):
    page = post_start(**CALL | {"phone": "(242) 555-0123"}).content.decode()
    assert "Is (242) 555-0123 right?" in page
    kept = page.split('name="kept_phone" value="')[1].split('"')[0]
    assert (kept, post_start(**CALL | {"phone": "(242) 555-0123", "kept_phone": kept}).status_code) == (
        "(242) 555-0123",
        303,
    )


def test_extension_is_kept_with_the_number(clinic, post_start):
    post_start(**CALL | {"phone": "p:212-555-0123 x45"})
    lead = Lead.objects.get()
    assert (lead.phone, lead.phone_e164, lead.phone_extension) == ("212-555-0123 x45", "+12125550123", "45")
    assert lead.phone_formatted == "(212) 555-0123 ext. 45"


def test_address_pasted_with_what_is_around_it_is_taken(clinic, post_start):
    post_start(email="Jo Miller <jo@example.com>\u200b")
    assert Lead.objects.get().email == "jo@example.com"


def test_page_is_light_and_short(clinic, client):
    page = client.get("/start/").content.decode()
    assert len(page.encode()) <= 14 * 1024
    form = page.split("<form")[1].split("</form>")[0]
    controls = re.findall(r"<(?:select|button|input type=.(?!hidden)\w+.)[^>]*name=.([a-z_0-9]+)", form)
    on_demand = ["phone", "time_zone", "best_time", "calls", "texts", "aq_7"]  # hidden until their channel is chosen
    assert [name for name in controls if name not in on_demand] == [
        *("state", "name", "email", "preferred_channel", "preferred_channel", "preferred_channel"),
        *("terms", "privacy", "send"),
    ]
    for name, part in (("phone", "phone"), ("time_zone", "phone"), ("best_time", "call"), ("calls", "call")):
        assert form.index(f"for-{part}") < form.index(f'name="{name}"')
    assert "America/New_York" in page
    assert "Europe/Berlin" not in page


def test_what_the_page_did_not_show_is_not_taken(clinic, post_start):
    hidden = {"phone": "call me", "calls": "on", "texts": "on", "time_zone": "another"}
    assert post_start(**hidden).status_code == 303
    lead = Lead.objects.get()
    assert (lead.phone, lead.phone_e164, lead.time_zone) == ("", "", "America/New_York")
    assert sorted(consent.text.purpose for consent in lead.consents.in_force()) == ["privacy", "terms"]


@pytest.mark.parametrize(
    ("changed", "zone", "guessed"),
    [
        ({"state": "TX"}, "America/Chicago", True),
        ({"state": "HI"}, "Pacific/Honolulu", False),
        ({"state": "CA", **CALL}, "America/Los_Angeles", False),
        ({"state": "NY", **CALL, "time_zone": "Asia/Tokyo"}, "Asia/Tokyo", False),
        ({"state": "NY", "time_zone": "Asia/Tokyo"}, "Asia/Tokyo", False),
    ],
)
def test_time_zone_is_that_of_the_state_unless_they_say_another(clinic, post_start, changed, zone, guessed):
    assert post_start(**{"time_zone": "", **changed}).status_code == 303
    lead = Lead.objects.get()
    assert (lead.time_zone, lead.zone_is_guessed) == (zone, guessed)


def test_every_time_zone_is_there_at_the_second_step(clinic, post_start):
    page = post_start(**CALL | {"time_zone": "another"}).content.decode()
    assert '<option value="Europe/Berlin">Berlin</option>' in page


def test_states_come_first_and_say_at_once_where_the_clinic_is(clinic, client):
    clinic.states = ["NY", "NJ"]
    clinic.save()
    form = client.get("/start/").content.decode().split("<form")[1]
    assert form.index('name="state"') < form.index('name="name"')
    states = form.split('name="state"')[1].split("</select>")[0]
    assert re.findall(r"<option value=\"(\w+)\"", states) == ["NJ", "NY", "ZX"]
    assert "We’re not there yet." in form


@pytest.mark.parametrize("state", ["TX", "ZX"])
def test_other_states_are_offered_the_waitlist(clinic, post_start, state):
    clinic.states = ["NY", "NJ"]
    clinic.save()
    assert "only for that one message" in post_start(state=state).content.decode()
    assert rows() == [0, 0, 0, 0, 0]


def test_times_of_day_are_those_at_which_the_clinic_calls(clinic, client):
    form = client.get("/start/").content.decode().split('name="best_time"')[1].split("</select>")[0]
    assert re.findall(r"<option value=\"(\w+)\"", form) == ["any", "morning", "afternoon"]
