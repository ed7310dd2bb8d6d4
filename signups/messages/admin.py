"""Admin of e-mail templates, the preview of a manual e-mail, and the replies that nobody has dealt with."""

import re

from django.contrib import admin, messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.lib import normalization, phone_numbers
from signups.audit import access_log
from signups.audit.staff_users import staff_user
from signups.consents.contact_policy import may_email
from signups.leads.access import can_contact_lead
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.offer import current_offer
from signups.web.responses import redirect_after_post
from signups.web.staff_views import lead_view, render_page, staff_view

from .choices import EmailPurpose
from .emails import preview_manual_email
from .forms import AssignReplyForm, EditForm, SendForm, TemplateForm
from .inbound_models import InboundMessage
from .incoming import assign_message, handle_message
from .template_models import EmailTemplate

REPLIES_SHOWN = 50
replies_view = staff_view("signups.work_inboundmessage")


@admin.register(EmailTemplate)
class EmailTemplateAdmin(admin.ModelAdmin):
    list_display = ["name", "purpose", "subject", "is_active"]

    def has_delete_permission(self, request: HttpRequest, obj: EmailTemplate | None = None) -> bool:
        """Deny: the audit log references templates for good.

        An unused template is deactivated.
        """
        return False


@lead_view(allowed=can_contact_lead)
@require_http_methods(["GET", "HEAD", "POST"])
def preview_email(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Preview the e-mail of `?template=3`, with the form that sends it; POST previews it in words of their own."""
    form = TemplateForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        raise BadRequest("That template doesn’t exist.")
    template = form.cleaned_data["template"]
    if request.method != "POST":
        return email_page(request, lead, template)
    edit = EditForm(request.POST)
    if not edit.is_valid():
        return email_page(request, lead, template, edit=edit, status=422)
    return email_page(request, lead, template, subject=edit.cleaned_data["subject"], text=edit.cleaned_data["text"])


def email_page(
    request: HttpRequest,
    lead: Lead,
    template: EmailTemplate,
    *,
    subject: str = "",
    text: str = "",
    edit: EditForm | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    """Show exactly what would be sent, with the forms that send and edit it."""
    access_log.log_lead_view(request, lead)
    words = template.reworded(subject, text)
    email = preview_manual_email(lead, words)
    edited = {"subject": words.subject, "text": words.text} if words is not template else {}
    initial = {"template": template.pk, "subject": words.subject, "text": words.text}
    return render_page(
        request,
        "admin/signups/lead/mail.html",
        f"Email to {lead}",
        status=status,
        lead=lead,
        template=template,
        letter=email.redacted(),
        body=_body(email.redacted().html),
        permitted=may_email(lead, timezone.now(), news=template.purpose == EmailPurpose.MARKETING),
        form=SendForm(initial={"template": template.pk, "seen": email.digest(), "subject": "", "text": "", **edited}),
        edit=edit or EditForm(initial=initial, auto_id="edit_%s"),
        edited=edited,
        refused=refused,
    )


def _body(html: str) -> SafeString:
    """Return the body of the HTML part, without head and inline styles."""
    inside = html.partition("<body")[2].partition(">")[2].rpartition("</body>")[0]
    return mark_safe(re.sub(r' style="[^"]*"', "", inside))  # noqa: S308  (our own template, whose values are escaped)


@replies_view
@require_safe
def replies(request: HttpRequest) -> HttpResponse:
    """List the replies that nobody has dealt with."""
    return _replies_page(request)


def _replies_page(request: HttpRequest, *, refused: str = "", status: int = 200) -> HttpResponse:
    unhandled = InboundMessage.objects.unhandled().select_related("lead", "in_reply_to")
    shown = list(unhandled[:REPLIES_SHOWN])
    access_log.log_list_view(request, "replies", len(shown))
    return render_page(
        request,
        "admin/signups/lead/replies.html",
        "Replies",
        rows=shown,
        left=max(0, unhandled.count() - REPLIES_SHOWN),
        refused=[refused] if refused else [],
        status=status,
    )


@replies_view
@require_POST
def handle_reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a reply as handled."""
    handle_message(get_object_or_404(InboundMessage, pk=pk), by=staff_user(request), now=timezone.now())
    messages.success(request, "Reply handled.")
    return redirect_after_post("admin:signups_lead_replies")


@replies_view
@require_POST
def assign_reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Add the message of an unknown sender to a lead's page; 409 when nobody, or more than one, is found."""
    message, form = get_object_or_404(InboundMessage, pk=pk), AssignReplyForm(request.POST)
    leads = _find_leads(form.cleaned_data["who"]) if form.is_valid() else []
    if len(leads) != 1:
        found = "More than one lead has" if leads else "No lead has"
        return _replies_page(request, refused=f"{found} this number or email address.", status=409)
    try:
        assign_message(message, leads[0], by=staff_user(request), now=timezone.now())
    except ActionError as error:
        return _replies_page(request, refused=str(error), status=409)
    messages.success(request, f"Reply added to the page of {leads[0]}.")
    return redirect_after_post("admin:signups_lead_replies")


def _find_leads(who: str) -> list[Lead]:
    """Return up to two live leads with this email address or number."""
    try:
        if "@" in who:
            key = {"email_key": normalization.email_key(who)}
        else:
            key = {"phone_e164": phone_numbers.parse_phone(who, current_offer().phone_region).e164}
    except ValueError:
        return []
    return list(Lead.objects.live().filter(**key)[:2])


routes = [
    path("signups/lead/<int:pk>/mail/", preview_email, name="signups_lead_mail"),
    path("signups/lead/replies/", replies, name="signups_lead_replies"),
    path("signups/lead/replies/<int:pk>/handle/", handle_reply, name="signups_lead_reply_handle"),
    path("signups/lead/replies/<int:pk>/assign/", assign_reply, name="signups_lead_reply_assign"),
]
