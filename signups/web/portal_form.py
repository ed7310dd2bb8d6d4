"""Base of the forms of the patient portal.

The URL is itself the secret, so the forms carry no CSRF token.
"""

from collections.abc import Iterable
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms

from signups.leads.models import Lead
from signups.offer import current_offer


class PortalForm(forms.Form):
    """A form about one lead."""

    button = ""

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lead = lead
        self.offer = current_offer()
        self.helper = FormHelper()
        self.helper.disable_csrf = True
        self.prepare()
        self.helper.layout = Layout(*self.parts(), Submit("save", self.button))

    def parts(self) -> Iterable[Any]:
        """Field names and layout objects, from top to bottom."""
        return list(self.fields)

    def prepare(self) -> None:
        """Hook: add fields and initial values that depend on the lead."""
