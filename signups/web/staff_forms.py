"""What forms of the care desk share."""

from collections.abc import Iterable, Mapping

from django import forms

LONGEST_NOTE = 5000  # characters
TYPED_FIELDS = ("text", "note", "words", "task", "what_came_in")  # what staff write in words of their own


def typed_words(sent: Mapping[str, str], fields: Iterable[str] = TYPED_FIELDS) -> str:
    """Return what was typed in `fields` of a form that was sent, whatever form it was."""
    return "\n\n".join(filter(None, (sent.get(name, "").strip() for name in fields)))


def note_field() -> forms.CharField:
    """Return the field of the note that belongs to an outcome; what is typed is kept as a draft until it is saved."""
    widget = forms.Textarea({"rows": 2, "data-draft": ""})
    return forms.CharField(label="Note (optional)", required=False, max_length=LONGEST_NOTE, widget=widget)


class DraftForm(forms.Form):
    """What is typed in the boxes of a page and not saved yet."""

    text = forms.CharField(required=False, max_length=LONGEST_NOTE, strip=False)


class CallOutcomeForm(forms.Form):
    """The note beside the outcome of an onboarding call."""

    note = note_field()
