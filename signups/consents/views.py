"""The unsubscribe page linked in the footer of every message."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from signups.audit.choices import ActorKind
from signups.leads import links as lead_links
from signups.leads.choices import TERMINAL_STATUSES
from signups.leads.merge_models import LeadMerge
from signups.web.decorators import token_view

from .actions import unsubscribe
from .choices import ConsentChannel


@csrf_exempt
@token_view
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """GET renders a button. POST unsubscribes at once.

    A mail program may POST on its own: one-click unsubscribe (RFC 8058 §3.1).
    """
    lead = LeadMerge.objects.kept(lead_links.lead_from_unsubscribe_token(token))
    if request.method != "POST":
        return render(request, "public/unsubscribe.html", {"token": token})
    if lead.status not in TERMINAL_STATUSES:
        unsubscribe(lead, channel=ConsentChannel.EMAIL, by=ActorKind.PATIENT, now=timezone.now())
    return render(request, "public/unsubscribed.html")
