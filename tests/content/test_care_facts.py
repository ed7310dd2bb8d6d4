"""The way to care on the landing page: what the clinic has said is shown, and nothing of what it has not."""

import pytest

from clinic.setup_checklist import pending_steps
from content.models.articles import Article
from content.models.profile import ClinicProfile
from tests.factories.content import ArticleFactory, LegalTextFactory

pytestmark = pytest.mark.django_db

BODY = "## Care\n\n::: care\n:::\n\n{price}\n\nHow we give it: {ketamine_form}.\n"
FACTS = {
    "evaluation": "By video, with Dr. Lee, within a week. It is $150.",
    "prescribers": "Dr. Ana Lee, MD, New York license 123456.",
    "monitoring": "A nurse takes your blood pressure before and after.",
    "exclusions": "Uncontrolled high blood pressure. Pregnancy.",
    "price": "$129 a month, with visits.",
    "insurance": "We take HSA and FSA cards.",
    "ketamine_form": "a lozenge, at home",
}


@pytest.fixture
def landing(clinic, client):
    """The landing page, published while the profile says these facts."""

    def show(**facts):
        ClinicProfile.objects.update(**facts)
        ArticleFactory(kind=Article.Kind.LANDING, slug="landing", body=BODY)
        return client.get("/").content.decode()

    return show


@pytest.mark.parametrize("name", FACTS)
def test_fact_is_shown_when_filled_and_a_task_while_empty(landing, name):
    label = str(ClinicProfile._meta.get_field(name).verbose_name)
    assert any(label in step for step in pending_steps())
    assert FACTS[name] in landing(**{name: FACTS[name]})
    assert not any(label in step for step in pending_steps())


def test_empty_facts_are_not_shown(landing):
    page = landing()
    assert "After the trial" not in page
    assert not any(title in page for title in ("Who prescribes", "How we monitor you", "Insurance, HSA"))


def test_nothing_tells_of_what_the_clinic_has_not_filled_in(shipped_content, client):
    for path in ("/", "/terms/", "/privacy/", "/start/", "/learn/your-first-days/"):
        page = client.get(path).content.decode()
        assert not any(words in page for words in ("to be completed", "incomplete", "as we were given", "None</dd>"))


def test_states_are_named_on_the_landing_page_when_there_are_few(landing, client):
    assert "We care for adults in" not in landing()
    named = {"New Jersey and New York": ["NY", "NJ"], "New Jersey, New York, and Texas": ["NY", "TX", "NJ"]}
    for words, states in named.items():
        ClinicProfile.objects.update(states=states)  # shown at once: a state needs no review of the page
        assert f"We care for adults in {words}." in client.get("/").content.decode()


def test_hours_are_in_the_zone_of_the_clinic(clinic, client):
    hours = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(5)]
    ClinicProfile.objects.update(time_zone="America/Chicago", opening_hours=hours)
    ArticleFactory(kind=Article.Kind.LANDING, slug="landing", body="We call: {opening_hours}.\n")
    assert "We call: Monday to Friday, 9:00 AM to 5:00 PM Central Time." in client.get("/").content.decode()


def test_notices_of_the_clinic_are_linked_once_published(landing, client):
    assert "/hipaa/" not in landing()
    LegalTextFactory(kind="hipaa", title="Our notice of privacy practices")
    assert '<a href="/hipaa/">HIPAA notice of privacy practices</a>' in client.get("/").content.decode()
    assert client.get("/hipaa/").status_code == 200


def test_privacy_notice_says_how_long_from_the_settings(shipped_content, client, settings):
    settings.RETENTION_UNCONFIRMED_DAYS, settings.RETENTION_MESSAGE_BODY_DAYS = 41, 299
    settings.RETENTION_LEAD_DAYS = 10 * 366
    page = " ".join(client.get("/privacy/").content.decode().split())
    for words in ("</strong>: 41 days.", "yours to us: 299 days.", "</strong>: 10 years after"):
        assert words in page
