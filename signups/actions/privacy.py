"""What somebody may do with everything we hold about them: take it along, or have it erased.

Both walk every table of this room that leads to a `lead`; each says in `PERSONAL` what of a row is about the person,
and what stands there after erasure. A copy made for taking along is deleted, and whom they were told apart from.
"""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import F

from signups import links, normalise
from signups.leads.emails import MY_LINK, my_link
from signups.messages import kinds
from signups.messages.choices import MessageStatus
from signups.messages.outbox import under_hourly_limit
from signups.models import CopyPart, DataCopy, Lead, OutboxMessage, Suppression, TwoPeople
from signups.models.suppressions import digest
from signups.privacy.emails import erasure_receipt
from signups.states import LeadStatus, Verb

from . import callbacks, calls, events, imports, trials
from .held import locked


@transaction.atomic
def erase(lead: Lead, *, by: events.Actor, now: dt.datetime, asked: bool = True) -> None:
    """Everything personal is gone at once, for good; what happened and when stays. Again, it changes nothing.

    Where they `asked` for it, we neither write to nor call any address of theirs any more, and a confirmed one gets a
    receipt, whose row forgets it in turn (`privacy/emails.py`).
    """
    list(lead.calls.select_for_update().order_by("pk"))  # calls before people, as who moves a call locks them
    lead = Lead.objects.select_for_update().get(pk=lead.pk)
    if lead.status == LeadStatus.ERASED:
        return
    known = _addresses(lead)
    if asked:
        for address in known:
            Suppression.objects.get_or_create(digest=digest(address), defaults={"at": now})
    imports.forget(known)
    receipt = asked and lead.has_confirmed()
    _end_all(lead, by=by, now=now)
    forget_copy(lead)
    TwoPeople.objects.of(lead).delete()
    for model, path in paths():
        # A plain QuerySet: erasure alone may change a record that is otherwise only added to.
        rows: models.QuerySet[Any] = models.QuerySet(model).filter(**{path: lead})
        if model is OutboxMessage:  # what must still be sent is blanked after that (`messages/delivery.py`)
            rows = rows.exclude(status=MessageStatus.PENDING)
        if personal := model.PERSONAL:  # type: ignore[attr-defined]
            rows.update(**personal)
    Lead.objects.filter(pk=lead.pk).update(**Lead.PERSONAL, status=LeadStatus.ERASED)
    events.record(lead, Verb.ERASED, by=by, now=now)
    if receipt:
        erasure_receipt(lead, now=now)


def _addresses(lead: Lead) -> set[str]:
    """The addresses, and the numbers in E.164, of theirs that stand anywhere: also of who was merged into them."""
    numbers = lead.callbacks.values_list("phone_e164", flat=True)
    merges = lead.merges.filter(content__isnull=False).values_list("content", flat=True)
    former = [json.loads(content or "{}")[one] for content in merges for one in ("lead", "other")]
    told = {values[name] for values in former for name in ("email", "phone_e164")}
    return {lead.email, lead.phone_e164, *numbers, *told} - {""}


def _end_all(lead: Lead, *, by: events.Actor, now: dt.datetime) -> None:
    """Nothing that runs for this person runs on, and nothing that waits for them is sent."""
    lead.trials.open().update(cancelled_at=now)
    callbacks.cancel(lead, now=now)
    for call in lead.calls.upcoming(now):
        calls.cancel(call=call, by=by, now=now)
    lead.messages.pending().exclude(kind__in=kinds.surviving_erasure()).update(status=MessageStatus.CANCELLED)


def forget_copy(lead: Lead) -> None:
    """Deletes the copy made or being made for `lead`. (Its lock first: the worker may be planning its parts.)"""
    for copy in DataCopy.objects.select_for_update().filter(lead=lead):
        copy.delete()


@transaction.atomic
def replace_link(lead: Lead, *, by: events.Actor, now: dt.datetime) -> None:
    """Every link to this person's page stops working, and a new one goes to their address. Raises Gone."""
    lead = locked(lead)
    theirs = [lead.pk, *lead.merges.filter(undone_at=None).values_list("other", flat=True)]
    Lead.objects.filter(pk__in=theirs).update(link_version=F("link_version") + 1)
    lead.link_version += 1
    events.record(lead, Verb.LINK_REPLACED, by=by, now=now)
    my_link(lead, now=now)


