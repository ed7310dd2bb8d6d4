"""Filters of the audit log page."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from signups.audit.choices import AuditAction


class StaffChoiceField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.get_full_name() or obj.get_username())


class AuditFilterForm(forms.Form):
    """Filters; `before` is the last event of the previous page."""

    action = forms.ChoiceField(
        label="What",
        choices=[("", "everything"), *sorted(AuditAction.choices, key=lambda choice: choice[1])],
        required=False,
    )
    by = StaffChoiceField(
        User.objects.filter(is_staff=True).order_by("username"), label="User", empty_label="Anyone", required=False
    )
    before = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False, widget=forms.HiddenInput)
