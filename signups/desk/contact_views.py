"""Staff pages that add a lead and correct contact details."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from signups.audit import access_log
from signups.audit.staff_users import staff_user
from signups.leads.access import can_contact_lead
from signups.leads.actions import add_lead
from signups.leads.contact_details import correct_contact_details
from signups.leads.locking import ActionError
from signups.leads.matching import likely_duplicates
from signups.leads.models import Lead
from signups.web.staff_views import lead_view, redirect_to_lead, render_page, staff_view

from .contact_forms import ContactForm, NewLeadForm


@staff_view("signups.change_lead")
def new_lead(request: HttpRequest) -> HttpResponse:
    """Add somebody who called or came in, after a look at who may be the same person."""
    form = NewLeadForm(request.POST or None)
    duplicates: list[Lead] = []
    if request.method == "POST" and form.is_valid():
        duplicates = likely_duplicates(email=form.columns()["email"], phone_e164=form.columns()["phone_e164"])
        if form.cleaned_data["another_person"] or not duplicates:
            by, columns = staff_user(request), form.columns()
            lead = add_lead(by=by, now=timezone.now(), source=form.cleaned_data["source"], **columns)
            messages.success(request, "Lead added. No consent is on file yet: record what they agreed to.")
            return redirect_to_lead(lead.pk)
    if duplicates:
        access_log.log_list_view(request, "duplicates", len(duplicates))
    status = 200 if request.method in ("GET", "HEAD") else 409 if duplicates else 422
    context = {"form": form, "duplicates": duplicates}
    return render_page(request, "admin/signups/lead/contact_form.html", "Add a lead", status=status, **context)


@lead_view("signups.change_lead", allowed=can_contact_lead)
def edit_contact(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Correct the contact details of a lead."""
    access_log.log_lead_view(request, lead)
    form = ContactForm(request.POST or None, lead=lead)
    refused = ""
    if request.method == "POST" and form.is_valid():
        try:
            correct_contact_details(lead, by=staff_user(request), now=timezone.now(), **form.columns())
        except ActionError as error:
            refused = str(error)
        else:
            messages.success(request, "Contact details saved.")
            return redirect_to_lead(lead.pk)
    status = 200 if request.method in ("GET", "HEAD") else 409 if refused else 422
    context = {"form": form, "lead": lead, "refused": refused}
    return render_page(
        request, "admin/signups/lead/contact_form.html", f"Edit contact: {lead}", status=status, **context
    )


routes = [
    path("signups/lead/new/", new_lead, name="signups_lead_new"),
    path("signups/lead/<int:pk>/contact/", edit_contact, name="signups_lead_contact"),
]
