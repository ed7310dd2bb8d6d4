"""Forms of the editors; a text that they accept can be rendered."""

# Django's generic classes take no type arguments at runtime.
# mypy: allow-any-generics

import copy
import datetime as dt
import re
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import DatabaseError, transaction
from django.utils import timezone

from clinic.lib.form_fields import SUPPORTED_DATES, LinesField
from content.actions import drafts
from content.evidence.ledger import Topic
from content.models.articles import Article, ArticleRedirect, Text
from content.models.claims import Claim
from content.models.revisions import Revision
from content.models.sources import Source
from content.models.texts import CrisisText, LegalText

from . import public_pages, text_checks

# Limits keep date and time zone arithmetic from overflowing.
SUPPORTED_TIMES = [
    MinValueValidator(dt.datetime(2000, 1, 1, tzinfo=dt.UTC)),
    MaxValueValidator(dt.datetime(2999, 12, 31, tzinfo=dt.UTC)),
]


class CheckedTextForm(forms.ModelForm):
    """Refuse a text that breaks a rule of the evidence, and say at its field where and why."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's hook of model forms, which its stubs leave out
        if self.errors:
            return
        for finding in text_checks.findings_in(self.instance, today=timezone.localdate()):
            field = finding.field if finding.field in self.fields else None
            self.add_error(field, f"line {finding.line}: {finding.message}" if finding.line else finding.message)


class LegalTextForm(CheckedTextForm):
    """Edit a draft of a legal text."""

    class Meta:
        model = LegalText
        fields = "__all__"  # noqa: DJ007


class CrisisTextForm(CheckedTextForm):
    """Edit a draft of what pages say in a crisis."""

    class Meta:
        model = CrisisText
        fields = "__all__"  # noqa: DJ007


class ArticleTextForm(forms.ModelForm):
    """The text of an article as typed; the linter checks it separately."""

    def clean(self) -> dict[str, Any]:
        """Normalize line endings, so that saving an unchanged text changes nothing."""
        data = super().clean() or {}
        for name in Text.FIELDS:
            data[name] = data.get(name, "").replace("\r\n", "\n").strip()
        data["body"] += "\n"
        return data

    @property
    def words(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in Text.FIELDS}


class NewArticleForm(ArticleTextForm):
    """Create an article."""

    class Meta:
        model = Article
        fields = ["slug", "author", *Text.FIELDS]

    def clean_slug(self) -> str:
        """Reject an address that redirects to a renamed article."""
        slug: str = self.cleaned_data["slug"]
        if ArticleRedirect.objects.filter(slug=slug).exists():
            raise forms.ValidationError("Another page had this address.")
        return slug

    def start(self, *, by: User, now: dt.datetime) -> Article:
        data = self.cleaned_data
        return drafts.create_article(slug=data["slug"], author=data["author"], words=self.words, by=by, now=now)


class DraftForm(ArticleTextForm):
    """Edit an article's text; `based_on` detects concurrent edits."""

    based_on = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Revision
        fields = [*Text.FIELDS, "correction_note", "is_minor_edit"]
        widgets = {"correction_note": forms.Textarea(attrs={"rows": 2}), "summary": forms.Textarea(attrs={"rows": 3})}

    @classmethod
    def of(cls, newest: Revision, *, is_live: bool) -> "DraftForm":
        """Return an unbound form of `newest`.

        An edit of the live text starts without a correction note.
        """
        metadata = {} if is_live else {"correction_note": newest.correction_note, "is_minor_edit": newest.is_minor_edit}
        return cls(initial={**newest.words, **metadata, "based_on": newest.pk})

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("is_minor_edit") and data.get("correction_note"):
            self.add_error("is_minor_edit", "A correction is never a minor edit.")
        return data

    def save_draft(self, article: Article, *, by: User, now: dt.datetime) -> Revision:
        """Save the draft. Raises EditorialError as `drafts.save_draft`."""
        metadata = {name: self.cleaned_data[name] for name in ("correction_note", "is_minor_edit", "based_on")}
        return drafts.save_draft(article, words=self.words, by=by, now=now, **metadata)


class SignOffForm(forms.Form):
    """Sign off the revision whose pk is `read`, with the rows behind it as `state_hash` binds them."""

    read = forms.IntegerField(widget=forms.HiddenInput)
    state_hash = forms.CharField(widget=forms.HiddenInput)
    review_by = forms.DateField(
        label="Next review due",
        validators=SUPPORTED_DATES,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    @classmethod
    def of(cls, newest: Revision, *, state_hash: str, now: dt.datetime) -> "SignOffForm":
        """Return an unbound form of the newest revision."""
        review_by = timezone.localdate(now) + drafts.REVIEW_INTERVAL
        return cls(initial={"read": newest.pk, "state_hash": state_hash, "review_by": review_by})


class ScheduleForm(forms.Form):
    """When to publish, in the current time zone."""

    at = forms.DateTimeField(
        label="Publish at",
        validators=SUPPORTED_TIMES,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class PublishForm(forms.Form):
    """The day from which a legal or crisis text is effective."""

    on = forms.DateField(
        label="Effective date",
        validators=SUPPORTED_DATES,
        initial=timezone.localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class ShownOnPagesForm(CheckedTextForm):
    """Refuse a change after which a public page could not be rendered, and say which and why."""

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            try:
                self._try_out()
            except public_pages.PagesBroken as error:
                self.add_error(None, error.reasons)
            except (DatabaseError, ValueError):
                self.add_error(None, "The database cannot hold this.")

    def _try_out(self) -> None:
        """Save a copy and undo it. Raises PagesBroken."""
        row = copy.copy(self.instance)
        row._state = copy.copy(self.instance._state)
        with transaction.atomic():
            with public_pages.keep_pages_rendering():
                row.save()
                for field in row._meta.many_to_many:
                    if field.name in self.cleaned_data:
                        getattr(row, field.name).set(self.cleaned_data[field.name])
            transaction.set_rollback(True)


class SourceForm(ShownOnPagesForm):
    """Edit a source: names one a line, a DOI also as an address."""

    authors = LinesField(
        help_text="One a line, in order, as printed: Duman RS. Bodies by their whole name.",
        widget=forms.Textarea(attrs={"rows": 6, "cols": 40}),
    )
    doi = forms.CharField(label="DOI", max_length=200, required=False, help_text="10.1001/… or its address.")
    url = forms.URLField(max_length=400, assume_scheme="https")
    archive_url = forms.URLField(
        label="Archived copy",
        max_length=600,
        required=False,
        assume_scheme="https",
        help_text="Such as web.archive.org/…",
    )
    recheck_fields = LinesField(
        label="Details not verified yet",
        required=False,
        help_text="One a line: authors, year, pages. Empty once you have seen them all at the source.",
        widget=forms.Textarea(attrs={"rows": 3, "cols": 40}),
    )

    class Meta:
        model = Source
        fields = "__all__"  # noqa: DJ007

    def clean_doi(self) -> str:
        """Take a DOI from its address."""
        return re.sub(r"^(?:https?://)?(?:dx\.)?(?:www\.)?doi\.org/|^doi:\s*", "", self.cleaned_data["doi"].strip())


class ClaimForm(ShownOnPagesForm):
    """Edit a claim, with its topics as boxes."""

    topics = forms.MultipleChoiceField(
        choices=Topic.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What it tells. A page with “that it helps” needs all the others too.",
    )

    class Meta:
        model = Claim
        fields = "__all__"  # noqa: DJ007
