"""The facts of the clinic that sign-ups need, provided by `settings.SIGNUPS_OFFER_PROVIDER`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from signups.scheduling.business_hours import BusinessHours
from signups.scheduling.slots import CallRules


@dataclass(frozen=True)
class ConsentDocument:
    """A text as it stands in front of somebody today: its version and its exact words."""

    version: str
    text: str


@dataclass(frozen=True)
class ClinicOffer:
    """The offer and the clinic's own facts at this moment. `states` are postal codes; none: it works everywhere.

    `documents` has one for each `ConsentPurpose`.
    """

    clinic_name: str
    clinic_phone: str  # as the clinic gives it
    mailbox: str
    postal_address: str
    phone_region: str
    time_zone: str
    states: Sequence[str]
    trial_days: int
    guarantee_days: int
    hours: BusinessHours  # when somebody answers the phone
    callback_minutes: int  # of those, until who asked for a call is called
    crisis_text: str
    calls: CallRules
    call_daily_limit: int | None  # of a host who has none of their own
    documents: Mapping[str, ConsentDocument]


def current_offer() -> ClinicOffer:
    """Raises what the provider raises when the content is not loaded."""
    terms: ClinicOffer = import_string(settings.SIGNUPS_OFFER_PROVIDER)()
    return terms
