"""Form that sends a lost portal link again."""

from signups.web import form_fields


class ResendPortalLinkForm(form_fields.TimedPublicForm):
    email = form_fields.email_field("The email address you signed up with.")
    button = "Email me my private link"
