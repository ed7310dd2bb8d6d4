"""What is exported comes in again: the same people in an empty clinic."""

import csv
import datetime as dt
import io
import random

import openpyxl
import pytest
from django.db.models import QuerySet

from clinic import roles
from clinic.lib import spreadsheets
from clinic.lib.phone_numbers import parse_phone
from signups.exports.actions import HEADER, start_export
from signups.exports.choices import ExportReason
from signups.imports.actions import run_next_import_step, start_import, start_validation, upload_list
from signups.imports.headings import guess_columns
from signups.imports.models import ImportJob
from signups.leads.models import Lead
from signups.leads.tag_models import LeadTag
from tests.factories.leads import LeadFactory, TagFactory
from tests.factories.users import UserFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
PEOPLE = 1000
GIVEN = ("Ann", "José", "Ольга", "李", "علی‌پور", "=cmd()", "O’Neil", "Bob", "Zoë", "Null")
SURNAMES = ("Lee", "Peña-Ortiz", "van der Berg", "Müller", "Smith", "Нилова", "+Plus", "-Minus", "@At")
PHONES = (
    "({area}) 555-{n:04}",
    "+1{area}555{n:04}",
    "+1-{area}-555-{n:04}",
    "{area}.555.{n:04} x45",
    "+44 20 7946 {n:04}",
)
ZONES = (("CA", "America/Los_Angeles"), ("TX", "America/Chicago"), ("GU", "Pacific/Guam"), ("", "Asia/Tokyo"))


@pytest.fixture
def head(clinic):
    return UserFactory(role=roles.HEAD)


def make_people(count, owners, tags):
    rng = random.Random(4)
    for n in range(count):
        phone = "" if n % 7 == 0 else rng.choice(PHONES).format(area=rng.choice((212, 415, 808)), n=n)
        number = parse_phone(phone, "US") if phone else None
        email = f"p{n}@example.com" if n % 9 or not phone else ""
        state, zone = rng.choice(ZONES)
        status = rng.choice(("new", "contacted", "qualified", "closed"))
        lead = LeadFactory(
            name=f"{rng.choice(GIVEN)} {rng.choice(SURNAMES)} {chr(97 + n % 26) * 2}", email=email, phone=phone,
            phone_e164=number.e164 if number else "", phone_extension=number.extension if number else "",
            preferred_channel=rng.choice(("call", "text")) if phone else "email", state=state, time_zone=zone,
            zone_is_guessed=n % 3 == 0, status=status, close_reason="Moved, “far”" if status == "closed" else "",
            owner=rng.choice([None, *owners]), first_touch_source=rng.choice(("import", "fair.2026")),
            unsubscribed_at=NOW if n % 11 == 0 else None, do_not_call_at=NOW if n % 13 == 0 else None,
            no_texts_at=NOW if n % 17 == 0 else None,
            created_at=NOW - dt.timedelta(minutes=17 * n),
        )  # fmt: skip
        if n % 4 == 0:
            LeadTag.objects.create(lead=lead, tag=rng.choice(tags))


def people():
    """What is known of each person, without keys and the moments of opting out."""
    fields = (
        *("name", "email", "email_key", "phone_e164", "phone_extension", "preferred_channel", "state", "time_zone"),
        *("zone_is_guessed", "status", "close_reason", "owner", "first_touch_source", "created_at"),
    )
    tags = dict(LeadTag.objects.values_list("lead", "tag__name"))
    return {
        (*row[1:], bool(lead.unsubscribed_at), bool(lead.do_not_call_at), bool(lead.no_texts_at), tags.get(lead.pk, ""))
        for lead, row in zip(
            Lead.objects.order_by("pk"), Lead.objects.order_by("pk").values_list("pk", *fields), strict=True
        )
    }


def exported(head, kind):
    rows = start_export(Lead.objects.all(), reason=ExportReason.MOVE, kind=kind, by=head, now=NOW)
    if kind == "csv":
        return "".join(spreadsheets.stream_csv(HEADER, rows)).encode()
    with spreadsheets.write_xlsx(HEADER, rows) as file:
        return file.read()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_taken_into_an_empty_clinic_gives_the_same_people(head, kind):
    make_people(PEOPLE, [UserFactory(role=roles.COORDINATOR) for _ in range(3)], [TagFactory(), TagFactory()])
    before, content = people(), exported(head, kind)
    LeadTag.objects.all().delete()
    QuerySet(Lead).delete()
    job = upload_list(content=content, by=head, now=NOW)
    start_validation(job=job, columns=job.columns, by=head)
    run_next_import_step(lambda: NOW)
    start_import(job=job, by=head, now=NOW)
    while run_next_import_step(lambda: NOW):
        pass
    figures = ImportJob.objects.get().figures()
    assert (figures["created"], figures["noted"], figures["done"]) == (PEOPLE, 0, PEOPLE)
    assert people() == before


def test_import_knows_every_column_that_the_export_writes():
    unknown = {heading for heading, key in zip(HEADER, guess_columns(HEADER), strict=True) if not key}
    assert unknown == {"Consents", "Exported by"}


def test_phone_needs_no_apostrophe_in_csv_and_is_dialable_in_both(head):
    LeadFactory(name="A", phone="+15125550100", phone_e164="+15125550100", phone_extension="45", created_at=NOW)
    header, row = csv.reader(io.StringIO(exported(head, "csv").decode("utf-8-sig")))
    assert row[header.index("Phone")] == row[header.index("Phone (E.164)")] == "+1 512 555 0100 ext. 45"
    sheet = openpyxl.load_workbook(io.BytesIO(exported(head, "xlsx"))).active
    header, row = ([cell.value for cell in line] for line in sheet.iter_rows())
    assert (row[header.index("Phone")], row[header.index("Phone (E.164)")]) == ("+15125550100", "+15125550100;ext=45")


def test_dates_are_on_the_clinics_clock_and_real_ones_in_a_workbook(head):
    LeadFactory(created_at=dt.datetime(2026, 1, 12, 14, 14, 5, tzinfo=dt.UTC))
    header, row = csv.reader(io.StringIO(exported(head, "csv").decode("utf-8-sig")))
    assert row[header.index("Signed up")] == "2026-01-12 09:14:05"
    assert row[header.index("Exported by")].endswith("Eastern Time; all times: Eastern Time")
    sheet = openpyxl.load_workbook(io.BytesIO(exported(head, "xlsx"))).active
    header, row = sheet.iter_rows()
    cell = row[[one.value for one in header].index("Signed up")]
    assert (cell.is_date, f"{cell.value:%Y-%m-%d %H:%M}") == (True, "2026-01-12 09:14")
