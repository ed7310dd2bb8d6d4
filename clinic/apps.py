from typing import Any

from django.apps import AppConfig, apps
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate

# allauth's own pages in the admin: nobody needs to read or write sign-in secrets there.
HIDDEN = ["account.EmailAddress", "mfa.Authenticator", "usersessions.UserSession"]


def make_cache_table(using: str = "default", **kwargs: Any) -> None:
    call_command("createcachetable", database=using, verbosity=0)


class CareDeskConfig(AdminConfig):
    """Django's admin with the care desk as its site, so that `@admin.register` finds it."""

    default_site = "clinic.admin_site.CareDesk"


class ClinicConfig(AppConfig):
    """The wiring. Installed last: its groups need the permissions that `auth` makes on the same signal."""

    name = "clinic"

    def ready(self) -> None:
        from clinic.staff_auth.signals import register_signals

        from . import roles, setup_checklist  # noqa: F401  (registers its system check)

        register_signals()
        for label in roles.APPS:
            post_migrate.connect(roles.sync_groups, sender=apps.get_app_config(label))
        post_migrate.connect(make_cache_table, sender=apps.get_app_config("mfa"))  # (this app has no models)
        for model in HIDDEN:
            admin.site.unregister(apps.get_model(model))
