"""What patients change, take along and erase, from their own page."""

import datetime as dt

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from signups import archive, throttle
from signups.actions import copies, privacy
from signups.encryption import Unreadable
from signups.forms.my import ChoicesForm, DetailsForm
from signups.models import DataCopy, Lead
from signups.states import ActorKind
from signups.web.responses import redirect_after_post

from .decorators import patient_page, throttled


@patient_page
@require_http_methods(["GET", "HEAD", "POST"])
def details(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Name, number, channel, best time and zone."""
    return _form(request, DetailsForm(_posted(request), lead=lead), token, "signups/my/details.html")


@patient_page
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Every free agreement, and our reminders: on and off."""
    return _form(request, ChoicesForm(_posted(request), lead=lead), token, "signups/my/choices.html")


def _posted(request: HttpRequest) -> QueryDict | None:
    """What was sent: a form whose boxes are all unticked sends nothing, and means it."""
    return request.POST if request.method == "POST" else None


def _form(request: HttpRequest, form: DetailsForm | ChoicesForm, token: str, template: str) -> HttpResponse:
    if form.is_bound and form.is_valid():
        form.save(now=timezone.now())
        return redirect_after_post("my", token)
    return render(request, template, {"form": form, "token": token}, status=422 if form.is_bound else 200)


@patient_page
@require_http_methods(["GET", "HEAD", "POST"])
@throttled
def link(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """“Somebody else has my link”: POST ends every link and mails a new one."""
    if request.method != "POST":
        return render(request, "signups/my/link.html", {"token": token})
    now = timezone.now()
    throttle.check("link", str(lead.pk), limit=3, per=dt.timedelta(hours=1), now=now)
    privacy.replace_link(lead, by=ActorKind.PATIENT, now=now)
    return render(request, "signups/my/link_sent.html")


@patient_page
@require_POST
def export(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """All we hold, as JSON and as a page to read, in a zip made for this answer and kept nowhere.

    Where there is much of it, the worker makes it: then this asks for it, and later answers with what was made.
    """
    now, by = timezone.now(), ActorKind.PATIENT
    copy = DataCopy.objects.kept(now).filter(lead=lead).first()
    if copy and copies.is_ready(copy):
        try:
            return _zip(copies.take(copy, by=by, now=now))
        except Unreadable:
            copies.fail(copy, now=now)
            return _back_to_copy(token)
    if copy or copies.is_large(lead):
        copies.ask(lead, by=by, now=now)
        return _back_to_copy(token)
    return _zip(archive.packed_at_once(privacy.take_along(lead, by=by, now=now)))


@patient_page
@require_POST
def export_anew(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """What was made some days ago is made again, as of today."""
    copies.ask(lead, by=ActorKind.PATIENT, now=timezone.now())
    return _back_to_copy(token)


def _zip(file: bytes) -> HttpResponse:
    headers = {"Content-Disposition": 'attachment; filename="my-data.zip"'}
    return HttpResponse(file, content_type="application/zip", headers=headers)


def _back_to_copy(token: str) -> HttpResponse:
    response = redirect_after_post("my", token)
    response["Location"] += "#take-along"
    return response


@patient_page
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """GET says what goes and what stays; POST erases at once and for good."""
    if request.method != "POST":
        owed = lead.trials.refund_owed().exists()
        return render(request, "signups/my/erase.html", {"token": token, "refund_owed": owed})
    privacy.erase(lead, by=ActorKind.PATIENT, now=timezone.now())
    return render(request, "signups/my/erased.html")
