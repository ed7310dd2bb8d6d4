"""What staff fill in to write to somebody."""

import uuid

from django import forms

from signups.models import MailTemplate

OFFERED = MailTemplate.objects.filter(offered=True)


class TemplateForm(forms.Form):
    """Which e-mail to look at."""

    template = forms.ModelChoiceField(OFFERED)


class SendForm(forms.Form):
    """`seen` is the digest of what was looked at."""

    template = forms.ModelChoiceField(OFFERED, widget=forms.HiddenInput)
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
