"""Forms of manual e-mails."""

import uuid

from django import forms

from .template_models import EmailTemplate

ACTIVE_TEMPLATES = EmailTemplate.objects.filter(is_active=True)


class TemplateForm(forms.Form):
    """Selects the template to preview."""

    template = forms.ModelChoiceField(ACTIVE_TEMPLATES)


class SendForm(forms.Form):
    """Confirms a preview; `seen` is its digest."""

    template = forms.ModelChoiceField(ACTIVE_TEMPLATES, widget=forms.HiddenInput)
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
