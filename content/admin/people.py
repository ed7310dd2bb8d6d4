"""Model admin of people named on pages, with the page that confirms a credential."""

# Django's generic classes take no type arguments at runtime.
# mypy: allow-any-generics

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from content.actions import ledger
from content.actions.exceptions import EditorialError
from content.forms import ShownOnPagesForm
from content.models.people import Person

from .revisions import RevisionedAdmin


@admin.register(Person)
class PersonAdmin(RevisionedAdmin):
    form = ShownOnPagesForm
    change_form_template = "admin/content/person_change_form.html"
    list_display = ["name", "role", "user", "on_landing_page", "confirmed"]
    list_select_related = ["user"]

    @admin.display(description="name and role confirmed", boolean=True)
    def confirmed(self, person: Person) -> bool:
        return person.is_confirmed

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> list[str]:
        """Fix the key, which pages use; only superusers link an account to the person as whom it signs off."""
        fixed = ["key"] if obj else []
        return fixed if isinstance(request.user, User) and request.user.is_superuser else [*fixed, "user"]

    def has_delete_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        confirm = self.admin_site.admin_view(require_POST(self.confirm))
        return [path("<int:pk>/confirm/", confirm, name="content_person_confirm"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if person := context.get("original"):
            context["may_confirm"] = not ledger.confirmation_denied_reason(cast(User, request.user), person)
            context["confirmation"] = person.confirmations.select_related("confirmed_by").first()
        return super().render_change_form(request, context, *args, **kwargs)

    def confirm(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Confirm the stored name and role."""
        if not request.user.has_perm("content.confirm_person"):
            raise PermissionDenied
        person = get_object_or_404(Person, pk=pk)
        try:
            ledger.confirm_credential(person, by=cast(User, request.user), now=timezone.now())
            messages.success(request, f"Confirmed: {person.name}, {person.role}.")
        except EditorialError as error:
            for reason in error.reasons:
                messages.error(request, reason)
        return redirect("admin:content_person_change", pk)
