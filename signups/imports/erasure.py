"""Remove a person from the uploads that are still stored."""

import datetime as dt
import json
import re
from collections.abc import Collection, Sequence

from django.db import models
from django.db.models.functions import Cast

from clinic.lib import encryption, identity
from signups.audit.choices import ActorKind

from . import row_parser
from .actions import cancel_import
from .models import ImportChunk, ImportJob

NO_DIGITS = bytes(set(range(256)) - set(b"0123456789"))
DIGITS_COMPARED = 7  # as many as `row_parser.row_mentions` needs at least


def lock_uploads() -> None:
    """Lock every import with stored cells until the transaction ends.

    Before a lead is locked: the worker locks an import first, then the leads that its rows match.
    """
    stored = ImportChunk.objects.filter(import_job=models.OuterRef("pk"), rows__isnull=False)
    jobs = ImportJob.objects.filter(models.Exists(stored) | models.Q(samples__isnull=False))
    list(jobs.order_by("pk").select_for_update().values_list("pk"))


def remove_person(addresses: Collection[str], *, now: dt.datetime) -> None:
    """Delete stored rows and samples that mention any of these e-mail addresses or E.164 numbers.

    Only what may mention them is parsed: an erasure stays quick beside the longest list. An upload that no key reads
    is deleted whole, because nobody can tell whom it names, and it can never be imported.
    """
    for pk, _, text in _decrypted(ImportChunk, "rows", now):
        if not _may_mention(text, addresses):
            continue
        rows = json.loads(text)
        removed = {number for number, cells in rows if _mentions(cells, addresses)}
        if removed:
            earlier = ImportChunk.objects.values_list("erased_rows", flat=True).get(pk=pk)
            ImportChunk.objects.filter(pk=pk).update(
                rows=[row for row in rows if row[0] not in removed], erased_rows=sorted({*earlier, *removed})
            )
    for pk, _, text in _decrypted(ImportJob, "samples", now):
        if _may_mention(text, addresses) and any(_mentions(cells, addresses) for cells in json.loads(text)):
            ImportJob.objects.filter(pk=pk).update(samples=[])


def _decrypted(model: type[models.Model], column: str, now: dt.datetime) -> list[tuple[int, int, str]]:
    """Return (key, key of the import, JSON) of every stored value of `column`; cancel imports that are unreadable."""
    job = "pk" if model is ImportJob else "import_job_id"
    stored = model._default_manager.filter(**{f"{column}__isnull": False}).order_by("pk")
    found, unreadable = [], set()
    for pk, job_id, token in stored.values_list("pk", job, Cast(column, models.TextField())):
        try:
            found.append((pk, job_id, encryption.decrypt(token)))
        except encryption.DecryptionError:
            unreadable.add(job_id)
    for upload in ImportJob.objects.filter(pk__in=unreadable).only("pk"):
        cancel_import(job=upload, by=ActorKind.SYSTEM, now=now)
    return [row for row in found if row[1] not in unreadable]


def _mentions(cells: Sequence[str], addresses: Collection[str]) -> bool:
    return any(row_parser.row_mentions(cells, address) for address in addresses)


def _may_mention(text: str, addresses: Collection[str]) -> bool:
    """Return whether `text` may mention any of `addresses`: false only if `row_mentions` is, of each of its rows."""
    dotless = text.lower().replace(".", "")
    digits = text.encode().translate(None, NO_DIGITS)
    for address in addresses:
        if "@" not in address:
            if address[-DIGITS_COMPARED:].encode() in digits:
                return True
            continue
        local, _, domain = identity.canonical_mailbox(address).replace(".", "").rpartition("@")
        rest = r"(?:\+[^\s@]{0,128})?@(?:gmail|googlemail)com" if domain == "gmailcom" else f"@{re.escape(domain)}"
        if re.search(re.escape(local) + rest, dotless):
            return True
    return False
