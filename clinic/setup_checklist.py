"""Setup checklist, shown by `setup_clinic`, `check --deploy` and the dashboard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.models import User
from django.core import checks
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from clinic.lib import zone_data
from content.models.articles import Article
from content.models.profile import ClinicProfile
from content.models.revisions import SignOff
from signups.audit.staff_users import BACKEND, display_name
from signups.hosts.models import AvailabilityRule, Host
from signups.messages.choices import MessageStatus
from signups.messages.models import OutboxMessage

from . import roles


def pending_steps() -> list[str]:
    """Return the pending setup steps as user-facing sentences.

    An empty list means the site is ready.
    """
    profile = ClinicProfile.objects.first()
    if profile is None:
        return ["Load the content and profile that ship: manage.py load_content."]
    heads = User.objects.filter(is_active=True, groups__name=roles.HEAD)
    hosts = Host.objects.active().filter(Exists(AvailabilityRule.objects.filter(host=OuterRef("pk"))))
    unreviewed = Article.objects.published().exclude(Exists(SignOff.objects.filter(article=OuterRef("pk"))))
    unsaid = profile.unsaid_care_facts
    steps = {
        "Add the clinic’s mailing address.": bool(profile.postal_address),
        "Add the clinic’s email address. Replies to the current one go nowhere.": (
            not profile.mailbox.endswith(".example")
        ),
        f"Add a working phone number. “{profile.phone}” is not valid, so it isn’t shown as a link.": (
            bool(profile.phone_e164)
        ),
        "Add your business hours. Without them, callbacks never come due.": bool(profile.opening_hours),
        "Add the states where you’re licensed. Until you do, sign-ups from every state are accepted.": (
            bool(profile.states)
        ),
        "Create an account for the Head of Customer Care: manage.py setup_clinic --head NAME.": heads.exists(),
        "Set availability for at least one host.": hosts.exists(),
        "Send a test: sign up with your own email address. No email has been delivered yet.": (
            OutboxMessage.objects.filter(status=MessageStatus.SENT).exists()
        ),
        "Publish the home page and the articles: they are drafts until a medical reviewer has approved them.": (
            not Article.objects.filter(published_at=None, revisions__author=None).exists()
        ),
        "Have a medical reviewer approve the articles. Some are live without medical review (the pages say so).": (
            not unreviewed.exists()
        ),
    }
    steps |= {f"Say on the clinic profile: {label}. The pages say nothing about it yet.": False for label in unsaid}
    return [step for step, done in steps.items() if not done]


@dataclass(frozen=True)
class LinkedStep:
    """A pending step with the page where it is done and, where the reader may not do it, who does."""

    text: str
    url: str
    who: str = ""


# The beginning of a step -> the page where it is done, and the right it needs there.
PLACES = {
    "Add your business hours": ("content_clinicprofile_hours", "content.confirm_clinicprofile"),
    "Add the states": ("content_clinicprofile_hours", "content.confirm_clinicprofile"),
    "Add ": ("content_clinicprofile_change", "content.change_clinicprofile"),
    "Say on the clinic profile": ("content_clinicprofile_change", "content.change_clinicprofile"),
    "Create an account": ("signups_staff_add", "signups.manage_staff"),
    "Set availability": ("signups_host_changelist", "signups.change_host"),
    "Publish the home page": ("content_article_changelist", "content.publish_article"),
    "Have a medical reviewer": ("content_article_changelist", "content.sign_off_article"),
}


def linked_steps(user: Any) -> list[LinkedStep]:
    """Return the pending steps for who runs the clinic, each linked to where it is done; for others none."""
    if not user.has_perm("signups.work_any_lead"):
        return []
    able = cache(_who_may)
    return [_linked(step, user, able) for step in pending_steps()]


def _linked(step: str, user: Any, able: Callable[[str], str]) -> LinkedStep:
    found = next((place for beginning, place in PLACES.items() if step.startswith(beginning)), None)
    if found is None:
        return LinkedStep(step, reverse("start") if step.startswith("Send a test") else "")
    page, permission = found
    url = reverse(f"admin:{page}", args=[1] if page == "content_clinicprofile_change" else [])
    if user.has_perm(permission):
        return LinkedStep(step, url)
    return LinkedStep(step, "", able(permission))


def _who_may(permission: str) -> str:
    """Return, as a sentence, whom to ask for what needs `permission`."""
    able = User.objects.with_perm(permission, backend=BACKEND).order_by("pk")[:3]
    names = ", ".join(display_name(each) for each in able)
    return f"Ask {names}." if names else "No one has the role for this yet. Add someone under Staff."


@checks.register(deploy=True)
def check_zone_data(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """System check: a warning when time zones are read from old or unknown data."""
    why = zone_data.why_outdated(timezone.localdate())
    return [checks.Warning(why, id="clinic.W002")] if why else []


@checks.register(checks.Tags.database, deploy=True)
def check_setup(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> Sequence[checks.CheckMessage]:
    """System check: one warning per pending step.

    `manage.py check --deploy --database default`
    """
    return [checks.Warning(step, id="clinic.W001") for step in pending_steps()] if databases else []
