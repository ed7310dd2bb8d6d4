"""Mixin for model admins of rows that pages show: every version is kept, with who saved it."""

# Django's generic classes take no type arguments at runtime.
# mypy: allow-any-generics

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from content import word_diff
from content.actions import ledger
from content.state_changes import printed


class RevisionedAdmin(admin.ModelAdmin):
    """Keep each saved version of a row; its history shows what every one changed."""

    object_history_template = "admin/content/ledger_history.html"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            ledger.record_stored_revision(obj, now=timezone.now())
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        ledger.clear_checks(form.instance, form.changed_data)
        ledger.record_revision(form.instance, by=cast(User, request.user), now=timezone.now())

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, object_id)
        versions = list(ledger.revisions_of(obj)) if obj else []
        older = [*(version.values for version in versions[1:]), {}]
        changes = [
            (version, _changes(before, version.values)) for version, before in zip(versions, older, strict=False)
        ]
        return super().history_view(request, object_id, {"versions": changes, **(extra_context or {})})


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, tuple[word_diff.DiffPiece, ...]]]:
    """Return (field, pieces) of each value that differs."""
    pairs = {name: (printed(before.get(name)), printed(after.get(name))) for name in {**before, **after}}
    return [(name.replace("_", " "), word_diff.diff_words(*pair)) for name, pair in pairs.items() if pair[0] != pair[1]]
