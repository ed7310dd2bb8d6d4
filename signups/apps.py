from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate

# Importing these registers the message kinds.
EMAIL_MODULES = (
    "signups.callbacks.emails",
    "signups.calls.emails",
    "signups.messages.emails",
    "signups.privacy.emails",
    "signups.trials.emails",
    "signups.messages.portal_links",
    "signups.messages.texts",
)


class SignupsConfig(AppConfig):
    name = "signups"
    verbose_name = "Leads & calls"

    def ready(self) -> None:
        from anymail.signals import inbound, tracking

        from signups import contact_changes
        from signups.audit import triggers
        from signups.calls.call_type_models import create_onboarding_type
        from signups.leads.close_reason_models import create_usual_reasons
        from signups.messages.imap_mailbox import handle_inbound_event
        from signups.messages.reports import handle_tracking_event
        from signups.messages.shipped_templates import create_shipped_templates
        from signups.ops.key_check import ensure_key_check

        tracking.connect(handle_tracking_event)
        inbound.connect(handle_inbound_event)
        for module in EMAIL_MODULES:
            import_module(module)
        contact_changes.connect()
        post_migrate.connect(ensure_key_check, sender=self)
        post_migrate.connect(triggers.install_triggers, sender=self)
        post_migrate.connect(create_onboarding_type, sender=self)
        post_migrate.connect(create_shipped_templates, sender=self)
        post_migrate.connect(create_usual_reasons, sender=self)
