"""Public pages that start a trial, confirm an address and join the waitlist."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from clinic.lib import normalization, us_states
from signups.consents.choices import OPTIONAL_CONSENTS
from signups.consents.policy import agrees_to
from signups.hosts.models import Host
from signups.leads import links as lead_links
from signups.leads.locking import LeadUnavailable
from signups.web import form_limits
from signups.web.decorators import post_only, rate_limited, token_view
from signups.web.responses import redirect_after_post

from .actions import confirm_email, resend_confirmation_link
from .forms import TrialForm, WaitlistForm
from .signup_form import waiting_form


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@rate_limited
def start_page(request: HttpRequest) -> HttpResponse:
    """Process the trial form; known and new addresses end at the same page."""
    form = TrialForm(
        request.POST if request.method == "POST" else None,
        source=normalization.clean_source(request.GET.get("source", "")),
    )
    if not form.is_bound:
        return render(request, "public/start.html", {"form": form})
    form_limits.count_attempt("start", request)
    is_valid = form.is_valid()
    if form.lives_elsewhere():
        return _render_elsewhere(request, form)
    if not is_valid:
        return render(request, "public/start.html", {"form": form}, status=422)
    if not form.is_replay():
        if not form_limits.may_accept("start", request, form, form.cleaned_data["email"]):
            return render(request, "public/start.html", {"form": form}, status=429)
        form.save(now=timezone.now())
    return redirect_after_post("check-your-email")


def _render_elsewhere(request: HttpRequest, form: TrialForm) -> HttpResponse:
    """Offer the waitlist, filled in with what was typed; nothing was stored."""
    known = {name: form.data.get(name, "") for name in ("name", "email", "state")}
    context = {
        "form": WaitlistForm(initial=known),
        "place": us_states.state_name(known["state"]),
        "abroad": known["state"] == us_states.OUTSIDE_US,
    }
    return render(request, "public/waitlist.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@rate_limited
def waitlist_page(request: HttpRequest) -> HttpResponse:
    """Process the waitlist form for states that the clinic does not serve."""
    form = WaitlistForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return render(request, "public/waitlist.html", {"form": form})
    form_limits.count_attempt("waitlist", request)
    if not form.is_valid():
        return render(request, "public/waitlist.html", {"form": form}, status=422)
    if not form.is_replay():
        if not form_limits.may_accept("waitlist", request, form, form.cleaned_data["email"]):
            return render(request, "public/waitlist.html", {"form": form}, status=429)
        form.save(now=timezone.now())
    return redirect_after_post("waitlist-thanks")


@require_safe
@never_cache
def waitlist_thanks(request: HttpRequest) -> HttpResponse:
    return render(request, "public/waitlist_thanks.html")


@require_safe
@never_cache
def check_your_email(request: HttpRequest) -> HttpResponse:
    return render(request, "public/check_your_email.html")


@csrf_exempt
@token_view
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_page(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for confirmation on GET, start the trial on POST: mail scanners open links."""
    try:
        lead = lead_links.lead_from_confirmation_token(token)
    except lead_links.TokenExpired:
        return render(request, "public/confirm_expired.html", {"token": token}, status=410)
    now = timezone.now()
    trial = lead.current_trial()
    if trial is None or (trial.started_at and (request.method != "POST" or not trial.day(now))):
        return render(request, "public/confirm_expired.html", {"token": token, "used": True}, status=410)
    if request.method != "POST":
        waiting = waiting_form(trial)
        purposes = {*waiting.get("agreed", ()), *(one for one in OPTIONAL_CONSENTS if agrees_to(lead, one))}
        agreed = [purpose.label for purpose in OPTIONAL_CONSENTS if purpose in purposes]
        submitted = [
            ("Name", lead.name),
            ("Phone", waiting.get("phone") or lead.phone or "None"),
            ("Optional permissions", ", ".join(agreed).capitalize() or "None"),
        ]
        return render(request, "public/confirm.html", {"token": token, "trial": trial, "told": submitted})
    trial = confirm_email(lead, now=now)
    if trial is None:  # cancelled meanwhile
        raise LeadUnavailable
    facts = [
        ("What you have", f"{trial.days}-day free trial of our care program"),
        ("What it costs", "Nothing"),
        ("What you need to do", "Nothing. It ends automatically."),
        ("If you become a paying patient", f"{trial.guarantee_days}-day money-back guarantee"),
    ]
    context = {"trial": trial, "lead": lead, "facts": facts, "my": lead_links.portal_url(lead)}
    context["calls_are_booked"] = Host.objects.active().exists()
    return render(request, "public/confirmed.html", context)


@csrf_exempt
@token_view
@post_only(back="confirm")
@rate_limited
def confirm_resend(request: HttpRequest, token: str) -> HttpResponse:
    """Send a new confirmation link to the stored address.

    Accepts an expired token.
    """
    try:
        lead = lead_links.lead_from_confirmation_token(token)
    except lead_links.TokenExpired as expired:
        lead = expired.lead
    form_limits.count_mailbox("confirm-resend", lead.email)
    resend_confirmation_link(lead, now=timezone.now())
    return redirect_after_post("check-your-email")
