"""The clinic's business hours and states as a form, for the Head; a second person confirms what is proposed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from clinic.lib.us_states import STATES
from content.actions.profile import propose_change
from content.models.profile import ClinicProfile
from content.validators import validate_opening_hours
from signups.audit.staff_users import staff_user
from signups.hosts.forms import WEEKDAYS, HoursField
from signups.scheduling.business_hours import format_time, parse_time
from signups.web.responses import redirect_after_post
from signups.web.staff_views import render_page, staff_view


class ClinicHoursForm(forms.Form):
    """Weekly hours, a field for each day, and the states the clinic is licensed in; cleans to the profile's columns."""

    monday = HoursField(help_text="For example 9:00–12:00, 13:00–17:00. Leave a day blank when you’re closed.")
    tuesday = HoursField(help_text="")
    wednesday = HoursField(help_text="")
    thursday = HoursField(help_text="")
    friday = HoursField(help_text="")
    saturday = HoursField(help_text="")
    sunday = HoursField(help_text="")
    licensed_states = forms.MultipleChoiceField(
        required=False,
        choices=[*STATES.items()],
        widget=forms.CheckboxSelectMultiple,
        label="States where you’re licensed",
        help_text="Nobody from another state can start a trial. While none is selected, sign-ups from every state are "
        "accepted.",
    )

    def __init__(self, *args: Any, profile: ClinicProfile, **kwargs: Any) -> None:
        self.profile = profile
        week: dict[str, list[list[int]]] = {name: [] for name in WEEKDAYS}
        for row in profile.opening_hours:
            week[WEEKDAYS[row["weekday"]]].append([parse_time(row["start"]), parse_time(row["end"])])
        kwargs["initial"] = {**week, "licensed_states": profile.states}
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            data["opening_hours"] = [
                {"weekday": weekday, "start": format_time(start), "end": format_time(end)}
                for weekday, name in enumerate(WEEKDAYS)
                for start, end in data[name]
            ]
            for row in data["opening_hours"]:
                try:
                    validate_opening_hours([row])
                except forms.ValidationError:
                    self.add_error(WEEKDAYS[row["weekday"]], "Each end must be later than its start, on the same day.")
        return data

    def changes(self) -> dict[str, Any]:
        """Return the columns that differ from the profile."""
        entered = {name: self.cleaned_data[key] for name, key in COLUMNS.items()}
        return {name: value for name, value in entered.items() if value != getattr(self.profile, name)}


COLUMNS = {"opening_hours": "opening_hours", "states": "licensed_states"}


@staff_view("content.confirm_clinicprofile")
@require_http_methods(["GET", "HEAD", "POST"])
def clinic_hours(request: HttpRequest) -> HttpResponse:
    """Propose other business hours or states; readers see them once somebody else confirms."""
    is_sent = request.method == "POST"
    form = ClinicHoursForm(request.POST if is_sent else None, profile=ClinicProfile.current())
    if not form.is_valid():
        status = 422 if is_sent else 200
        return render_page(request, "admin/clinic_hours.html", "Business hours and states", form=form, status=status)
    if changes := form.changes():
        propose_change(changes, by=staff_user(request), now=timezone.now())
        messages.warning(request, "Saved as a proposal. It takes effect once somebody else confirms it.")
    else:
        messages.info(request, "Nothing was changed.")
    return redirect_after_post("admin:content_clinicprofile_change", 1)


routes = [path("clinic-hours/", clinic_hours, name="content_clinicprofile_hours")]
