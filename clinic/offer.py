"""Adapter: build `signups.offer.ClinicOffer` from the content."""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from clinic.lib.normalization import single_line
from content.models.content_version import ContentVersion
from content.models.profile import ClinicProfile
from content.models.texts import LegalText
from content.snapshots import filled_body
from signups.consents.choices import ConsentPurpose
from signups.offer import ClinicOffer, ConsentDocument
from signups.scheduling.business_hours import BusinessHours, by_weekday, parse_time
from signups.scheduling.slots import CallRules

_asked: ContextVar[list[ClinicOffer] | None] = ContextVar("offers of this request", default=None)


def load_offer() -> ClinicOffer:
    """Return today's offer, the same throughout a request. Costs one query while the content version is unchanged."""
    asked = _asked.get()
    if asked:
        return asked[0]
    offer = _offer_from_profile(ContentVersion.current_token(), timezone.localdate())
    if asked is not None:
        asked.append(offer)
    return offer


def one_offer_per_request(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: what a public form shows, checks and stores is the same offer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(reverse("admin:index")):  # whose requests change it
            return get_response(request)
        token = _asked.set([])
        try:
            return get_response(request)
        finally:
            _asked.reset(token)

    return middleware


@lru_cache(maxsize=4)
def _offer_from_profile(content_version: str | None, today: date) -> ClinicOffer:
    """Build the offer with two queries, cached by content version and day.

    The rows are at least as new as the version.

    Raises `LegalText.DoesNotExist` when a consent purpose has no published text.
    """
    profile = ClinicProfile.current()
    oldest_first = LegalText.objects.published().filter(kind__in=ConsentPurpose.values).order_by("effective_from", "pk")
    documents: dict[str, ConsentDocument] = {
        ConsentPurpose(text.kind): ConsentDocument(text.version, filled_body(text, clinic=profile))
        for text in oldest_first.select_related("snapshot")
    }
    for purpose in ConsentPurpose:
        if purpose not in documents:
            raise LegalText.DoesNotExist(f"There is no published text “{purpose}”: run `manage.py load_content`.")
    return ClinicOffer(
        clinic_name=single_line(profile.name),
        clinic_phone=profile.phone,
        mailbox=profile.mailbox,
        postal_address=profile.postal_address,
        phone_region=profile.phone_region,
        time_zone=profile.time_zone,
        states=tuple(profile.states),
        trial_days=profile.trial_days,
        guarantee_days=profile.guarantee_days,
        hours=_hours(profile),
        callback_minutes=profile.callback_minutes,
        crisis_text=profile.crisis_text,
        calls=_calls(profile),
        call_daily_limit=profile.call_daily_limit,
        documents=documents,
    )


def _hours(profile: ClinicProfile) -> BusinessHours:
    rows = [(row["weekday"], parse_time(row["start"]), parse_time(row["end"])) for row in profile.opening_hours]
    return BusinessHours(ZoneInfo(profile.time_zone), by_weekday(rows))


def _calls(profile: ClinicProfile) -> CallRules:
    return CallRules(
        length=timedelta(minutes=profile.call_minutes),
        step=timedelta(minutes=profile.call_step_minutes),
        before=timedelta(minutes=profile.call_minutes_before),
        after=timedelta(minutes=profile.call_minutes_after),
        notice=timedelta(minutes=profile.call_notice_minutes),
        horizon_days=profile.call_horizon_days,
    )
