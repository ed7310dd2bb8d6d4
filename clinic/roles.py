"""Who may do what, as groups of permissions; brought up to date after every `migrate`."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.apps.registry import Apps
from django.contrib.auth.models import Permission
from django.db.models import Q

from . import navigation

HEAD = "Head of Customer Care"
COORDINATOR = "Care coordinator"
EDITOR = "Content editor"
AUDITOR = "Auditor"
REVIEWER = "Medical reviewer"
EDITED = ("article", "claim", "person", "quotation", "source")
READ = ["view_lead", "view_trial", "view_consent", "view_message", "view_note"]
SCHEDULE = ["view_host", "view_holiday"]
WORK = [
    *READ,
    "see_contact",
    "change_lead",
    "add_note",
    "view_callbackrequest",
    "work_callbackrequest",
    "view_onboardingcall",
    "change_onboardingcall",
]

# Role -> app -> permissions, as Django names them. Hard deletion is nobody's.
ROLES = {
    COORDINATOR: {"signups": [*WORK, "take_lead", *SCHEDULE, "change_own_host"]},
    HEAD: {
        "content": [
            *(f"{action}_{model}" for action in ("view", "publish") for model in ("legaltext", "crisistext")),
            *(f"view_{model}" for model in ("article", "claim", "quotation", "source")),  # what the desk counts
        ],
        "signups": [
            *WORK,
            *SCHEDULE,
            "add_host",
            "change_host",
            "add_holiday",
            "change_holiday",
            "view_auditevent",
            "work_any_lead",
            "reassign_callbackrequest",
            "reassign_onboardingcall",
            "reopen_lead",
            "merge_lead",
            "erase_lead",
            "export_lead",
            "import_lead",
            *(f"{action}_{model}" for model in ("emailtemplate", "tag") for action in ("view", "add", "change")),
        ],
    },
    EDITOR: {
        "content": [
            *(f"{action}_{model}" for model in EDITED for action in ("view", "add", "change")),
            "view_clinicprofile",
            "change_clinicprofile",
            "view_legaltext",
            "add_legaltext",
            "change_legaltext",
            *(f"{action}_crisistext" for action in ("view", "add", "change")),
            "view_linkcheck",
            "publish_article",
        ]
    },
    AUDITOR: {
        "signups": [*READ, *SCHEDULE, "view_auditevent", "view_onboardingcall", "view_emailtemplate", "view_tag"],
        "content": [f"view_{model}" for model in (*EDITED, "clinicprofile", "crisistext", "legaltext", "sourcecheck")],
    },
    REVIEWER: {"content": [*(f"view_{model}" for model in EDITED), "sign_off_article"]},
}
APPS = sorted({app for permissions in ROLES.values() for app in permissions})


def sync_groups(sender: AppConfig, apps: Apps = installed, **kwargs: Any) -> None:
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


def permission_matrix() -> dict[str, list[tuple[str, list[bool]]]]:
    """By room: each right by name, and which of the roles, in the order of ROLES, have it."""
    rights: dict[str, dict[str, list[bool]]] = {heading: {} for heading in (*navigation.NAVIGATION, navigation.OTHER)}
    for permission in Permission.objects.filter(content_type__app_label__in=APPS).select_related("content_type"):
        of = permission.content_type
        having = [permission.codename in granted.get(of.app_label, []) for granted in ROLES.values()]
        if any(having):
            rights[navigation.section_for_model(of.model)][permission.name] = having
    return {heading: sorted(found.items()) for heading, found in rights.items() if found}
