from django import forms

from .choices import ExportReason


class ExportForm(forms.Form):
    kind = forms.ChoiceField(choices=[("csv", "CSV"), ("xlsx", "Excel (XLSX)")], label="File format")
    reason = forms.TypedChoiceField(
        choices=[("", "Select a reason"), *ExportReason.choices], coerce=ExportReason, label="Reason for export"
    )
