"""What every template knows of the clinic."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from content.models.profile import ClinicProfile


def clinic(request: HttpRequest) -> dict[str, object]:
    """`clinic`, read from the database only when a template prints it, and `site_url`, without a slash at its end."""
    return {"clinic": SimpleLazyObject(ClinicProfile.current), "site_url": settings.SITE_URL}
