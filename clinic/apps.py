"""App configuration: receivers, groups, cache table, hidden model admins."""

from typing import Any

from django.apps import AppConfig, apps
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate

# allauth's model admins, unregistered: nobody needs to read or write sign-in secrets in the admin.
HIDDEN_MODELS = ["account.EmailAddress", "mfa.Authenticator", "usersessions.UserSession"]


def create_cache_table(using: str = "default", **kwargs: Any) -> None:
    """Receiver of `post_migrate`: run `createcachetable`. Idempotent."""
    call_command("createcachetable", database=using, verbosity=0)


class CareDeskConfig(AdminConfig):
    """Make the care desk Django's default admin site."""

    default_site = "clinic.admin_site.CareDesk"


class ClinicConfig(AppConfig):
    """Connect the receivers.

    Installed last: its groups need permissions that `auth` creates on `post_migrate` too.
    """

    name = "clinic"

    def ready(self) -> None:
        from clinic.staff_auth.signals import register_signals

        from . import deploy_checks, roles, setup_checklist  # noqa: F401  (two of them register system checks)

        register_signals()
        for label in roles.APPS:
            post_migrate.connect(roles.sync_groups, sender=apps.get_app_config(label))
        post_migrate.connect(create_cache_table, sender=apps.get_app_config("mfa"))  # this app has no models
        for model in HIDDEN_MODELS:
            admin.site.unregister(apps.get_model(model))
