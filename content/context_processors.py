"""What every template knows of the clinic."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from .models import ClinicProfile


def clinic(request: HttpRequest) -> dict[str, object]:
    """`clinic`, read from the database only by a template that prints it."""
    return {"clinic": SimpleLazyObject(ClinicProfile.current)}
