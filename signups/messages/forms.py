"""Forms of manual e-mails."""

import uuid

from django import forms

from clinic.lib import text_messages

from .template_models import EmailTemplate

ACTIVE_TEMPLATES = EmailTemplate.objects.filter(is_active=True)


class TemplateForm(forms.Form):
    """Selects the template to preview."""

    template = forms.ModelChoiceField(ACTIVE_TEMPLATES)


class TextForm(forms.Form):
    """A text of staff's own words, without a word about health."""

    words = forms.CharField(
        max_length=280, label="Your text", widget=forms.Textarea({"rows": 2}), error_messages={"required": "Write it."}
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def clean_words(self) -> str:
        words = " ".join(self.cleaned_data["words"].split())
        if word := text_messages.find_health_word(words):
            raise forms.ValidationError(f"Leave out “{word}”: a text says nothing about health.")
        return words


class AssignReplyForm(forms.Form):
    who = forms.CharField(max_length=254, error_messages={"required": "Enter a number or email address."})


class SendForm(forms.Form):
    """Confirms a preview; `seen` is its digest."""

    template = forms.ModelChoiceField(ACTIVE_TEMPLATES, widget=forms.HiddenInput)
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
