"""Forms with which the Head keeps the accounts of staff."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from clinic import roles
from signups.audit.staff_users import display_name, owner_choices
from signups.hosts.models import Host


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(
        choices=[(name, name) for name in roles.ROLES],
        widget=forms.CheckboxSelectMultiple,
        label="Roles",
        error_messages={"required": "Choose at least one role."},
    )


class NewStaffForm(RolesForm):
    first_name = forms.CharField(label="First name", max_length=150)
    last_name = forms.CharField(label="Last name", max_length=150)
    username = forms.CharField(
        label="Username", max_length=150, validators=[User.username_validator], help_text="They sign in with it."
    )
    email = forms.EmailField(label="Email", required=False, max_length=254)
    field_order = ["first_name", "last_name", "username", "email", "roles"]

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            raise forms.ValidationError("This username is taken.")
        return username


class OffboardForm(forms.Form):
    """Who takes what somebody leaves behind."""

    to = forms.TypedChoiceField(
        required=False,
        coerce=lambda pk: User.objects.get(pk=pk),
        empty_value=None,
        label="Leads, follow-ups and callbacks go to",
    )
    host = forms.ModelChoiceField(
        Host.objects.none(), required=False, label="Upcoming calls go to", empty_label="Choose a host"
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [(pk, name) for pk, name in owner_choices() if pk != user.pk]
        empty = ("", "Nobody: leads and callbacks become unassigned, follow-ups are yours")
        self.fields["to"].choices = [empty, *others]  # type: ignore[attr-defined]
        hosts = Host.objects.active().exclude(user=user).select_related("user")
        self.fields["host"].queryset = hosts  # type: ignore[attr-defined]
        self.fields["host"].label_from_instance = lambda host: display_name(host.user)  # type: ignore[attr-defined]
