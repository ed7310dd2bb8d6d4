"""Editors' forms: what they accept, a page can show."""

import datetime as dt
import re
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from content.actions import drafts
from content.evidence.findings import MarkupError
from content.models.articles import Article, Text
from content.models.profile import ClinicProfile
from content.models.revisions import Revision
from content.models.sources import Quotation, Source
from content.models.texts import LegalText

from . import page_rendering

# Near enough that there are days before and after, wherever one is.
SUPPORTED_DAYS = [MinValueValidator(dt.date(2000, 1, 1)), MaxValueValidator(dt.date(2999, 12, 31))]
SUPPORTED_MOMENTS = [type(day)(dt.datetime.combine(day.limit_value, dt.time(), dt.UTC)) for day in SUPPORTED_DAYS]


class PageForm(forms.ModelForm):
    """A text that names a source, quotation, block or placeholder that does not exist is refused, line by line."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        texts = {name: data.get(name, "") for name in ("title", "summary", "body")}
        try:
            page_rendering.build_page(**texts, profile=ClinicProfile.current())
        except MarkupError as error:
            self.add_error("body", [str(finding) for finding in error.findings])
        return data


class ArticleTextForm(forms.ModelForm):
    """The words of an article as the editor typed them; what is wrong with them is found apart from the form."""

    def clean(self) -> dict[str, Any]:
        """Line ends as files have them, so that saving what nobody changed changes nothing."""
        data = super().clean() or {}
        for name in Text.FIELDS:
            data[name] = data.get(name, "").replace("\r\n", "\n").strip()
        data["body"] += "\n"
        return data

    @property
    def words(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in Text.FIELDS}


class NewArticleForm(ArticleTextForm):
    class Meta:
        model = Article
        fields = ["slug", "author", *Text.FIELDS]

    def start(self, *, by: User, now: dt.datetime) -> Article:
        data = self.cleaned_data
        return drafts.create_article(slug=data["slug"], author=data["author"], words=self.words, by=by, now=now)


class DraftForm(ArticleTextForm):
    based_on = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Revision
        fields = [*Text.FIELDS, "correction_note", "is_minor_edit"]
        widgets = {"correction_note": forms.Textarea(attrs={"rows": 2}), "summary": forms.Textarea(attrs={"rows": 3})}

    @classmethod
    def of(cls, newest: Revision, *, is_live: bool) -> "DraftForm":
        """The form as an editor first sees it: a new edit of what readers see begins without a correction."""
        about = {} if is_live else {"correction_note": newest.correction_note, "is_minor_edit": newest.is_minor_edit}
        return cls(initial={**newest.words, **about, "based_on": newest.pk})

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("is_minor_edit") and data.get("correction_note"):
            self.add_error("is_minor_edit", "A correction is never a minor edit.")
        return data

    def save_draft(self, article: Article, *, by: User, now: dt.datetime) -> Revision:
        about = {name: self.cleaned_data[name] for name in ("correction_note", "is_minor_edit", "based_on")}
        return drafts.save_draft(article, words=self.words, by=by, now=now, **about)


class SignOffForm(forms.Form):
    read = forms.IntegerField(widget=forms.HiddenInput)
    review_by = forms.DateField(
        label="To be read again by",
        validators=SUPPORTED_DAYS,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    @classmethod
    def of(cls, newest: Revision, *, now: dt.datetime) -> "SignOffForm":
        return cls(initial={"read": newest.pk, "review_by": timezone.localdate(now) + drafts.REVIEW_EVERY})


class ScheduleForm(forms.Form):
    at = forms.DateTimeField(
        label="Publish at",
        validators=SUPPORTED_MOMENTS,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class PublishForm(forms.Form):
    on = forms.DateField(
        label="Holds from",
        validators=SUPPORTED_DAYS,
        initial=timezone.localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class LegalTextForm(PageForm):
    class Meta:
        model = LegalText
        fields = "__all__"  # noqa: DJ007


class SourceForm(forms.ModelForm):
    url = forms.URLField(max_length=400, assume_scheme="https")

    class Meta:
        model = Source
        fields = "__all__"  # noqa: DJ007


class QuotationForm(forms.ModelForm):
    class Meta:
        model = Quotation
        fields = "__all__"  # noqa: DJ007

    def clean_wording_checked(self) -> bool:
        """Unchecked again only when no page shows it: a published quotation is a checked one."""
        checked: bool = self.cleaned_data["wording_checked"]
        block = re.compile(rf"^:::\s*quotation\s+{re.escape(self.instance.key)}\s*$", re.MULTILINE)
        texts: list[Article | LegalText] = [] if checked else [*Article.objects.all(), *LegalText.objects.all()]
        for text in texts:
            if block.search(text.body):
                raise forms.ValidationError(f"“{text}” shows this quotation: take it out there first.")
        return checked
