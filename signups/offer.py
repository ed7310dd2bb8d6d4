"""Facts of the clinic that signups need (`settings.SIGNUPS_OFFER_PROVIDER`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from signups.scheduling.business_hours import BusinessHours
from signups.scheduling.slots import CallRules


@dataclass(frozen=True)
class ConsentDocument:
    """The current version and exact wording of a consent."""

    version: str
    text: str


@dataclass(frozen=True)
class ClinicOffer:
    """The current offer and facts of the clinic.

    `states` are postal codes; empty means that the clinic serves every state. `documents` has one entry for each
    `ConsentPurpose`.
    """

    clinic_name: str
    clinic_phone: str  # as displayed
    mailbox: str
    postal_address: str
    phone_region: str
    time_zone: str
    states: Sequence[str]
    trial_days: int
    guarantee_days: int
    hours: BusinessHours  # when the phone is staffed
    callback_minutes: int  # business minutes from a callback request to the promised call
    crisis_text: str
    calls: CallRules
    call_daily_limit: int | None  # default for hosts without a limit of their own
    documents: Mapping[str, ConsentDocument]


def current_offer() -> ClinicOffer:
    """Return the current offer.

    Raises the errors of the provider, for example when the content is not loaded.
    """
    offer: ClinicOffer = import_string(settings.SIGNUPS_OFFER_PROVIDER)()
    return offer
