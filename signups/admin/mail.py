"""E-mail from the desk: the templates, and one of them looked at and sent to a lead."""

import re
from typing import Any

from django.contrib import admin
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString, mark_safe

from signups import emails, wanted
from signups.actions import leads, mail
from signups.forms.mail import SendForm, TemplateForm
from signups.models import MailTemplate
from signups.states import MailPurpose

from . import reading
from .lead_page import LeadPage
from .staff import who


@admin.register(MailTemplate)
class MailTemplateAdmin(admin.ModelAdmin):
    list_display = ["name", "purpose", "subject", "offered"]

    def has_delete_permission(self, request: HttpRequest, obj: MailTemplate | None = None) -> bool:
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
        letter = emails.desk_letter(lead, template)
        context = {
            **self.admin_site.each_context(request),
            "title": f"E-mail to {lead}",
            "lead": lead,
            "template": template,
            "letter": letter.shown(),
            "body": _body(letter.shown().html),
            "refused": wanted.refusal(lead, MailPurpose(template.purpose)),
            "form": SendForm(initial={"template": template.pk, "seen": letter.digest()}),
        }
        return TemplateResponse(request, "admin/signups/lead/mail.html", context)

    def send_mail(self, request: HttpRequest, pk: int) -> HttpResponse:
        def do(**told: Any) -> None:
            mail.send(**told)

        return self._do(request, pk, SendForm(request.POST), do, "The e-mail is on its way.")


def _body(html: str) -> SafeString:
    """The HTML part as it goes out, less the head and the looks that only mail programs are given."""
    inside = html.partition("<body")[2].partition(">")[2].rpartition("</body>")[0]
    return mark_safe(re.sub(r' style="[^"]*"', "", inside))  # noqa: S308  (our own template, whose values are escaped)
