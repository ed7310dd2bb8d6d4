from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SignupsConfig(AppConfig):
    name = "signups"
    verbose_name = "From visitor to patient"

    def ready(self) -> None:
        from . import guards
        from .models import canaries

        post_migrate.connect(canaries.lay, sender=self)
        post_migrate.connect(guards.put_up, sender=self)
