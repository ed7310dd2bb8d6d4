"""Template context processors."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from content.models.profile import ClinicProfile


def clinic(request: HttpRequest) -> dict[str, object]:
    """Add `clinic`, loaded when first used, and `site_url` without a trailing slash."""
    return {"clinic": SimpleLazyObject(ClinicProfile.current), "site_url": settings.SITE_URL}
