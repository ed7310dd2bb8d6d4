"""Keep what was typed in a form that arrived after its session had ended."""

import datetime as dt
import re

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from clinic.lib import encryption
from signups.callbacks.models import CallbackRequest
from signups.calls.models import OnboardingCall
from signups.leads.access import can_contact_lead
from signups.leads.drafts import add_to_draft
from signups.leads.models import Lead
from signups.ops import rate_limit
from signups.web.staff_forms import LONGEST_NOTE, typed_words

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
UNCLAIMED = "typed_words"  # in the session of nobody: address → author and encrypted words, until the author signs in
UNCLAIMED_FOR = dt.timedelta(hours=1)
MAX_UNCLAIMED = 5  # texts in one session
MAX_SESSIONS = 20  # with such texts, an hour and client


def keep_typed_words(request: HttpRequest) -> bool:
    """Keep the words in the POST of an idle session as a draft of its user; return whether there were any.

    Nothing else of the form is acted on. The form must carry its CSRF token.
    """
    text, lead = _typed(request), _lead_at(request.path_info)
    if not (text and lead and isinstance(request.user, User) and _has_csrf_token(request)):
        return False
    return _keep(lead, request.user, text)


def hold_typed_words(request: HttpRequest) -> bool:
    """Hold the words of a form that came without a session until its author signs in; return whether there were any.

    Encrypted, for UNCLAIMED_FOR, in this browser's session alone. The form names its author and carries its CSRF token.
    """
    text, author = _typed(request), request.POST.get("typed_by", "")
    if not (text and author.isdigit() and ADDRESS.search(request.path_info) and _has_csrf_token(request)):
        return False
    unclaimed = request.session.get(UNCLAIMED, {})
    if not unclaimed:
        try:
            client = rate_limit.client_key(request)
            rate_limit.hit("typed-words", client, limit=MAX_SESSIONS, per=UNCLAIMED_FOR, now=timezone.now())
        except rate_limit.RateLimitExceeded:
            return False
    key = _lead_address(request.path_info)
    earlier_author, words = unclaimed.get(key, [0, ""])
    if earlier_author == int(author) and not text.startswith(earlier := encryption.decrypt(words)):
        text = f"{earlier}\n\n{text}"[: 2 * LONGEST_NOTE]  # of another form of the page
    unclaimed = {**unclaimed, key: [int(author), encryption.encrypt(text)]}
    request.session[UNCLAIMED] = dict(list(unclaimed.items())[-MAX_UNCLAIMED:])
    return True


def give_words_back(request: HttpRequest, user: User, **kwargs: object) -> None:
    """Make a draft of the words that wait for `user`. Receiver of `user_logged_in`."""
    for address, (author, words) in request.session.pop(UNCLAIMED, {}).items():
        lead = _lead_at(address)
        if lead and author == user.pk:
            _keep(lead, user, encryption.decrypt(words))


def _typed(request: HttpRequest) -> str:
    return typed_words(request.POST)[:LONGEST_NOTE]


def _keep(lead: Lead, author: User, text: str) -> bool:
    if not can_contact_lead(author, lead):
        return False
    add_to_draft(lead, author=author, text=text, now=timezone.now())
    return True


def _lead_address(path: str) -> str:
    found = ADDRESS.search(path)
    return found[0] if found else ""


def _lead_at(path: str) -> Lead | None:
    """Return the lead that the page at `path` is about."""
    found = ADDRESS.search(path)
    if not found or (found[1] != "lead" and len(found[2]) != 36):
        return None
    return LEADS[found[1]](found[2]).first()


def _has_csrf_token(request: HttpRequest) -> bool:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    return CsrfViewMiddleware(view).process_view(request, view, (), {}) is None
