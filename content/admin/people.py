from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest

from content.models.people import Person


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):
    list_display = ["name", "role", "user", "on_landing_page"]
    list_select_related = ["user"]

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> list[str]:
        """Whose account may sign off as whom is no editor's to say."""
        return [] if isinstance(request.user, User) and request.user.is_superuser else ["user"]
