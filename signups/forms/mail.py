"""What staff fill in to write to somebody."""

import uuid
from typing import Any

from django import forms

from signups.models import MailTemplate


class TemplateForm(forms.Form):
    """Which e-mail to look at."""

    template = forms.ModelChoiceField(MailTemplate.objects.none(), label="E-mail", empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = MailTemplate.objects.filter(offered=True)  # type: ignore[attr-defined]


class SendForm(TemplateForm):
    """`seen` is the digest of what was looked at."""

    template = forms.ModelChoiceField(MailTemplate.objects.none(), widget=forms.HiddenInput)
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
