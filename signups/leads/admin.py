"""Admin of the lists that the Head maintains: tags and close reasons."""

from django.contrib import admin
from django.http import HttpRequest

from .close_reason_models import CloseReason
from .tag_models import Tag


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    list_display = ["name", "is_active"]

    def has_delete_permission(self, request: HttpRequest, obj: Tag | None = None) -> bool:
        """Deny: the audit log references tags for good. An unused tag is deactivated."""
        return False


@admin.register(CloseReason)
class CloseReasonAdmin(admin.ModelAdmin):
    list_display = ["name", "is_active"]

    def has_delete_permission(self, request: HttpRequest, obj: CloseReason | None = None) -> bool:
        """Deny, as for tags: an unused reason is deactivated."""
        return False
