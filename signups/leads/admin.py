"""The list of tags, which the Head keeps."""

from django.contrib import admin
from django.http import HttpRequest

from .tag_models import Tag


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    list_display = ["name", "is_active"]

    def has_delete_permission(self, request: HttpRequest, obj: Tag | None = None) -> bool:
        """The trail names it for good: what is no longer wanted is no longer offered."""
        return False
