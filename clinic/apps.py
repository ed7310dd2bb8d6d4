from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class CareDeskConfig(AdminConfig):
    """Django's admin with the care desk as its site, so that `@admin.register` finds it."""

    default_site = "clinic.desk.CareDesk"


class ClinicConfig(AppConfig):
    """The wiring. Installed last: its groups need the permissions that `auth` makes on the same signal."""

    name = "clinic"

    def ready(self) -> None:
        from . import roles, slow_queries

        connection_created.connect(slow_queries.watch)
        for label in roles.APPS:
            post_migrate.connect(roles.sync, sender=apps.get_app_config(label))
