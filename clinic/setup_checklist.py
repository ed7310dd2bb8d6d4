"""Setup checklist, shown by `setup_clinic`, `check --deploy` and the dashboard."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.models import User
from django.core import checks
from django.db.models import Exists, OuterRef

from content.models.articles import Article
from content.models.profile import ClinicProfile
from content.models.revisions import SignOff
from signups.hosts.models import AvailabilityRule, Host
from signups.messages.choices import MessageStatus
from signups.messages.models import OutboxMessage

from . import roles

PLACEHOLDER = "to be completed"  # marks facts in the shipped files that only the clinic knows


def pending_steps() -> list[str]:
    """Return the pending setup steps as user-facing sentences.

    An empty list means the site is ready.
    """
    profile = ClinicProfile.objects.first()
    if profile is None:
        return ["Load the texts and the profile that ship: manage.py load_content."]
    heads = User.objects.filter(is_active=True, groups__name=roles.HEAD)
    hosts = Host.objects.active().filter(Exists(AvailabilityRule.objects.filter(host=OuterRef("pk"))))
    unreviewed = Article.objects.published().exclude(Exists(SignOff.objects.filter(article=OuterRef("pk"))))
    steps = {
        "Give the clinic’s postal address in its profile: the one that ships is a placeholder.": (
            PLACEHOLDER not in profile.postal_address
        ),
        "Give the clinic’s mailbox in its profile: answers to the one that ships reach nobody.": (
            not profile.mailbox.endswith(".example")
        ),
        f"Give a number that can be dialled: “{profile.phone}” is shown without a link, as nobody can call it.": (
            bool(profile.phone_e164)
        ),
        "Give opening hours in the profile: without them no call is ever due.": bool(profile.opening_hours),
        "Say in the profile in which states the clinic works: while that is empty, nobody is turned away.": (
            bool(profile.states)
        ),
        "Make an account for the Head of Customer Care: manage.py setup_clinic --head NAME.": heads.exists(),
        "Give at least one colleague hours in which calls can be booked.": hosts.exists(),
        "Sign up yourself with your own address: no mail server has taken a message of this site yet.": (
            OutboxMessage.objects.filter(status=MessageStatus.SENT).exists()
        ),
        "Have a medical reviewer sign off the articles: some are on the site unreviewed, and say so.": (
            not unreviewed.exists()
        ),
    }
    return [step for step, done in steps.items() if not done]


@checks.register(checks.Tags.database, deploy=True)
def check_setup(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> Sequence[checks.CheckMessage]:
    """System check: one warning per pending step.

    `manage.py check --deploy --database default`
    """
    return [checks.Warning(step, id="clinic.W001") for step in pending_steps()] if databases else []
