"""Readability: the Flesch–Kincaid grade of patients' texts stays low.

Kincaid et al., 1975; a grade is a year of US school.

Counted here, since textstat downloads a dictionary when it runs. Where in doubt, the count errs on the strict side.
"""

import datetime as dt
import functools
import html
import re
import uuid
from itertools import chain

import pyphen
import pytest
from django.test import Client
from django.utils.html import strip_tags

from content.models.articles import Article
from signups.audit.choices import ActorKind
from signups.callbacks.emails import callback_unreachable
from signups.calls.actions import available_slots_for, book_call, cancel_call, reschedule_call
from signups.calls.models import OnboardingCall
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.messages.models import OutboxMessage
from signups.messages.portal_links import my_link
from signups.privacy.emails import erasure_receipt
from signups.trials import emails as trial_emails
from signups.trials.actions import confirm_email, request_trial
from signups.trials.models import Trial
from tests.factories.callbacks import CallbackRequestFactory
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.privacy import DataExportJobFactory
from tests.factories.trials import TrialFactory, WaitlistEntryFactory

NOW = dt.datetime(2026, 11, 27, 15, 0, tzinfo=dt.UTC)
OURS = (
    *("confirm_trial", "trial_exists", "trial_started", "trial_ending", "trial_ended", "trial_cancelled"),
    *("converted", "refund_requested", "my_link", "waitlist_opened", "erasure_receipt", "callback_unreachable"),
    *("call_booked", "call_moved", "call_cancelled", "call_day_before", "call_hour_before"),
)
HYPHENS = pyphen.Pyphen(lang="en_US")
SILENT = re.compile(r"(?<=[^aeiouyl])e$|(?<=[aeiouy]l)e$|(?<=[^aeiouytd])ed$|(?<=[^aeiouycghsxz])es$")
MAIN = re.compile(r"<main\b[^>]*>(.*)</main>", re.DOTALL)
NOT_PROSE = re.compile(r'<(h\d|nav|sup|svg|button)\b.*?</\1>|<section[^>]* id="sources".*', re.DOTALL)
BLOCK = re.compile(r"</?(?:p|li|ul|ol|div|section|article|details|summary|figure|figcaption|blockquote)\b[^>]*>")


def prose(page: str) -> list[str]:
    """Return the complete sentences of a page, without headings and labels."""
    main = MAIN.search(page)
    text = NOT_PROSE.sub("", main[1] if main else page)
    blocks = (" ".join(html.unescape(strip_tags(block)).split()) for block in BLOCK.split(text))
    return [block for block in blocks if block.endswith((".", "?", "!", ":", "”"))]


def grade(blocks: list[str]) -> float:
    """Return the grade of all sentences together; none spans two blocks."""
    sentences = [words for block in blocks for part in re.split(r"(?<=[.?!])[”’)]*\s", block) if (words := split(part))]
    words = list(chain.from_iterable(sentences))
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def split(text: str) -> list[str]:
    return re.findall(r"\w+(?:[.,]\w+)*", re.sub(r"['’](?=\w)", "", text))


@functools.cache
def syllables(word: str) -> int:
    """Letters of an abbreviation and digits count as one each, as they are read aloud.

    Hyphenation knows that “trial” has two, groups of vowels know it of “any”: the higher count is taken.
    """
    if word.isupper() or word[0].isdigit():
        return len(word)
    vowels = re.findall(r"[aeiouy]+", SILENT.sub("", word.lower()))
    return max(1, len(vowels), len(HYPHENS.positions(word)) + 1)


@pytest.mark.parametrize(
    ("word", "count"),
    [("any", 2), ("trial", 2), ("made", 1), ("people", 2), ("whole", 1), ("settled", 2), ("ketamine", 3), ("FDA", 3)],
)
def test_syllables(word, count):
    assert syllables(word) == count


def test_grade_of_a_text_counted_by_hand():
    # 10 words in 2 sentences, 11 syllables.
    assert grade(["The cat sat on the mat. “Any cat can sit.”"]) == pytest.approx(
        0.39 * 10 / 2 + 11.8 * 11 / 10 - 15.59
    )


def test_only_whole_sentences_of_the_text_count():
    page = """<p>Skip.</p><main><h1>Long heading.</h1><p>One <b>two</b>.<sup>1</sup></p><p><a>Button</a></p>
        <ul><li>Three &amp; four.</li></ul>
        <section class="band" id="sources"><p>Doe.</p></section></main><p>Foot.</p>"""
    assert prose(page) == ["One two.", "Three & four."]


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "limit"), [(Article.Kind.LANDING, 8), (Article.Kind.ARTICLE, 9)])
def test_page_is_plain(client, shipped_content, kind, limit):
    for article in Article.objects.filter(kind=kind):
        blocks = prose(client.get(article.get_absolute_url()).content.decode())
        assert len(blocks) > 20
        assert grade(blocks) <= limit, hardest(blocks)


