"""Book a call on behalf of a lead, for example on the phone."""

import datetime as dt

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from signups.audit import access_log
from signups.audit.staff_users import staff_user
from signups.leads import contact_details
from signups.leads.access import can_contact_lead
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.scheduling import slots
from signups.web.staff_views import lead_view, redirect_to_lead, render_page

from . import emails
from .actions import available_slots_for, book_call
from .admin import OFFERED, REFUSED, chosen_type
from .admin_forms import BookForm
from .models import OnboardingCall
from .notices import describe_notice
from .questions import answered

# This form has neither a host nor a reason to choose; the page shows the times that are free now.
REFUSED_BOOKING = {
    "slot_unavailable": "Nobody is available at that time any more. Choose another one.",
    "slot_taken": "That time was just booked. Choose another one.",
    "too_soon": "That time is too soon now. Choose another one.",
}


@lead_view("signups.change_onboardingcall", allowed=can_contact_lead)
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Show available slots and book one; 422 without a slot, 409 on BookingError."""
    now = timezone.now()
    types, call_type = chosen_type(request)
    form = BookForm(request.POST if request.method == "POST" else None, lead=lead, call_type=call_type)
    status, errors = (422 if form.is_bound else 200), [str(one) for found in form.errors.values() for one in found]
    if form.is_valid():
        try:
            call = _book(lead, form, by=staff_user(request), now=now)
        except slots.BookingError as error:
            status, errors = 409, [REFUSED_BOOKING.get(error.code, REFUSED[error.code])]
        except ActionError as error:
            status, errors = 409, [str(error)]
        else:
            messages.success(request, describe_notice(emails.CALL_BOOKED, "Call booked.", call))
            return redirect_to_lead(lead.pk)
    access_log.log_lead_view(request, lead)
    free = [slot.start for slot in available_slots_for(now=now, begin=now, end=now + OFFERED, call_type=call_type)]
    chosen = form.cleaned_data.get("start") if form.is_bound else None
    return render_page(
        request,
        "admin/signups/lead/book.html",
        f"Book a call with {lead}",
        status=status,
        lead=lead,
        errors=errors,
        form=form,
        call_type=call_type,
        other_types=[one for one in types if one != call_type],
        free=slots.by_day(free, timezone.get_current_timezone()),
        chosen=chosen,
        must_choose=form.is_bound and chosen not in free,
    )


@transaction.atomic
def _book(lead: Lead, form: BookForm, *, by: User, now: dt.datetime) -> OnboardingCall:
    """Save a submitted number and book, or neither. Raises as `book_call` does."""
    if "phone" in form.cleaned_data:
        number = {name: form.cleaned_data[name] for name in ("phone", "phone_e164", "phone_extension")}
        contact_details.state_number(lead, by=by, now=now, **number)
    booking = {"start": form.cleaned_data["start"], "call_type": form.call_type, "answers": answered(form)}
    return book_call(lead=lead, **booking, by=by, now=now)


routes = [path("signups/lead/<int:pk>/book/", book, name="signups_lead_book")]
