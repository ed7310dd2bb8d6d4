"""Admin of the tag list, which the Head maintains."""

from django.contrib import admin
from django.http import HttpRequest

from .tag_models import Tag


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    list_display = ["name", "is_active"]

    def has_delete_permission(self, request: HttpRequest, obj: Tag | None = None) -> bool:
        """Deny: the audit log references tags for good. An unused tag is deactivated."""
        return False
