from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate

FEATURES_WITH_EMAILS = ("callbacks", "calls", "leads", "messages", "privacy", "trials")


class SignupsConfig(AppConfig):
    name = "signups"
    verbose_name = "From visitor to patient"

    def ready(self) -> None:
        from . import guards
        from .models import canaries

        for feature in FEATURES_WITH_EMAILS:  # registers the message kinds
            import_module(f"signups.{feature}.emails")
        post_migrate.connect(canaries.lay, sender=self)
        post_migrate.connect(guards.put_up, sender=self)
