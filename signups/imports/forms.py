"""Forms that upload a CSV file and map its columns."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from . import csv_parser

SKIP_COLUMN = "Don’t import"


class UploadForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        widget=forms.FileInput({"accept": ".csv,text/csv"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )

    def clean_file(self) -> bytes:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > csv_parser.MAX_BYTES:
            raise forms.ValidationError(
                f"The file is larger than {csv_parser.MAX_BYTES // 1_000_000} MB. Split it into smaller files."
            )
        content: bytes = file.read()
        return content


class ColumnsForm(forms.Form):
    """One choice for each column of the file, in order."""

    def __init__(self, *args: Any, header: Sequence[str], columns: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", SKIP_COLUMN), *((key, label) for key, (label, _) in csv_parser.IMPORT_FIELDS.items())]
        for number, (heading, key) in enumerate(zip(header, columns, strict=True)):
            self.fields[f"column-{number}"] = forms.ChoiceField(
                choices=choices, initial=key, required=False, label=heading or f"Column {number + 1}"
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        chosen = [key for key in data.values() if key]
        if duplicates := {key for key in chosen if chosen.count(key) > 1}:
            labels = ", ".join(sorted(csv_parser.IMPORT_FIELDS[key][0] for key in duplicates))
            raise forms.ValidationError(f"These fields are matched more than once: {labels}.")
        if not {"name", "first", "last"} & set(chosen):
            raise forms.ValidationError("Match a column to Name.")
        if not {"email", "phone"} & set(chosen):
            raise forms.ValidationError("Match a column to Email or Phone.")
        return data

    def columns(self) -> list[str]:
        return [self.cleaned_data[name] for name in self.fields]
