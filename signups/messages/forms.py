"""Forms of manual e-mails."""

import uuid

from django import forms

from clinic.lib import text_messages

from .template_models import EmailTemplate, validate_subject, validate_text

ACTIVE_TEMPLATES = EmailTemplate.objects.filter(is_active=True)


class TemplateForm(forms.Form):
    """Selects the template to preview."""

    template = forms.ModelChoiceField(ACTIVE_TEMPLATES)


class EditForm(TemplateForm):
    """One email in words of staff's own, held to the same rules as a template."""

    template = forms.ModelChoiceField(ACTIVE_TEMPLATES, widget=forms.HiddenInput)
    subject = forms.CharField(max_length=100, label="Subject", validators=[validate_subject])
    text = forms.CharField(
        max_length=4000, label="Text", widget=forms.Textarea({"rows": 12}), validators=[validate_text]
    )


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
    subject = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput, validators=[validate_subject])
    text = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput, validators=[validate_text])
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
