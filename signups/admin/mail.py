"""E-mail from the desk: the templates, and one of them looked at and sent to a lead."""

import re
from typing import Any

from django.contrib import admin
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString, mark_safe

from signups.actions import leads
from signups.messages.actions import send_manual_email
from signups.messages.choices import EmailPurpose
from signups.messages.emails import preview_manual_email
from signups.messages.forms import SendForm, TemplateForm
from signups.messages.send_policy import why_not_allowed
from signups.models import EmailTemplate

from . import reading
from .lead_page import LeadPage
from .staff import who


@admin.register(EmailTemplate)
class EmailTemplateAdmin(admin.ModelAdmin):
    list_display = ["name", "purpose", "subject", "is_active"]

    def has_delete_permission(self, request: HttpRequest, obj: EmailTemplate | None = None) -> bool:
        """The trail names it for good: what is no longer wanted is no longer offered."""
        return False


class Mailing(LeadPage):
    def get_urls(self) -> list[URLPattern]:
        own = [
            path("<int:pk>/mail/", self.admin_site.admin_view(self.mail), name="signups_lead_mail"),
            path("<int:pk>/mail/send/", self.admin_site.admin_view(self.send_mail), name="signups_lead_mail_send"),
        ]
        return [*own, *super().get_urls()]

    def mail(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What would go out, before it does: `?template=3`."""
        lead, user = self._found(request, pk), who(request)
        if not leads.may_work(user, lead):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        form = TemplateForm(request.GET)
        if not form.is_valid():
            raise BadRequest("There is no such e-mail.")
        reading.read(request, lead)
        template = form.cleaned_data["template"]
        letter = preview_manual_email(lead, template)
        context = {
            **self.admin_site.each_context(request),
            "title": f"E-mail to {lead}",
            "lead": lead,
            "template": template,
            "letter": letter.redacted(),
            "body": _body(letter.redacted().html),
            "refused": why_not_allowed(lead, EmailPurpose(template.purpose)),
            "form": SendForm(initial={"template": template.pk, "seen": letter.digest()}),
        }
        return TemplateResponse(request, "admin/signups/lead/mail.html", context)

    def send_mail(self, request: HttpRequest, pk: int) -> HttpResponse:
        def do(**told: Any) -> None:
            send_manual_email(**told)

        return self._do(request, pk, SendForm(request.POST), do, "The e-mail is on its way.")


def _body(html: str) -> SafeString:
    """The HTML part as it goes out, less the head and the looks that only mail programs are given."""
    inside = html.partition("<body")[2].partition(">")[2].rpartition("</body>")[0]
    return mark_safe(re.sub(r' style="[^"]*"', "", inside))  # noqa: S308  (our own template, whose values are escaped)
