"""Forms that upload a list, match its columns and start the import."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from signups.leads.tag_models import Tag

from . import file_reader, headings

SKIP_COLUMN = "Don’t import"


class UploadForm(forms.Form):
    file = forms.FileField(
        label="CSV, XLSX or vCard file",
        widget=forms.FileInput({"accept": ".csv,.txt,.tsv,.xlsx,.vcf,text/csv,text/vcard"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )

    def clean_file(self) -> bytes:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > file_reader.MAX_UPLOAD_BYTES:
            raise forms.ValidationError(
                f"The file is larger than {file_reader.MAX_UPLOAD_BYTES // 1_000_000} MB. Split it into smaller files."
            )
        content: bytes = file.read()
        return content


class ColumnsForm(forms.Form):
    """One choice for each column of the file, in order; a confirmation of the encoding where that was guessed.

    A column that looks like an opt-out must be matched, or be said to be none.
    """

    def __init__(
        self,
        *args: Any,
        header: Sequence[str],
        columns: Sequence[str],
        opt_outs: Sequence[int] = (),
        encoding: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        fields = list(headings.IMPORT_FIELDS.items())
        self.opt_outs = {f"column-{number}" for number in opt_outs}
        for number, (heading, key) in enumerate(zip(header, columns, strict=True)):
            name = f"column-{number}"
            skip = [("", "Choose: is this an opt-out?"), (headings.NO_OPT_OUT, "Don’t import: this is no opt-out")]
            choices = skip if name in self.opt_outs else [("", SKIP_COLUMN)]
            self.fields[name] = forms.ChoiceField(
                choices=[*choices, *fields], initial=key, required=False, label=heading or f"Column {number + 1}"
            )
        if encoding:
            self.fields["encoding"] = forms.BooleanField(
                label=f"This file’s letters were read as {encoding}. The samples look right.",
                error_messages={"required": "Check the samples, then confirm that their letters look right."},
            )

    def column_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name != "encoding"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        chosen = [key for name, key in data.items() if name != "encoding" and key and key != headings.NO_OPT_OUT]
        if duplicates := {key for key in chosen if chosen.count(key) > 1} - headings.SEVERAL_COLUMNS:
            labels = ", ".join(sorted(headings.IMPORT_FIELDS[key] for key in duplicates))
            raise forms.ValidationError(f"More than one column is matched to: {labels}.")
        if not {"email", "phone"} & {*chosen}:
            raise forms.ValidationError("Match a column to Email or Phone.")
        if "email" not in chosen and not {"name", "first", "last"} & {*chosen}:
            raise forms.ValidationError("Match a column to Name.")
        for name in self.opt_outs:
            if name in data and not data[name]:
                self.add_error(name, "This looks like an opt-out. Match it, or say that it is none.")
        return data

    def columns(self) -> list[str]:
        return [self.cleaned_data[name] for name in self.fields if name != "encoding"]


class StartForm(forms.Form):
    tag = forms.ModelChoiceField(
        queryset=Tag.objects.filter(is_active=True), required=False, empty_label="No tag", label="Tag the new leads"
    )
