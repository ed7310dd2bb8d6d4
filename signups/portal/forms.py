"""Form that sends a lost portal link again."""

from clinic.lib import normalization
from signups.web import form_fields
from signups.web.public_form import clean_with


class ResendPortalLinkForm(form_fields.TimedPublicForm):
    email = form_fields.email_field("The email address you signed up with.")
    button = "Email me my private link"

    def clean_email(self) -> str:
        clean_with(normalization.strict_email_key, self.cleaned_data["email"])
        return str(self.cleaned_data["email"])
