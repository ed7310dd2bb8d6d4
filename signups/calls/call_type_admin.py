"""Admin pages of call types: length, buffers, hosts, questions, and how the calls are shared among the hosts."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from clinic.lib.text_messages import find_health_word

from .actions import LOAD_DAYS
from .call_type_models import CallType
from .models import OnboardingCall

MAX_QUESTIONS, MAX_OPTIONS, MAX_LENGTH = 5, 12, 100
EXAMPLE = "One a line, with the answers to choose from: Which plan do you have? | Employer | Medicare | None"


class CallTypeForm(forms.ModelForm):
    """A call type. Answers are chosen from a list, and neither they nor the name speak of health."""

    question_lines = forms.CharField(label="Questions", required=False, help_text=EXAMPLE, widget=forms.Textarea)

    class Meta:
        model = CallType
        fields = ["name", "is_active", "minutes", "minutes_before", "minutes_after", "hosts"]
        widgets = {"hosts": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = [" | ".join([one["label"], *one["options"]]) for one in self.instance.questions]
        self.initial["question_lines"] = "\n".join(lines)

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if word := find_health_word(name):
            raise ValidationError(f"“{word}” tells of health or care, and the name stands in emails and calendars.")
        return name

    def clean_question_lines(self) -> list[dict[str, Any]]:
        """Parse the lines into `CallType.questions`."""
        lines = [line for line in self.cleaned_data["question_lines"].splitlines() if line.strip()]
        if len(lines) > MAX_QUESTIONS:
            raise ValidationError(f"Ask at most {MAX_QUESTIONS} questions.")
        found = [_parse_question(line) for line in lines]
        if len({one["label"] for one in found}) < len(found):
            raise ValidationError("Two questions are the same.")
        return found

    def save(self, commit: bool = True) -> Any:
        self.instance.questions = self.cleaned_data.get("question_lines", [])
        return super().save(commit)


def _parse_question(line: str) -> dict[str, Any]:
    label, *options = (" ".join(part.split()) for part in line.split("|"))
    options = [option for option in options if option]
    if not label or len(set(options)) < 2 or len(set(options)) < len(options) or len(options) > MAX_OPTIONS:
        raise ValidationError(f"“{line}”: write the question and 2 to {MAX_OPTIONS} different answers, separated by |.")
    if max(map(len, [label, *options])) > MAX_LENGTH:
        raise ValidationError(f"“{line}”: at most {MAX_LENGTH} characters for the question and for each answer.")
    if word := find_health_word(line):
        raise ValidationError(f"“{word}” asks about health or care. Talk about that on the call.")
    return {"label": label, "options": options}


@admin.register(CallType)
class CallTypeAdmin(admin.ModelAdmin):
    form = CallTypeForm
    list_display = ["name", "is_active", "minutes"]
    fields = ["name", "is_active", "minutes", "minutes_before", "minutes_after", "hosts", "question_lines", "shares"]
    readonly_fields = ["shares"]

    def has_delete_permission(self, request: HttpRequest, obj: CallType | None = None) -> bool:
        """Deny deletion, because calls reference types; one that is not booked any more is switched off."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: CallType | None = None) -> list[str]:
        """Fix the name of the onboarding call, which pages and emails call the free call."""
        return ["name", *self.readonly_fields] if obj and obj.is_onboarding else self.readonly_fields

    @admin.display(description=f"Calls by host, last {LOAD_DAYS} days and upcoming")
    def shares(self, call_type: CallType) -> SafeString | str:
        """Return who got how many calls, beside the share that their weights make fair."""
        if not call_type.pk:
            return "Available after saving"
        rows = shares_of(call_type, timezone.now())
        return mark_safe(render_to_string("admin/signups/host/_shares.html", {"rows": rows}))  # noqa: S308  (escaped there)


def shares_of(call_type: CallType, now: dt.datetime) -> list[dict[str, Any]]:
    """Return for each host of the type: calls of it, all calls that the rotation counts, and the fair number of these.

    The rotation evens out all calls of the hosts, whatever their type; fair is in proportion to the weights.
    """
    hosts = list(call_type.all_hosts().active().select_related("user"))
    counted = OnboardingCall.objects.standing().filter(
        host__in=hosts, starts_at__gte=now - dt.timedelta(days=LOAD_DAYS)
    )
    calls = list(counted.values_list("host_id", "call_type_id"))
    weights = sum(host.weight for host in hosts)
    return [
        {
            "host": host,
            "of_type": calls.count((host.pk, call_type.pk)),
            "all": sum(one == host.pk for one, _ in calls),
            "fair": len(calls) * host.weight / weights,
        }
        for host in hosts
    ]
