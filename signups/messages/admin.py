"""Admin of e-mail templates, and the preview of a manual e-mail for a lead."""

import re

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from signups.audit import access_log
from signups.consents.contact_policy import may_email
from signups.leads.access import can_contact_lead
from signups.leads.models import Lead
from signups.web.staff_views import lead_view, render_page

from .choices import EmailPurpose
from .emails import preview_manual_email
from .forms import SendForm, TemplateForm
from .template_models import EmailTemplate


@admin.register(EmailTemplate)
class EmailTemplateAdmin(admin.ModelAdmin):
    list_display = ["name", "purpose", "subject", "is_active"]

    def has_delete_permission(self, request: HttpRequest, obj: EmailTemplate | None = None) -> bool:
        """Deny: the audit log references templates for good.

        An unused template is deactivated.
        """
        return False


@lead_view(allowed=can_contact_lead)
@require_safe
def preview_email(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Preview the e-mail of `?template=3`, with the form that sends it."""
    form = TemplateForm(request.GET)
    if not form.is_valid():
        raise BadRequest("That template doesn’t exist.")
    access_log.log_lead_view(request, lead)
    template = form.cleaned_data["template"]
    email = preview_manual_email(lead, template)
    return render_page(
        request,
        "admin/signups/lead/mail.html",
        f"Email to {lead}",
        lead=lead,
        template=template,
        letter=email.redacted(),
        body=_body(email.redacted().html),
        permitted=may_email(lead, timezone.now(), news=template.purpose == EmailPurpose.MARKETING),
        form=SendForm(initial={"template": template.pk, "seen": email.digest()}),
    )


def _body(html: str) -> SafeString:
    """Return the body of the HTML part, without head and inline styles."""
    inside = html.partition("<body")[2].partition(">")[2].rpartition("</body>")[0]
    return mark_safe(re.sub(r' style="[^"]*"', "", inside))  # noqa: S308  (our own template, whose values are escaped)


routes = [path("signups/lead/<int:pk>/mail/", preview_email, name="signups_lead_mail")]
