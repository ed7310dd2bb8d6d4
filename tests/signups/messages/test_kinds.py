"""One entry of the registry says everything about a kind of message."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from signups import apps
from signups.messages import kinds
from signups.messages.choices import MessageChannel
from signups.messages.kinds import MessageKind
from signups.messages.models import OutboxMessage

PARTS = ("html", "subject.txt", "txt")


def values(test):
    return {kind.value for kind in kinds.registered() if test(kind)}


def test_every_kind_has_its_templates_and_every_template_its_kind():
    folder = Path(settings.BASE_DIR) / "templates/emails"
    found = sorted(path.name for path in folder.iterdir() if not path.name.startswith("_"))
    emails = [kind for kind in kinds.registered() if MessageChannel.EMAIL in kind.channels]
    assert found == sorted(f"{kind.value}.{part}" for kind in emails for part in PARTS)
    texts = [kind for kind in kinds.registered() if MessageChannel.TEXT in kind.channels]
    found = sorted(path.name for path in (Path(settings.BASE_DIR) / "templates/texts").iterdir())
    assert found == sorted(f"{kind.value}.txt" for kind in texts)


def test_every_feature_that_sends_emails_registers_its_kinds_at_the_start():
    modules = {
        f"signups.{path.parent.name}.emails" for path in (Path(settings.BASE_DIR) / "signups").glob("*/emails.py")
    }
    assert set(apps.EMAIL_MODULES) == modules | {"signups.messages.portal_links", "signups.messages.texts"}


def test_value_is_registered_once():
    with pytest.raises(ValueError, match="confirm_trial"):
        kinds.register(MessageKind("confirm_trial", "another"))


@pytest.mark.django_db
def test_new_kind_is_a_choice_and_no_migration(monkeypatch):
    monkeypatch.setattr(kinds, "_registry", dict(kinds._registry))
    kinds.register(MessageKind("brand_new", "something new"))
    assert OutboxMessage(kind="brand_new").get_kind_display() == "something new"
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_values_fit_their_column():
    assert max(len(kind.value) for kind in kinds.registered()) <= OutboxMessage._meta.get_field("kind").max_length


def test_what_answers_nothing_is_stopped_by_an_opt_out():
    ending, calls = {"trial_ending", "trial_ended"}, {"call_day_before", "call_hour_before"}
    assert values(lambda kind: kind.unsolicited) == {"waitlist_opened"} | ending  # who books a call is reminded of it
    assert values(lambda kind: kind.quiet_hours) == {"waitlist_opened", "earlier_time"} | ending
    assert values(lambda kind: kind.context_at_sending) == ending | calls | {"earlier_time"}


def test_only_the_receipt_and_words_to_staff_outlive_an_erasure():
    hosts = {"host_call", "host_call_cancelled"}
    assert values(lambda kind: kind.to_staff) == hosts
    assert values(lambda kind: kind.survives_erasure) == {"erasure_receipt"} | hosts
