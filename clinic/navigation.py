"""Admin pages grouped under headings, for the dashboard and the permission matrix."""

from typing import Any

from django.urls import reverse

# Heading -> model name -> label of its list page, or "" for a model without one.
NAVIGATION = {
    "Care": {
        "lead": "Leads",
        "callbackrequest": "Callbacks",
        "onboardingcall": "Calendar",
        "auditevent": "Audit log",
        **dict.fromkeys(("trial", "consent", "outboxmessage", "inboundmessage", "note"), ""),
    },
    "Settings": {
        "host": "Hosts",
        "holiday": "Holidays",
        "calltype": "Call types",
        "tag": "Tags",
        "closereason": "Close reasons",
        "emailtemplate": "Email templates",
        "clinicprofile": "Clinic profile",
    },
    "Content": {
        "article": "Articles",
        "legaltext": "Legal documents",
        "crisistext": "Crisis messages",
        "person": "Authors and reviewers",
    },
    "Evidence": {"source": "Sources", "quotation": "Quotations", "claim": "Claims", "linkcheck": ""},
}
OTHER = "Administration"  # every other registered model, under its verbose name
# (heading, label, URL name, required permission) of pages that are not a model's list.
PAGES = [
    ("Care", "Replies", "admin:signups_lead_replies", "signups.work_inboundmessage"),
    ("Care", "Duplicates", "admin:signups_lead_duplicates", "signups.merge_lead"),
    ("Care", "Import leads", "admin:signups_lead_import", "signups.import_lead"),
    ("Settings", "Staff", "admin:signups_staff_list", "signups.manage_staff"),
    ("Settings", "Business hours and states", "admin:content_clinicprofile_hours", "content.confirm_clinicprofile"),
]


def section_for_model(model: str) -> str:
    """Return the heading under which the pages of `model` are grouped."""
    return next((heading for heading, models in NAVIGATION.items() if model in models), OTHER)


def group_admin_pages(apps: list[dict[str, Any]], user: Any) -> dict[str, list[tuple[str, str]]]:
    """Return (label, URL) of the pages that `user` may open, by heading.

    `apps` is from `AdminSite.get_app_list`.
    """
    found = {model["object_name"].lower(): model for app in apps for model in app["models"] if model["admin_url"]}
    groups = {
        heading: [(label, found.pop(model)["admin_url"]) for model, label in models.items() if model in found]
        for heading, models in NAVIGATION.items()
    }
    for heading, label, url_name, permission in PAGES:
        if user.has_perm(permission):
            groups[heading].append((label, reverse(url_name)))
    rest = [(str(model["name"]), model["admin_url"]) for model in found.values()]
    groups[OTHER] = [*rest, ("Roles", reverse("admin:roles"))]
    return {heading: pages for heading, pages in groups.items() if pages}
