"""What a sign-up form says about somebody whom staff knew before: it waits with the trial, and counts once confirmed.

Anybody can type an address into the form, so it changes nothing about a known lead until the owner of the address
confirms. From then on it counts for channel, number, zone and consents; where it is silent, what staff know stays.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from signups.audit.choices import ActorKind
from signups.consents.actions import grant_consent
from signups.consents.choices import OPTIONAL_CONSENTS, ConsentChannel, ConsentPurpose
from signups.leads.contact_details import update_contact_details
from signups.leads.models import Lead

from .models import Trial

PHONE = ("phone", "phone_e164", "phone_extension")
ZONE = ("time_zone", "zone_is_guessed")
PREFERENCES = ("preferred_channel", "best_time", "state")


def keep_form(trial: Trial, fields: Mapping[str, Any], agreed: Iterable[ConsentPurpose]) -> None:
    """Store what the form says with the trial that waits for confirmation, in place of an earlier form."""
    names = (*PHONE, *ZONE, *PREFERENCES)
    optional = [purpose.value for purpose in agreed if purpose in OPTIONAL_CONSENTS]
    trial.form = json.dumps({name: fields[name] for name in names if name in fields} | {"agreed": optional})
    trial.save(update_fields=["form"])


def waiting_form(trial: Trial) -> dict[str, Any]:
    """Return what waits for confirmation: fields of the lead, and `agreed`; {} when nothing does."""
    waiting: dict[str, Any] = json.loads(trial.form or "{}")
    return waiting


def apply_form(trial: Trial, lead: Lead, *, now: dt.datetime) -> None:
    """Let the waiting form count for `lead`."""
    waiting = waiting_form(trial)
    if not waiting:
        return
    changed = {name: waiting[name] for name in PREFERENCES if waiting.get(name)}
    if waiting.get("phone_e164"):
        changed |= {name: waiting[name] for name in PHONE}
    if waiting.get("time_zone") and (not waiting.get("zone_is_guessed") or lead.zone_is_guessed):
        changed |= {name: waiting[name] for name in ZONE}
    update_contact_details(lead, by=ActorKind.PATIENT, now=now, **changed)
    lead.refresh_from_db()
    for purpose in waiting["agreed"]:
        grant_consent(lead, ConsentPurpose(purpose), channel=ConsentChannel.WEB, by=ActorKind.PATIENT, now=now)
    Trial.objects.filter(pk=trial.pk).update(form=None)
