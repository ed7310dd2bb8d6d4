"""Whoever is at the desk, and those that leads may be given to."""

from django.contrib.auth.models import User
from django.core.cache import caches
from django.http import HttpRequest

BACKEND = "django.contrib.auth.backends.ModelBackend"


def who(request: HttpRequest) -> User:
    """The signed-in user: pages of the desk have no other visitors."""
    assert isinstance(request.user, User)  # noqa: S101 - told to the type checker
    return request.user


def owners() -> list[tuple[int, str]]:
    """Key and name of all who work leads; asked of the database once a minute."""

    def read() -> list[tuple[int, str]]:
        workers = User.objects.with_perm("signups.change_lead", include_superusers=False, backend=BACKEND)
        return [(user.pk, user.get_full_name() or user.get_username()) for user in workers.order_by("username")]

    return caches["memory"].get_or_set("signups.owners", read, 60) or []
