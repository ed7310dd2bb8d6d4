import re
import secrets
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from clinic import first_steps, roles
from content.models import ClinicProfile

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Flag -> (field of the profile, what is asked)
ASKED = {
    "name": ("name", "The clinic’s name"),
    "phone": ("phone", "Its number, as you print it"),
    "mailbox": ("mailbox", "The mailbox that patients’ replies go to"),
    "address": ("postal_address", "Its postal address"),
    "zone": ("time_zone", "Its time zone, such as America/New_York"),
}


def read_hours(text: str) -> list[dict[str, object]]:
    """`mon-fri 09:00-17:00, sat 10:00-13:00` as the profile keeps it. Raises CommandError."""
    hours: list[dict[str, object]] = []
    for part in text.lower().split(","):
        found = re.fullmatch(r"(\w{3})(?:-(\w{3}))? (\d\d:\d\d)-(\d\d:\d\d)", part.strip())
        if not found or not {found[1], found[2] or found[1]} <= set(DAYS):
            raise CommandError(f"“{part.strip()}” is not like “mon-fri 09:00-17:00”.")
        first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
        hours += [{"weekday": day, "start": found[3], "end": found[4]} for day in range(first, last + 1)]
    return hours


class Command(BaseCommand):
    help = "A clinic's first hour: its profile, its Head of Customer Care, and what is left to do. May be repeated."

    def add_arguments(self, parser: CommandParser) -> None:
        for flag, (_, words) in ASKED.items():
            parser.add_argument(f"--{flag}", help=words)
        parser.add_argument("--hours", help="when it is open: mon-fri 09:00-17:00, sat 10:00-13:00")
        parser.add_argument("--head", metavar="USERNAME", help="who looks after patients first: makes their account")
        parser.add_argument("--head-email", default="", help="their e-mail address")
        parser.add_argument("--ask", action="store_true", help="ask for what was not given; Enter keeps what is there")

    def handle(self, *args: Any, ask: bool, head: str | None, head_email: str, **given: Any) -> None:
        call_command("load_content", stdout=self.stdout)
        profile = ClinicProfile.current()
        for flag, (field, words) in ASKED.items():
            value = given[flag] or (ask and input(f"{words} [{getattr(profile, field)}]: ").strip())
            if value:
                setattr(profile, field, value)
        hours = given["hours"] or (ask and input("Opening hours (mon-fri 09:00-17:00; Enter keeps them): ").strip())
        if hours:
            profile.opening_hours = read_hours(hours)
        try:
            profile.full_clean()
        except ValidationError as error:
            raise CommandError(
                "; ".join(f"{field}: {' '.join(found)}" for field, found in error.message_dict.items())
            ) from None
        profile.save()
        head = head or (ask and input("User name of the Head of Customer Care (Enter: none): ").strip()) or ""
        if head:
            self.make_head(head, head_email)
        steps = first_steps.left()
        self.stdout.write("\nLeft to do:" if steps else "\nNothing is left to do.")
        for step in steps:
            self.stdout.write(f"  - {step}")

    @transaction.atomic
    def make_head(self, username: str, email: str) -> None:
        user, is_new = User.objects.get_or_create(username=username, defaults={"email": email, "is_staff": True})
        if not is_new:
            self.stdout.write(f"“{username}” has an account already: nothing was changed about it.")
            return
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get(name=roles.HEAD))
        self.stdout.write(
            f"“{username}” signs in with  {password}  (shown only this once), then sets up a second step."
        )
