"""Portal pages for contact details, consents, data export and erasure."""

import datetime as dt

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from clinic.lib.encryption import DecryptionError
from signups.audit.choices import ActorKind
from signups.leads.models import Lead
from signups.messages import portal_links
from signups.ops import rate_limit
from signups.web import form_limits
from signups.web.decorators import never_refused, portal_view, post_only, rate_limited
from signups.web.done import redirect_done

from . import erasure, export_archive, export_jobs, personal_data
from .forms import ConsentChoicesForm, DetailsForm
from .models import DataExportJob


@portal_view
@require_http_methods(["GET", "HEAD", "POST"])
def details_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Edit name, phone, channel, best time and time zone."""
    return _form(request, DetailsForm(_handle_post(request), lead=lead), token, "details")


@portal_view
@never_refused
@require_http_methods(["GET", "HEAD", "POST"])
def consents_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Grant or revoke the optional consents and the reminders."""
    form = ConsentChoicesForm(_handle_post(request), lead=lead)
    if form.is_bound and form.is_valid() and form.gives_anything():
        form_limits.count_link_use(lead)
    return _form(request, form, token, "permissions")


def _handle_post(request: HttpRequest) -> QueryDict | None:
    """Return the POST data, also when empty; None for other methods.

    A form whose boxes are all unticked posts nothing, and must be bound all the same.
    """
    return request.POST if request.method == "POST" else None


def _form(request: HttpRequest, form: DetailsForm | ConsentChoicesForm, token: str, done: str) -> HttpResponse:
    if form.is_bound and form.is_valid():
        form.save(now=timezone.now())
        return redirect_done("portal:home", token, done)
    template = {"details": "portal/details.html", "permissions": "portal/consents.html"}[done]
    return render(request, template, {"form": form, "token": token}, status=422 if form.is_bound else 200)


@portal_view
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited
def rotate_link_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Rotate the portal token on POST, and send the new link by e-mail."""
    if request.method != "POST":
        return render(request, "portal/link.html", {"token": token})
    now = timezone.now()
    rate_limit.hit("link", str(lead.pk), limit=3, per=dt.timedelta(hours=1), now=now)
    portal_links.rotate_portal_link(lead, by=ActorKind.PATIENT, now=now)
    return render(request, "portal/link_sent.html")


@portal_view
@post_only(back="portal:home")
def export_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Send the data export as a zip, made in memory.

    Above INLINE_ROW_LIMIT rows, request an export job, and send its file once it is ready.
    """
    now, by = timezone.now(), ActorKind.PATIENT
    copy = DataExportJob.objects.kept(now).filter(lead=lead).first()
    if copy and export_jobs.export_is_ready(copy):
        try:
            return _zip(export_jobs.download_export(copy, by=by, now=now))
        except DecryptionError:
            export_jobs.mark_export_failed(copy, now=now)
            return _redirect_to_export(token)
    if copy or export_jobs.needs_background_job(lead):
        export_jobs.request_export(lead, by=by, now=now)
        return _redirect_to_export(token)
    return _zip(export_archive.build_zip_at_once(personal_data.download_my_data(lead, by=by, now=now)))


@portal_view
@post_only(back="portal:home")
def export_restart(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Request a new data export, as of today."""
    export_jobs.request_export(lead, by=ActorKind.PATIENT, now=timezone.now())
    return _redirect_to_export(token)


def _zip(file: bytes) -> HttpResponse:
    headers = {"Content-Disposition": 'attachment; filename="my-data.zip"'}
    return HttpResponse(file, content_type="application/zip", headers=headers)


def _redirect_to_export(token: str) -> HttpResponse:
    return redirect_done("portal:home", token, "export", fragment="download")


@portal_view
@never_refused
@require_http_methods(["GET", "HEAD", "POST"])
def erase_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Explain the erasure on GET, erase permanently on POST."""
    if request.method != "POST":
        owed = lead.trials.refund_owed().exists()
        return render(request, "portal/erase.html", {"token": token, "refund_owed": owed})
    erasure.erase_lead(lead, by=ActorKind.PATIENT, now=timezone.now())
    return render(request, "portal/erased.html")
