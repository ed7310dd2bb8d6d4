"""Keep the note of a form that arrived after its session had ended."""

import re

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from signups.callbacks.models import CallbackRequest
from signups.calls.models import OnboardingCall
from signups.leads.access import can_contact_lead
from signups.leads.drafts import save_draft
from signups.leads.models import Lead
from signups.web.staff_forms import LONGEST_NOTE

ADDRESS = re.compile(r"/signups/(lead|callbackrequest|onboardingcall)/([0-9a-f-]+)/", re.ASCII)
LEADS = {
    "lead": lambda key: Lead.objects.filter(pk=key) if key.isdigit() else Lead.objects.none(),
    "callbackrequest": lambda key: Lead.objects.filter(
        pk__in=CallbackRequest.objects.filter(public_id=key).values("lead")
    ),
    "onboardingcall": lambda key: Lead.objects.filter(
        pk__in=OnboardingCall.objects.filter(public_id=key).values("lead")
    ),
}


def keep_typed_note(request: HttpRequest) -> bool:
    """Keep the note in the POST of an idle session as a draft of its user; return whether there was one.

    Nothing else of the form is acted on. The form must carry its CSRF token.
    """
    text = (request.POST.get("text") or request.POST.get("note") or "")[:LONGEST_NOTE]
    found = ADDRESS.search(request.path_info)
    if not (text.strip() and found and isinstance(request.user, User) and _has_csrf_token(request)):
        return False
    kind, key = found.groups()
    lead = LEADS[kind](key).first() if kind == "lead" or len(key) == 36 else None
    if lead is None or not can_contact_lead(request.user, lead):
        return False
    save_draft(lead, author=request.user, text=text, now=timezone.now())
    return True


def _has_csrf_token(request: HttpRequest) -> bool:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    return CsrfViewMiddleware(view).process_view(request, view, (), {}) is None
