"""The signed-in staff user, and the users whom leads may be assigned to."""

from django.contrib.auth.models import User
from django.core.cache import caches
from django.http import HttpRequest

BACKEND = "django.contrib.auth.backends.ModelBackend"


def display_name(user: User) -> str:
    """Return the full name, or the username of who has none."""
    return user.get_full_name() or user.get_username()


def staff_user(request: HttpRequest) -> User:
    """Return the signed-in user; `AdminSite.admin_view` admits staff only."""
    assert isinstance(request.user, User)  # noqa: S101 - for the type checker
    return request.user


def owner_choices() -> list[tuple[int, str]]:
    """Return (pk, name) of all users who may own leads; cached for 60 seconds."""

    def load() -> list[tuple[int, str]]:
        workers = User.objects.with_perm("signups.change_lead", include_superusers=False, backend=BACKEND)
        return [(user.pk, display_name(user)) for user in workers.order_by("username")]

    return caches["memory"].get_or_set("signups.owners", load, 60) or []


def owners_by_name() -> dict[str, int]:
    """Return username and full name, casefolded, → key of the users who may own leads."""
    workers = User.objects.with_perm("signups.change_lead", include_superusers=False, backend=BACKEND)
    found: dict[str, int] = {}
    for user in workers.order_by("-pk"):
        found[user.get_full_name().casefold()] = user.pk
    return found | {user.get_username().casefold(): user.pk for user in workers}
