"""Model admin of the clinic profile."""

# Django's generic classes take no type arguments at runtime.
# mypy: allow-any-generics

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinic.lib.form_fields import JSONListField
from content import word_diff
from content.actions import profile as actions
from content.actions.exceptions import EditorialError
from content.forms import ShownOnPagesForm
from content.models.profile import ClinicProfile, ProfileProposal
from content.models.texts import CrisisText
from content.state_changes import printed

from .revisions import RevisionedAdmin


@admin.register(ClinicProfile)
class ClinicProfileAdmin(RevisionedAdmin):
    """Allow changing the one row only; crisis texts are published separately.

    What readers see of it, an editor proposes and a second person confirms. An administrator changes it at once.
    """

    form = ShownOnPagesForm
    change_form_template = "admin/content/profile_change_form.html"
    formfield_overrides = {models.JSONField: {"form_class": JSONListField}}
    PROMISED = ("trial_days", "guarantee_days")  # what the terms in effect promise

    def get_readonly_fields(self, request: HttpRequest, obj: ClinicProfile | None = None) -> tuple[str, ...]:
        """Let no editor change what people were promised: an administrator does, with new terms."""
        return (*CrisisText.FIELDS, *(() if _is_administrator(request) else self.PROMISED))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ClinicProfile | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        urls = [
            path(
                f"proposals/<int:pk>/{name}/",
                self.admin_site.admin_view(require_POST(view)),
                name=f"content_clinicprofile_{name}",
            )
            for name, view in (("confirm", self.confirm), ("drop", self.drop))
        ]
        return [*urls, *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: ClinicProfile, form: Any, change: bool) -> None:
        """Save what no reader sees; keep the rest as a proposal."""
        proposed = self._proposed(request, form)
        if proposed:
            actions.propose_change(proposed, by=cast(User, request.user), now=timezone.now())
            stored = ClinicProfile.current()
            for name in proposed:
                setattr(obj, name, getattr(stored, name))
        super().save_model(request, obj, form, change)

    def _proposed(self, request: HttpRequest, form: Any) -> dict[str, Any]:
        names = set() if _is_administrator(request) else actions.confirmed_fields() & set(form.changed_data)
        return {name: form.cleaned_data[name] for name in names}

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        form.changed_data = [name for name in form.changed_data if name not in self._proposed(request, form)]
        return super().construct_change_message(request, form, formsets, add)

    def response_change(self, request: HttpRequest, obj: ClinicProfile) -> HttpResponse:
        if not ProfileProposal.objects.undecided().filter(proposed_by=cast(User, request.user)).exists():
            return super().response_change(request, obj)
        messages.warning(request, "Saved as a proposal. Readers see it once somebody else confirms it.")
        return redirect("admin:content_clinicprofile_change", obj.pk)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        profile, user = context["original"], cast(User, request.user)
        proposals = ProfileProposal.objects.undecided().select_related("proposed_by")
        context["proposals"] = [
            (each, _differences(profile, each), actions.change_denied_reason(user, each)) for each in proposals
        ]
        return super().render_change_form(request, context, *args, **kwargs)

    def confirm(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._decide(request, "confirm_clinicprofile", actions.confirm_change, pk, "Confirmed.")

    def drop(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._decide(request, "confirm_clinicprofile", actions.drop_change, pk, "Proposal dropped.")

    def _decide(
        self, request: HttpRequest, permission: str, action: Callable[..., Any], pk: int, done: str
    ) -> HttpResponse:
        if not request.user.has_perm(f"content.{permission}"):
            raise PermissionDenied
        try:
            action(pk, by=cast(User, request.user), now=timezone.now())
            messages.success(request, done)
        except EditorialError as error:
            for reason in error.reasons:
                messages.error(request, reason)
        return redirect("admin:content_clinicprofile_change", 1)


def _is_administrator(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser


def _differences(
    profile: ClinicProfile, proposal: ProfileProposal
) -> list[tuple[str, tuple[word_diff.DiffPiece, ...]]]:
    """Return (field, pieces) of each value that a proposal would change."""
    labels = {field.name: str(field.verbose_name) for field in ClinicProfile._meta.fields}
    pairs = {name: (printed(getattr(profile, name)), printed(value)) for name, value in proposal.values.items()}
    return [(labels[name], word_diff.diff_words(*pair)) for name, pair in pairs.items()]
