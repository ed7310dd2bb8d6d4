"""The opt-out in the foot of every message."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from signups import links
from signups.actions import consents
from signups.models import Merge
from signups.states import GONE, ActorKind, ConsentChannel

from .decorators import private_link


@csrf_exempt
@private_link
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button. POST ends our mail at once, from the button or from a mail program (RFC 8058 §3.1)."""
    lead = Merge.objects.kept(links.stopping(token))
    if request.method != "POST":
        return render(request, "signups/stop.html", {"token": token})
    if lead.status not in GONE:
        consents.stop_mail(lead, channel=ConsentChannel.EMAIL, by=ActorKind.PATIENT, now=timezone.now())
    return render(request, "signups/stopped.html")
