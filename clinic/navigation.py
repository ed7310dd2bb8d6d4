"""The pages of the desk in groups, by the names they bear: for its first page and for the table of roles."""

from typing import Any

from django.urls import reverse

# Heading -> models -> name of their page, or "" where they have none.
NAVIGATION = {
    "Care": {
        "lead": "Leads",
        "callbackrequest": "Callbacks",
        "onboardingcall": "Calendar",
        "auditevent": "The record",
        **dict.fromkeys(("trial", "consent", "outboxmessage", "note"), ""),
    },
    "Set-up": {
        "host": "Hosts",
        "holiday": "Holidays",
        "tag": "Tags",
        "emailtemplate": "E-mail templates",
        "clinicprofile": "Clinic profile",
    },
    "Texts": {"article": "Articles", "legaltext": "Legal texts", "crisistext": "Crisis texts", "person": "People"},
    "Evidence": {"source": "Sources", "quotation": "Quotations", "claim": "Claims", "linkcheck": ""},
}
OTHER = "Administration"  # whatever else there is, by Django's own name
# Pages that are no list of a model: heading, name, address, who may open it.
PAGES = [
    ("Care", "Possible duplicates", "admin:signups_lead_duplicates", "signups.merge_lead"),
    ("Care", "Import leads", "admin:signups_lead_import", "signups.import_lead"),
]


def section_for_model(model: str) -> str:
    return next((heading for heading, models in NAVIGATION.items() if model in models), OTHER)


def group_admin_pages(apps: list[dict[str, Any]], user: Any) -> dict[str, list[tuple[str, str]]]:
    """Name and address of every page that `user` may open, by heading; `apps` is Django's own list for them."""
    found = {model["object_name"].lower(): model for app in apps for model in app["models"] if model["admin_url"]}
    groups = {
        heading: [(name, found.pop(model)["admin_url"]) for model, name in models.items() if model in found]
        for heading, models in NAVIGATION.items()
    }
    for under, name, address, right in PAGES:
        if user.has_perm(right):
            groups[under].append((name, reverse(address)))
    rest = [(str(model["name"]), model["admin_url"]) for model in found.values()]
    groups[OTHER] = [*rest, ("Roles", reverse("admin:roles"))]
    return {heading: pages for heading, pages in groups.items() if pages}
