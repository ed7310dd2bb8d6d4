"""`manage.py setup_clinic`: fill in the profile, create the Head's account."""

import re
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import models, transaction
from django.utils import timezone

from clinic import roles, setup_checklist
from content.actions import ledger, shipped
from content.models.profile import ClinicProfile
from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.leads.models import Lead

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Flag -> (profile field, prompt)
PROMPTS = {
    "name": ("name", "The clinic’s name"),
    "phone": ("phone", "Its number, as you print it"),
    "mailbox": ("mailbox", "The mailbox that patients’ replies go to"),
    "address": ("postal_address", "Its postal address"),
    "zone": ("time_zone", "Its time zone, such as America/New_York"),
}


def parse_opening_hours(text: str) -> list[dict[str, object]]:
    """Parse `mon-fri 09:00-17:00, sat 10:00-13:00`. Raises CommandError."""
    hours: list[dict[str, object]] = []
    for part in text.lower().split(","):
        match = re.fullmatch(r"(\w{3})(?:-(\w{3}))? (\d\d:\d\d)-(\d\d:\d\d)", part.strip())
        if not match or not {match[1], match[2] or match[1]} <= set(DAYS):
            raise CommandError(f"“{part.strip()}” is not like “mon-fri 09:00-17:00”.")
        first, last = DAYS.index(match[1]), DAYS.index(match[2] or match[1])
        hours += [{"weekday": day, "start": match[3], "end": match[4]} for day in range(first, last + 1)]
    return hours


def checked_username(text: str) -> str:
    """Return a valid user name. Raises ValidationError."""
    User.username_validator(text)
    return text


def checked_email(text: str) -> str:
    """Return a valid e-mail address. Raises ValidationError."""
    validate_email(text)
    return text


class Command(BaseCommand):
    help = (
        "A clinic's first hour: its profile, its Head of Customer Care, and what is left to do. Without flags it asks. "
        "May be repeated."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        for flag, (_, prompt) in PROMPTS.items():
            parser.add_argument(f"--{flag}", help=prompt)
        parser.add_argument("--hours", help="when it is open: mon-fri 09:00-17:00, sat 10:00-13:00")
        parser.add_argument("--head", metavar="USERNAME", help="who looks after patients first: makes their account")
        parser.add_argument("--head-email", help="their email address")

    def handle(self, *args: Any, **options: Any) -> None:
        given = {name: options[name] for name in (*PROMPTS, "hours", "head", "head_email") if options[name]}
        call_command("load_content", stdout=self.stdout)
        profile = ClinicProfile.current()
        if given:
            for flag, (field, _) in PROMPTS.items():
                setattr(profile, field, given.get(flag, getattr(profile, field)))
            if "hours" in given:
                profile.opening_hours = parse_opening_hours(given["hours"])
        else:
            given = self.ask(profile)
        try:
            profile.full_clean()
        except ValidationError as error:
            raise CommandError(
                "; ".join(f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items())
            ) from None
        self.save(profile)
        if "head" in given:
            self.make_head(given["head"], given.get("head_email", ""))
        steps = setup_checklist.pending_steps()
        self.stdout.write("\nLeft to do:" if steps else "\nNothing is left to do.")
        for step in steps:
            self.stdout.write(f"  - {step}")

    def ask(self, profile: ClinicProfile) -> dict[str, str]:
        """Prompt for the profile's fields; return the options of the Head's account."""
        self.stdout.write("Enter alone keeps what is in brackets.")
        for field, prompt in PROMPTS.values():
            column = cast("models.Field[Any, Any]", profile._meta.get_field(field))
            check, before = partial(column.clean, model_instance=profile), getattr(profile, field)
            setattr(profile, field, self.answer(f"{prompt} [{before}]", check, before))
        hours = "Opening hours, such as mon-fri 09:00-17:00, sat 10:00-13:00 [as they are]"
        profile.opening_hours = self.answer(hours, parse_opening_hours, profile.opening_hours)
        head = self.answer("User name of the Head of Customer Care [none yet]", checked_username, "")
        if not head:
            return {}
        return {"head": head, "head_email": self.answer("Their email address [none]", checked_email, "")}

    def answer(self, prompt: str, parse: Callable[[str], Any], default: Any) -> Any:
        """Prompt until `parse` accepts the input; an empty line is `default`.

        Raises CommandError at the end of input.
        """
        while True:
            try:
                text = input(f"{prompt}: ").strip()
                return parse(text) if text else default
            except (ValidationError, CommandError) as error:
                self.stdout.write(f"  {' '.join(getattr(error, 'messages', [str(error)]))}")
            except EOFError:
                raise CommandError("Nobody answers here: give flags instead (--help lists them).") from None

    @transaction.atomic
    def save(self, profile: ClinicProfile) -> None:
        """Save the profile, with an audit event that names the changed fields.

        Pages that nobody has signed yet show it at once, and so do legal texts until the first sign-up.
        """
        before = ClinicProfile.objects.values().get(pk=profile.pk)
        changed = [name for name, value in before.items() if getattr(profile, name) != value]
        profile.save()
        now = timezone.now()
        ledger.record_revision(profile, by=None, now=now)
        shipped.refresh_articles(now=now)
        if not Lead.objects.exists():  # nobody can have agreed to a text yet
            shipped.refresh_texts()
        if changed:
            record_event(
                None,
                AuditAction.CHANGED,
                by=ActorKind.SYSTEM,
                now=now,
                target="clinicprofile:1",
                fields=changed,
            )

    @transaction.atomic
    def make_head(self, username: str, email: str) -> None:
        """Create the account of the Head; an existing account stays unchanged.

        Prints the random password.
        """
        user, is_new = User.objects.get_or_create(username=username, defaults={"email": email, "is_staff": True})
        if not is_new:
            self.stdout.write(f"“{username}” has an account already: nothing was changed about it.")
            return
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get(name=roles.HEAD))
        record_event(None, AuditAction.ADDED, by=ActorKind.SYSTEM, now=timezone.now(), target=f"user:{user.pk}")
        self.stdout.write(
            f"“{username}” signs in with  {password}  (shown only this once), then sets up a second step."
        )
