"""Whoever asks is erased at once: beside the longest upload that waits, and whatever row no key reads any more."""

import time

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.db import connection

from clinic.lib.encryption import EncryptedTextField
from signups.audit.choices import ActorKind
from signups.consents.suppression_models import Suppression
from signups.imports import erasure as uploads
from signups.imports import row_parser
from signups.imports.choices import ImportStatus
from signups.imports.models import ImportChunk, ImportJob
from signups.leads.choices import LeadStatus
from signups.leads.models import Lead
from signups.privacy import erasure
from tests.factories import calendars, callbacks, calls, desk, duplicates, followups, leads, messages, privacy, trials
from tests.factories.imports import ImportChunkFactory, ImportJobFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
ROWS = 50_000
MAX_SECONDS = 0.4  # of CPU; the rows parsed one by one take over a second


def waiting_upload(extra=()):
    """An upload of ROWS people in parts of a thousand, `extra` rows in the last."""
    job = ImportJobFactory(size=ROWS)
    for part in range(ROWS // 1000):
        rows = [
            (
                at,
                [
                    f"Jo Miller{at}",
                    f"jo.{part}.{at}@example.com",
                    f"(646) 73{part % 10}-{at:04}",
                    "by a friend",
                ],
            )
            for at in range(1000)
        ]
        last = list(extra) if part == ROWS // 1000 - 1 else []
        ImportChunkFactory(import_job=job, index=part, rows=rows + last, size=len(rows + last))
    return job


def stored_rows():
    return [row for part in ImportChunk.objects.all() for row in part.rows]


def test_erasing_is_quick_beside_an_upload_of_50_000_rows(clinic):
    ann = leads.LeadFactory(email="ann.lee@gmail.com", email_key="ann.lee@gmail.com", phone_e164="+12125550123")
    waiting_upload(
        [
            (5001, ["Ann", "A.n.n.Lee+list@Googlemail.com", "", ""]),
            (5002, ["Ann", "", "212.555.0123", ""]),
            (5003, ["Ann", "", "", "her number: 5 5 5 - 0 1 2 3"]),
        ]
    )
    started = time.process_time()
    erasure.erase_lead(ann, by=ActorKind.PATIENT, now=NOW)
    assert time.process_time() - started < MAX_SECONDS
    assert {row[0] for row in stored_rows()} == set(range(1000))
    assert ImportChunk.objects.order_by("-index")[0].erased_rows == [5001, 5002, 5003]
    assert Lead.objects.get(pk=ann.pk).status == LeadStatus.ERASED


ADDRESSES = ["ann.lee@gmail.com", "ann.lee@example.com", "ann+x@example.com", "+12125550123", "+442079460958"]
CELLS = [
    "ann.lee@gmail.com", "ANNLEE@googlemail.com", "Ann <a.nnlee+tag@gmail.com>", "ann.lee@example.com;",
    "annlee@example.com", "\tann+x@example.com\u00a0", "'ann+x@example.com'", "(212) 555-0123", "5550123",
    "1 212 555 0123", "+44 20 7946 0958",
    "call 555\n0123", "555.0123 now", "no one", "٥٥٥٠١٢٣", "İann.lee@example.com ann.lee@example.com",
]  # fmt: skip


def test_what_is_not_parsed_mentions_nobody(clinic):
    for cell in CELLS:
        text = ImportChunk._meta.get_field("rows").get_prep_value([[1, ["", cell, "7"]]])
        text = uploads.encryption.decrypt(text)
        for address in ADDRESSES:
            if row_parser.row_mentions(["", cell, "7"], address):
                assert uploads._may_mention(text, [address]), (cell, address)


ENCRYPTED = [
    (model, field)
    for model in apps.get_app_config("signups").get_models()
    for field in model._meta.local_fields
    if isinstance(field, EncryptedTextField)
]


def spoil(model, field):
    """Encrypt `field` of every row with a key that is gone; return whether there was any."""
    token = Fernet(Fernet.generate_key()).encrypt(b"secret").decode()
    quote = connection.ops.quote_name
    table, column = quote(model._meta.db_table), quote(field.column)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {column} IS NOT NULL", [token])
        return cursor.rowcount > 0


@pytest.fixture
def full(clinic):
    """Somebody of whom there is something of every kind, beside an upload that waits."""
    ann = trials.TrialFactory(form="{}", lead__referral_answer="a friend", requested_at=NOW, started_at=NOW).lead
    callbacks.CallbackRequestFactory(lead=ann)
    calls.OnboardingCallFactory(lead=ann)
    followups.FollowUpFactory(lead=ann)
    leads.NoteFactory(lead=ann)
    leads.NoteDraftFactory(lead=ann)
    duplicates.LeadMergeFactory(lead=ann, snapshot="{}")
    messages.InboundMessageFactory(lead=ann)
    messages.InboundMessageFactory(lead=None, sender=ann.email)
    privacy.DataExportChunkFactory(copy__lead=ann, json="{}", html="x")
    calendars.CalendarConnectionFactory()
    desk.BulkJobFactory(form={"reason": "moved away"})
    ImportChunkFactory(import_job__samples=[["jo@example.com"]])
    return ann


def test_no_unreadable_row_keeps_anybody_from_being_erased(full):
    untouched = [f"{model.__name__}.{field.name}" for model, field in ENCRYPTED if not spoil(model, field)]
    assert untouched == []
    erasure.erase_lead(Lead.objects.get(pk=full.pk), by=ActorKind.PATIENT, now=NOW)
    assert Lead.objects.get(pk=full.pk).status == LeadStatus.ERASED
    assert Suppression.objects.of(full.email).exists()
    assert ImportJob.objects.get().status == ImportStatus.DROPPED  # nobody can tell whom it names
    assert not ImportChunk.objects.filter(rows__isnull=False).exists()