@transaction.atomic
def send_link(email: str, *, now: dt.datetime) -> None:
    """Somebody lost their link: it goes to this address, if we know it to be theirs; else nothing stays of it.

    A trial that waits for its first confirmation gets that link instead. For an address that gets none, the same work
    is done and undone: how long the answer takes tells nothing either.
    """
    found = Lead.objects.live().select_for_update().filter(email_key=normalise.email_key(email)).first()
    lead = found or Lead(pk=0)
    confirmed, allowed = lead.has_confirmed(), under_hourly_limit(lead, MY_LINK, now=now)
    if found and not confirmed and lead.current_trial():
        trials.send_new_link(lead, now=now)
        return
    with transaction.atomic():
        my_link(lead, now=now)
        transaction.set_rollback(not (confirmed and allowed))


@transaction.atomic
def take_along(lead: Lead, *, by: events.Actor, now: dt.datetime) -> dict[str, Any]:
    """What `export` says, and the event that it was taken."""
    events.record(lead, Verb.DOWNLOADED, by=by, now=now)
    return export(lead)


def export(lead: Lead) -> dict[str, Any]:
    """Table → its rows about `lead`, oldest first, as what JSON can hold; `lead` itself is one row."""
    held: dict[str, Any] = {"lead": row_in_words(lead)}
    for model, _ in paths():
        held[title(model)] = [row_in_words(row) for row in rows_about(lead, model)]
    return held


def title(model: type[models.Model]) -> str:
    """What the table is called in what people take along."""
    return "lead" if model is Lead else str(model._meta.verbose_name_plural)


def rows_about(lead: Lead, model: type[models.Model]) -> models.QuerySet[Any]:
    """Those of one table that `paths` names, oldest first."""
    path = dict(paths())[model]
    ours = [field for field in model._meta.concrete_fields if _is_ours(field) and field.name != "lead"]
    # (and the lead of each, for its name in `row_in_words`)
    named = [f"{field.name}__{_path(field.related_model)}".removesuffix("__") for field in ours]
    rows = model._default_manager.filter(**{path: lead}).select_related(path, *named)
    return rows.order_by("created_at" if model is OutboxMessage else "pk")  # (a message's key is random)


def tables() -> Iterator[type[models.Model]]:
    """Every model of this room with a `lead`, whose rows are one person's."""
    return (model for model, path in paths() if path == "lead")


def paths() -> Iterator[tuple[type[models.Model], str]]:
    """Every model of this room that is about a lead, and the lookup from it to that lead; the copies aside."""
    for model in apps.get_app_config("signups").get_models():
        if model not in (Lead, DataCopy, CopyPart) and (path := _path(model)):
            yield model, path


def _path(model: Any) -> str:
    links_up = {field.name: field.related_model for field in model._meta.concrete_fields if _is_ours(field)}
    if links_up.get("lead") is Lead:
        return "lead"
    above = ((name, _path(parent)) for name, parent in links_up.items() if parent not in (model, Lead))
    return next((f"{name}__{path}" for name, path in above if path), "")


def _is_ours(field: Any) -> bool:
    return isinstance(field, models.ForeignKey) and field.remote_field.model._meta.app_label == "signups"


def row_in_words(row: models.Model) -> dict[str, Any]:
    """Every column but keys, leases and staff: what it is called → what it says, in a word people use."""
    told = {}
    for field in row._meta.concrete_fields:
        if field.primary_key or field.generated or field.name in ("lead", "lease_token", "lease_expires_at"):
            continue
        if isinstance(field, models.ForeignKey) and not _is_ours(field):
            continue
        value = getattr(row, field.name)
        if field.choices:
            value = getattr(row, f"get_{field.name}_display")()
        elif isinstance(value, dt.datetime):
            value = value.isoformat()
        elif not isinstance(value, bool | int | float | dict | list | None):
            value = links.redact(str(value))
        told[str(field.verbose_name)] = value
    return told
