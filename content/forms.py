"""Editors' forms: what they accept, a page can show."""

import re
from typing import Any

from django import forms

from . import pages
from .evidence.findings import MarkupError
from .models import Article, ClinicProfile, LegalText, Quotation, Source


class PageForm(forms.ModelForm):
    """A text that names a source, quotation, block or placeholder that does not exist is refused, line by line."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        texts = {name: data.get(name, "") for name in ("title", "summary", "body")}
        try:
            pages.build(**texts, profile=ClinicProfile.current())
        except MarkupError as error:
            self.add_error("body", [str(finding) for finding in error.findings])
        return data


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
