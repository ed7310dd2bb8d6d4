"""Model admin of people named on pages."""

# Django's generic classes take no type arguments at runtime.
# mypy: allow-any-generics

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest

from content.forms import ShownOnPagesForm
from content.models.people import Person


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):
    form = ShownOnPagesForm
    list_display = ["name", "role", "user", "on_landing_page"]
    list_select_related = ["user"]

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> list[str]:
        """Let only superusers link an account to the person as whom it signs off."""
        return [] if isinstance(request.user, User) and request.user.is_superuser else ["user"]
