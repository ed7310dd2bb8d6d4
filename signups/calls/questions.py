"""Form fields of the questions of a type of call."""

from django import forms

from .call_type_models import CallType

QUESTION = "question_"


def question_fields(call_type: CallType) -> dict[str, forms.Field]:
    """Return the questions of a type of call: answers are chosen, and may be left out."""
    return {
        f"{QUESTION}{number}": forms.ChoiceField(
            label=one["label"],
            choices=[("", "Choose one, if you like"), *((option, option) for option in one["options"])],
            required=False,
        )
        for number, one in enumerate(call_type.questions)
    }


def answered(form: forms.Form) -> dict[str, str]:
    """Return what was chosen, by question."""
    asked = {str(field.label): form.cleaned_data[name] for name, field in form.fields.items() if QUESTION in name}
    return {question: answer for question, answer in asked.items() if answer}


def questions_of(form: forms.Form) -> list[forms.BoundField]:
    return [form[name] for name in form.fields if name.startswith(QUESTION)]