@pytest.mark.django_db
def test_emails_are_plain(shipped_content):
    fields = {"name": "Jo", "email": "jo@example.com", "phone": "", "phone_e164": "", "preferred_channel": "email"}
    fields |= {"time_zone": "America/New_York", "first_touch_source": ""}
    request_trial(**fields, form_key=uuid.uuid4(), now=NOW)
    confirm_email(Lead.objects.get(), now=NOW)
    request_trial(**fields, form_key=uuid.uuid4(), now=NOW)
    trial = Lead.objects.get().current_trial()
    trial.converted_at = trial.cancelled_at = NOW
    for write in (trial_emails.trial_cancelled, trial_emails.converted, trial_emails.refund_requested):
        write(trial, now=NOW)
    for write in (my_link, erasure_receipt):
        write(trial.lead, now=NOW)
    trial_emails.waitlist_state_opened(WaitlistEntryFactory(lead=trial.lead), now=NOW)
    callback_unreachable(CallbackRequestFactory(lead=trial.lead), now=NOW, send_at=NOW)
    call = book(trial.lead)
    reschedule_call(call=call, start=call.starts_at + dt.timedelta(hours=1), by=ActorKind.PATIENT, now=NOW)
    cancel_call(call=call, by=ActorKind.PATIENT, now=NOW)
    texts = dict(OutboxMessage.objects.values_list("kind", "text"))
    assert {kind for kind in OURS if kind not in texts} == set()
    for kind, text in texts.items():
        blocks = [block for block in text.split("\n\n") if block.strip().endswith((".", ":"))]
        assert len(blocks) >= 2
        assert grade(blocks) <= 8, f"{kind}: {hardest(blocks)}"


def book(lead: Lead) -> OnboardingCall:
    """Book the first free slot two days ahead."""
    host = HostFactory()
    for day in range(7):
        AvailabilityRuleFactory(host=host, weekday=day, start=0, end=1440)
    Lead.objects.filter(pk=lead.pk).update(phone="(212) 555-0123", phone_e164="+12125550123")
    start = available_slots_for(now=NOW, begin=NOW + 2 * DAY, end=NOW + 3 * DAY)[0].start
    return book_call(lead=lead, start=start, by=ActorKind.PATIENT, now=NOW)


ACTIONS = ("details", "consents", "link", "erase", "callback", "callback/cancel", "call", "call/move", "call/cancel")
PUBLIC = (
    *("/start/", "/start/check-your-email/", "/start/elsewhere/", "/start/elsewhere/thanks/", "/lost-link/"),
    *("/lost-link/sent/", "/callback/", "/callback/thanks/"),
)


@pytest.mark.django_db
def test_patients_pages_are_plain(client, time_machine, shipped_content):
    """Pages in each state that changes their words.

    Pages of one or two sentences are measured together.
    """
    time_machine.move_to(NOW, tick=False)
    lead = LeadFactory(phone="212 555 0123", phone_e164="+12125550123")
    trial = TrialFactory(lead=lead, requested_at=NOW - 90 * DAY)
    prose_by_page: dict[str, list[str]] = {path: prose(text(client, path)) for path in PUBLIC}
    prose_by_page["confirm"] = prose(text(client, lead_links.confirmation_url(lead)))
    my = lead_links.portal_url(lead)
    for state, fields in STATES.items():
        Trial.objects.filter(pk=trial.pk).update(**{**dict.fromkeys(TIMES), **fields})
        prose_by_page |= {
            f"{state} {action}": prose(text(client, my + action)) for action in ("", "trial/cancel/", "refund/")
        }
    CallbackRequestFactory(lead=lead, due_at=NOW + DAY, created_at=NOW)
    book(lead)
    DataExportJobFactory(lead=lead, requested_at=NOW)
    prose_by_page["much going on"] = prose(text(client, my))
    prose_by_page |= {action: prose(text(client, f"{my}{action}/")) for action in ACTIONS}
    prose_by_page["stop"] = prose(text(client, lead_links.unsubscribe_url(lead)))
    prose_by_page["link sent"] = prose(client.post(my + "link/").content.decode())
    lead.refresh_from_db()
    prose_by_page["replaced"] = prose(text(client, my))
    prose_by_page["erased"] = prose(client.post(lead_links.portal_url(lead) + "erase/").content.decode())
    everything = sorted({block for blocks in prose_by_page.values() for block in blocks})
    assert len(everything) > 75
    assert grade(everything) <= 8, hardest(everything)
    hard = {page: hardest(blocks) for page, blocks in prose_by_page.items() if len(blocks) > 3 and grade(blocks) > 8}
    assert hard == {}, "\n".join(hard.values())


DAY = dt.timedelta(days=1)
TIMES = ("started_at", "cancelled_at", "converted_at", "refund_requested_at")
STATES = {
    "running": {"started_at": NOW - 2 * DAY},
    "last day": {"started_at": NOW - 6.5 * DAY},
    "over": {"started_at": NOW - 8 * DAY},
    "cancelled": {"started_at": NOW - 2 * DAY, "cancelled_at": NOW},
    "cancelled long ago": {"started_at": NOW - 4 * DAY, "cancelled_at": NOW - 2 * DAY},
    "patient": {"started_at": NOW - 8 * DAY, "converted_at": NOW - DAY},
    "refund asked": {"started_at": NOW - 8 * DAY, "converted_at": NOW - DAY, "refund_requested_at": NOW},
    "patient for long": {"started_at": NOW - 60 * DAY, "converted_at": NOW - 50 * DAY},
}


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def hardest(blocks: list[str]) -> str:
    """Return the grade and the five hardest blocks, for a failure's message."""
    worst = sorted(blocks, key=lambda block: grade([block]), reverse=True)[:5]
    return "\n".join([f"grade {grade(blocks):.1f}", *(f"{grade([block]):.1f}: {block}" for block in worst)])
