from django.contrib import admin
from django.http import HttpRequest

from content.forms import LegalTextForm
from content.models import LegalText


@admin.register(LegalText)
class LegalTextAdmin(admin.ModelAdmin):
    """Versions are added, never changed: people have agreed to them."""

    form = LegalTextForm
    list_display = ["kind", "version", "published"]
    list_filter = ["kind"]

    def has_change_permission(self, request: HttpRequest, obj: LegalText | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LegalText | None = None) -> bool:
        return False
