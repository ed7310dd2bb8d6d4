"""`manage.py reset_mfa`: remove an account's second steps."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction


class Command(BaseCommand):
    help = "For whoever lost phone and recovery codes: removes an account's second steps and ends its sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no account “{username}”.")
        with transaction.atomic():
            for authenticator in Authenticator.objects.filter(user=user):
                authenticator.delete()
            for session in UserSession.objects.filter(user=user):
                session.end()
        self.stdout.write(f"“{username}” sets up a second step at the next sign-in. Be sure who asked for this.")
