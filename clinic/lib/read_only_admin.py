"""What every record on the desk has in common: it is looked at here, and changed by an action only."""

from django.db.models import Model
from django.http import HttpRequest


class ReadOnly:
    """May be looked at by whoever has the view permission, and by nobody changed here."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
