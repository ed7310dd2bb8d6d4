"""`manage.py create_demo_user`: make the demo's staff account."""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError

from clinic import roles

USERNAME = "head"


class Command(BaseCommand):
    help = "Makes the demo's staff account (Head of Customer Care) and prints its random password, once."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Production has no demo account: make real ones with `manage.py createsuperuser`.")
        users = get_user_model().objects
        if users.filter(username=USERNAME).exists():
            self.stdout.write(
                f"Care desk: sign in as “{USERNAME}” (to choose a password: manage.py changepassword {USERNAME})"
            )
            return
        password = secrets.token_urlsafe(12)
        user = users.create_user(USERNAME, password=password, is_staff=True)
        user.groups.add(Group.objects.get(name=roles.HEAD))
        self.stdout.write(f"Care desk: sign in as “{USERNAME}” with the password  {password}  (shown only this once)")
