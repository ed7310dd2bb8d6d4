from django import forms

from .choices import ExportReason


class ExportForm(forms.Form):
    kind = forms.ChoiceField(choices=[("csv", "CSV"), ("xlsx", "Excel (XLSX)")], label="As")
    reason = forms.TypedChoiceField(
        choices=[("", "Choose"), *ExportReason.choices], coerce=ExportReason, label="What is it for?"
    )
