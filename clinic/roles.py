"""Who may do what, as groups of permissions; brought up to date after every `migrate`."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.apps.registry import Apps
from django.db.models import Q

HEAD = "Head of Customer Care"
COORDINATOR = "Care coordinator"
EDITOR = "Content editor"
EDITED = ("article", "claim", "person", "quotation", "source")

# Role -> app -> permissions, as Django names them. Hard deletion is nobody's.
ROLES = {
    COORDINATOR: {"signups": ["view_lead", "view_trial", "view_consent", "view_message", "view_event"]},
    HEAD: {"signups": ["view_lead", "view_trial", "view_consent", "view_message", "view_event"]},
    EDITOR: {
        "content": [
            *(f"{action}_{model}" for model in EDITED for action in ("view", "add", "change")),
            "view_clinicprofile",
            "change_clinicprofile",
            "view_legaltext",
            "add_legaltext",
        ]
    },
}
APPS = sorted({app for permissions in ROLES.values() for app in permissions})


def sync(sender: AppConfig, apps: Apps = installed, **kwargs: Any) -> None:
    """Gives each role what ROLES says of `sender`'s models, and takes the rest. Idempotent.

    `apps` is the registry as the migrations left it (`flush` passes none): while only some ran, it may have no groups.
    """
    try:
        groups = apps.get_model("auth", "Group").objects
        permissions = apps.get_model("auth", "Permission").objects
    except LookupError:
        return
    of_sender = Q(content_type__app_label=sender.label)
    for role, wanted in ROLES.items():
        group, _ = groups.get_or_create(name=role)
        codenames = wanted.get(sender.label, [])
        group.permissions.remove(*group.permissions.filter(of_sender).exclude(codename__in=codenames))
        group.permissions.add(*permissions.filter(of_sender, codename__in=codenames))
