"""The content room's facts in the words of the sign-up room."""

from zoneinfo import ZoneInfo

from content.evidence.markup import fill
from content.models import ClinicProfile, LegalText
from signups.scheduling.hours import Hours, by_weekday, minutes
from signups.states import Purpose
from signups.terms import Document, Terms


def current() -> Terms:
    """The clinic's terms today: four small queries."""
    profile = ClinicProfile.current()
    documents = {}
    for purpose in (Purpose.TERMS, Purpose.PRIVACY):
        text = LegalText.objects.current(purpose).first()
        if text is None:
            raise LegalText.DoesNotExist(f"There is no published text “{purpose}”: run `manage.py load_content`.")
        documents[purpose] = Document(text.version, fill(text.body, profile.placeholders))
    return Terms(
        clinic_name=profile.name,
        mailbox=profile.mailbox,
        postal_address=profile.postal_address,
        phone_region=profile.phone_region,
        time_zone=profile.time_zone,
        trial_days=profile.trial_days,
        guarantee_days=profile.guarantee_days,
        hours=_hours(profile),
        callback_minutes=profile.callback_minutes,
        crisis_text=profile.crisis_text,
        documents=documents,
    )


def _hours(profile: ClinicProfile) -> Hours:
    rows = [(row["weekday"], minutes(row["start"]), minutes(row["end"])) for row in profile.opening_hours]
    return Hours(ZoneInfo(profile.time_zone), by_weekday(rows))
