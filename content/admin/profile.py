"""Model admin of the clinic profile."""

# Django's generic classes take no type arguments at runtime.
# mypy: allow-any-generics

from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models
from django.http import HttpRequest

from clinic.lib.form_fields import JSONListField
from content.forms import ShownOnPagesForm
from content.models.profile import ClinicProfile
from content.models.texts import CrisisText

from .revisions import RevisionedAdmin


@admin.register(ClinicProfile)
class ClinicProfileAdmin(RevisionedAdmin):
    """Allow changing the one row only; crisis texts are published separately."""

    form = ShownOnPagesForm
    formfield_overrides = {models.JSONField: {"form_class": JSONListField}}
    PROMISED = ("trial_days", "guarantee_days")  # what the terms in effect promise

    def get_readonly_fields(self, request: HttpRequest, obj: ClinicProfile | None = None) -> tuple[str, ...]:
        """Let no editor change alone what people were promised: an administrator does, with new terms."""
        promised = () if isinstance(request.user, User) and request.user.is_superuser else self.PROMISED
        return (*CrisisText.FIELDS, *promised)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ClinicProfile | None = None) -> bool:
        return False
