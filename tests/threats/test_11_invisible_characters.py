"""Controls that turn or hide text are taken out; people's own letters stay."""

import pytest

from signups.leads import links
from signups.leads.models import Lead
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("J\u202eo Miller\u202c", "Jo Miller"),
        ("Jo\u200b\u2066\u2069", "Jo"),
        ("O'Neil", "O'Neil"),
        ("李", "李"),
        ("مریم", "مریم"),
        ("Ñ", "Ñ"),
    ],
)
@pytest.mark.parametrize("path", ["/start/", "/callback/"])
def test_name_is_kept_without_them(send, path, typed, kept):
    assert send(path, name=typed).status_code == 303
    assert Lead.objects.get().name == kept


@pytest.mark.parametrize("typed", ["\u202e\u200b", "123", "…", "\ufeff"])
def test_name_without_a_letter_is_refused(send, typed):
    assert send("/start/", name=typed).status_code == 422


def test_free_text_is_kept_without_them(clinic, client):
    page = links.portal_url(LeadFactory())
    details = {"name": "Jo", "preferred_channel": "email", "time_zone": "America/New_York", "best_time": "any"}
    sent = details | {"referral_answer": "from\u202e Kim\u200b\r\nBcc"}
    assert client.post(f"{page}details/", sent).status_code == 303
    assert Lead.objects.get().referral_answer == "from Kim Bcc"
