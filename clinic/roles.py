"""Roles as Django groups of permissions, synchronized after every `migrate`."""

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
EVIDENCE_MODELS = ("article", "claim", "person", "quotation", "source")
LISTS = ("emailtemplate", "tag", "closereason")  # kept by the Head
READ = ["view_lead", "view_trial", "view_consent", "view_outboxmessage", "view_inboundmessage", "view_note"]
SCHEDULE = ["view_host", "view_holiday", "view_calltype"]
WORK = [
    *READ,
    "confirm_reset",
    "see_contact",
    "change_lead",
    "add_note",
    "work_inboundmessage",
    "view_callbackrequest",
    "work_callbackrequest",
    "view_onboardingcall",
    "change_onboardingcall",
]

# Role -> app label -> permission codenames. No role may delete rows.
ROLES = {
    COORDINATOR: {"signups": [*WORK, "take_lead", *SCHEDULE, "change_own_host"]},
    HEAD: {
        "content": [
            "view_person",
            "confirm_person",
            "view_clinicprofile",
            "confirm_clinicprofile",
            *(f"{action}_{model}" for action in ("view", "publish") for model in ("legaltext", "crisistext")),
            *(f"view_{model}" for model in ("article", "claim", "quotation", "source")),  # counted by the dashboard
        ],
        "signups": [
            *WORK,
            *SCHEDULE,
            "add_host",
            "change_host",
            "add_holiday",
            "change_holiday",
            "add_calltype",
            "change_calltype",
            "view_auditevent",
            "work_any_lead",
            "manage_staff",
            "reassign_callbackrequest",
            "reassign_onboardingcall",
            "reopen_lead",
            "merge_lead",
            "erase_lead",
            "export_lead",
            "import_lead",
            *(f"{action}_{model}" for model in LISTS for action in ("view", "add", "change")),
        ],
    },
    EDITOR: {
        "content": [
            *(f"{action}_{model}" for model in EVIDENCE_MODELS for action in ("view", "add", "change")),
            "view_clinicprofile",
            "change_clinicprofile",
            "confirm_clinicprofile",
            "view_legaltext",
            "add_legaltext",
            "change_legaltext",
            *(f"{action}_crisistext" for action in ("view", "add", "change")),
            "view_linkcheck",
            "check_claim",
            "publish_article",
        ]
    },
    AUDITOR: {
        "signups": [
            *(*READ, *SCHEDULE, "view_auditevent", "view_onboardingcall", "confirm_reset"),
            *(f"view_{model}" for model in LISTS),
        ],
        "content": [
            f"view_{model}" for model in (*EVIDENCE_MODELS, "clinicprofile", "crisistext", "legaltext", "linkcheck")
        ],
    },
    REVIEWER: {"content": [*(f"view_{model}" for model in EVIDENCE_MODELS), "sign_off_article", "check_claim"]},
}
APPS = sorted({app for permissions in ROLES.values() for app in permissions})


def sync_groups(sender: AppConfig, apps: Apps = installed, **kwargs: Any) -> None:
    """Receiver of `post_migrate`: give the groups the permissions of ROLES.

    Idempotent. Covers the permissions of `sender` only.

    `apps` is the migrations' registry (`flush` passes none); after a partial migrate it may lack `auth`.
    """
    try:
        groups = apps.get_model("auth", "Group").objects
        permissions = apps.get_model("auth", "Permission").objects
    except LookupError:
        return
    of_sender = Q(content_type__app_label=sender.label)
    for role, permissions_by_app in ROLES.items():
        group, _ = groups.get_or_create(name=role)
        codenames = permissions_by_app.get(sender.label, [])
        group.permissions.remove(*group.permissions.filter(of_sender).exclude(codename__in=codenames))
        group.permissions.add(*permissions.filter(of_sender, codename__in=codenames))


def permission_matrix() -> dict[str, list[tuple[str, list[bool]]]]:
    """Return (permission name, whether each role has it), by navigation heading.

    Roles are in the order of ROLES.
    """
    matrix: dict[str, dict[str, list[bool]]] = {heading: {} for heading in (*navigation.NAVIGATION, navigation.OTHER)}
    for permission in Permission.objects.filter(content_type__app_label__in=APPS).select_related("content_type"):
        model = permission.content_type
        granted = [permission.codename in codenames.get(model.app_label, []) for codenames in ROLES.values()]
        if any(granted):
            matrix[navigation.section_for_model(model.model)][permission.name] = granted
    return {heading: sorted(rows.items()) for heading, rows in matrix.items() if rows}
