"""Book a call on behalf of a lead, for example on the phone."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from signups.audit import access_log
from signups.audit.staff_users import staff_user
from signups.leads.models import Lead
from signups.scheduling import slots
from signups.web.staff_views import lead_view, redirect_to_lead, render_page

from .actions import available_slots_for, book_call
from .admin import OFFERED, REFUSED
from .admin_forms import BookForm


@lead_view("signups.change_onboardingcall")
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Show available slots and book one; 422 without a slot, 409 on BookingError."""
    now = timezone.now()
    form = BookForm(request.POST if request.method == "POST" else None)
    status, errors = (422 if form.is_bound else 200), [str(error) for error in form.errors.get("start", [])]
    if form.is_valid():
        try:
            book_call(lead=lead, start=form.cleaned_data["start"], by=staff_user(request), now=now)
        except slots.BookingError as error:
            status, errors = 409, [REFUSED[error.code]]
        else:
            messages.success(request, "The call is booked, and they are told.")
            return redirect_to_lead(lead.pk)
    access_log.log_lead_view(request, lead)
    free = available_slots_for(now=now, begin=now, end=now + OFFERED)
    return render_page(
        request,
        "admin/signups/lead/book.html",
        f"Book a call with {lead}",
        status=status,
        lead=lead,
        errors=errors,
        free=slots.by_day([slot.start for slot in free], timezone.get_current_timezone()),
    )


routes = [path("signups/lead/<int:pk>/book/", book, name="signups_lead_book")]
