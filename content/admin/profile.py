from django.contrib import admin
from django.http import HttpRequest

from content.models.profile import ClinicProfile
from content.models.texts import CrisisText


@admin.register(ClinicProfile)
class ClinicProfileAdmin(admin.ModelAdmin):
    """One row: it can be changed, not added to or deleted. What pages say in a crisis is published apart from it."""

    readonly_fields = CrisisText.FIELDS

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ClinicProfile | None = None) -> bool:
        return False
