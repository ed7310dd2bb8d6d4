"""Mixin for model admins whose rows are changed by actions only."""

from django.db.models import Model
from django.http import HttpRequest


class ReadOnly:
    """Deny adding, changing and deleting; viewing follows the view permission."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
