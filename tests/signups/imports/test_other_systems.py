"""Files of other systems, with headings, shapes and opt-outs of their own: everybody in them comes out, as they are.

Pure: what a file says, before anything is matched or stored.
"""

import csv
import datetime as dt
import io
import quopri

import pytest

from signups.imports import headings
from signups.imports.file_reader import read_table
from signups.imports.row_parser import Defaults, parse_row, row_values
from tests.signups.conftest import NOW

PEOPLE = [
    ("Maya", "Okafor", "maya@x.example", "5122345501", "TX"),
    ("Zoë", "Müller", "zoe@x.example", "3032345502", "CO"),
    ("José", "García López", "jose@x.example", "3052345503", "FL"),
]
OPTED_OUT = {"zoe@x.example"}
COLUMNS = {"unsubscribed_at": "email", "do_not_call_at": "calls", "no_texts_at": "texts"}


def table(header, row, separator=",", above="", encoding="utf-8", newline="\r\n", below=""):
    """A file with a row for each of PEOPLE: `row` gets the person and whether they opted out."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=newline)
    writer.writerows([header.split("|"), *(row(*person, person[2] in OPTED_OUT) for person in PEOPLE)])
    return (above + text.getvalue() + below).encode(encoding)


def card(version, body):
    lines = [
        f"BEGIN:VCARD\r\nVERSION:{version}\r\n{body(*person, person[2] in OPTED_OUT)}\r\nEND:VCARD" for person in PEOPLE
    ]
    return "\r\n".join(lines).encode()


def quoted(text):
    return quopri.encodestring(text.encode()).decode()


def read(content):
    """Return the people by address, how many rows were rejected, and whether somebody is asked about an opt-out."""
    found = read_table(content)
    cells = [row for _, row in found.rows]
    columns = headings.guess_columns(found.header, cells)
    asked = any(
        headings.looks_like_opt_out(name, [row[at] for row in cells if row[at]]) and not columns[at]
        for at, name in enumerate(found.header)
    )
    people, rejected = {}, 0
    for row in cells:
        try:
            fields = parse_row(row_values(row, columns), Defaults("US", "America/New_York", NOW)).fields
        except ValueError:
            rejected += 1
        else:
            people[fields["email_key"]] = fields
    return people, rejected, asked


REPORT_FOOT = "\r\nGrand Totals (3 records)\r\n\r\nCopyright (c) 2000-2026 salesforce.com, inc.\r\n"
FILES = {
    "Salesforce, weekly export": (
        table(
            "Id|LastName|FirstName|Phone|MobilePhone|Email|HasOptedOutOfEmail|DoNotCall|State",
            lambda f, n, m, p, s, out: ["00Q", n, f, "", p, m, int(out), 0, s],
        ),
        {"email"}, 0, True,
    ),
    "Salesforce, person accounts with a foot": (
        table(
            "Account: Account Name|Account: Person Account: Email|Account: Phone|Person Account: Email Opt Out",
            lambda f, n, m, p, s, out: [f"{f} {n}", m, f"({p[:3]}) {p[3:6]}-{p[6:]}", int(out)],
            below=REPORT_FOOT,
        ),
        {"email"}, 2, False,
    ),
    "HubSpot in Spanish": (
        table(
            "ID de registro|Nombre|Apellidos|Correo|Número de teléfono|Darse de baja de todos los correos",
            lambda f, n, m, p, s, out: [7, f, n, m, p, "verdadero" if out else ""],
        ),
        {"email"}, 0, False,
    ),
    "Facebook lead ads": (
        table(
            "id|created_time|full_name|email|phone_number|state|i_agree_to_receive_text_messages",
            lambda f, n, m, p, s, out: [
                "l:1", "2026-01-12T09:14:00-06:00", f"{f} {n}", m, f"p:+1{p}", s, "no" if out else "yes",
            ],
            separator="\t", encoding="utf-16",
        ),
        {"texts"}, 0, True,
    ),
    "Jane": (
        table(
            "First Name|Last Name|Email|Mobile Phone|Province|Marketing Emails|Appointment Reminders by Text",
            lambda f, n, m, p, s, out: [f, n, m, p, s, "No" if out else "Yes", "Yes"],
        ),
        {"email"}, 0, True,
    ),
    "Klaviyo": (
        table(
            "Email|First Name|Last Name|Phone Number|Email Marketing Consent",
            lambda f, n, m, p, s, out: [m, f, n, f"'+1{p}", "UNSUBSCRIBED" if out else "SUBSCRIBED"],
        ),
        {"email"}, 0, False,
    ),
    "sep line, titles, CR and Windows-1252": (
        table(
            "Name|Email|Phone|Email status",
            lambda f, n, m, p, s, out: [f"{f} {n}", m, p, "Bounced/Unsubscribed" if out else "Active"],
            separator=";", above="sep=;\rOur contacts;2026\r\r", newline="\r", encoding="cp1252",
        ),
        {"email"}, 0, False,
    ),
    "doubled headings and numbers as decimals": (
        table(
            "Name|Email|Email|Phone|Unsubscribed|Unsubscribed",
            lambda f, n, m, p, s, out: [f"{f} {n}", "", m, f"1{p}.0", "", "1.0" if out else "0.0"],
        ),
        {"email"}, 0, False,
    ),
    "number under an unusual heading, total below": (
        table(
            "Patient|Best number|E-Mail:|Can contact",
            lambda f, n, m, p, s, out: [f"{f} {n}", p, m, "false" if out else "true"],
            below="Total,3,,\r\n",
        ),
        {"email", "calls", "texts"}, 1, False,
    ),
    "days since 1899": (
        table(
            "Name|Email|Phone|Created|Unsubscribe Date",
            lambda f, n, m, p, s, out: [f"{f} {n}", m, p, "46034", "46034.5" if out else ""],
        ),
        {"email"}, 0, False,
    ),
    "vCard 2.1, quoted-printable": (
        card(
            "2.1",
            lambda f, n, m, p, s, out: f"N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{quoted(f'{n};{f};;;')}\r\n"
            f"TEL;HOME;FAX:2122349999\r\nTEL;CELL:{p}\r\nEMAIL;HOME:{m}",
        ),
        None, 0, False,
    ),
    "vCard 3, Apple": (
        card(
            "3.0",
            lambda f, n, m, p, s, out: f"N:{n};{f};;;\r\nitem1.EMAIL;type=INTERNET:{m}\r\n"
            f"TEL;type=CELL;type=pref:{p}\r\n"
            f"item2.ADR;type=HOME:;;1 Elm\\, Apt 2;Austin;{s};78701;USA\r\nPHOTO;ENCODING=b:/9j/\r\n 4AAQ",
        ),
        None, 0, True,
    ),
    "vCard 4": (
        card(
            "4.0",
            lambda f, n, m, p, s, out: f"FN:{f}\r\n  {n}\r\n"
            f"TEL;VALUE=uri;TYPE=\"voice,cell\":tel:+1-{p[:3]}-{p[3:6]}-{p[6:]}\r\n"
            f"EMAIL;PREF=1:{m}",
        ),
        None, 0, False,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "channels", "rejected", "states"), FILES.values(), ids=FILES)
def test_everybody_in_a_file_of_another_system_comes_out(content, channels, rejected, states):
    people, refused, asked = read(content)
    assert refused == rejected
    assert not asked
    for first, last, email, phone, state in PEOPLE:
        fields = people[email]
        assert (fields["name"], fields["phone_e164"]) == (f"{first} {last}", f"+1{phone}")
        assert not states or fields["state"] == state
        stopped = {channel for column, channel in COLUMNS.items() if fields[column]}
        assert stopped == (channels if email in OPTED_OUT and channels else set())


def test_day_as_a_spreadsheet_counts_it_is_a_date():
    people, *_ = read(FILES["days since 1899"][0])
    assert people["maya@x.example"]["created_at"].date() == dt.date(2026, 1, 12)
    assert people["zoe@x.example"]["unsubscribed_at"].date() == dt.date(2026, 1, 12)


ASKED_ABOUT = {
    "Labels": ("Do not email ::: * myContacts", "* myContacts"),
    "Notes": ("Please don't call", ""),
    "Deceased": ("yes", ""),
    "CLEAN_TIME": ("2026-03-01 10:00:00", ""),
    "Communication preferences": ("Do not call", "Email is fine"),
    "GDPR consent": ("Withdrawn", "Given"),
    "Mail list": ("Off", "On"),
    "Solicit": ("No", "Yes"),
    "Flag": ("DO NOT CALL", ""),
}


@pytest.mark.parametrize(("heading", "cells"), ASKED_ABOUT.items())
def test_column_that_may_be_an_opt_out_is_asked_about(heading, cells):
    content = table(f"Name|Email|{heading}", lambda f, n, m, p, s, out: [f"{f} {n}", m, cells[not out]])
    people, _, asked = read(content)
    assert asked or people["zoe@x.example"]["unsubscribed_at"]


def test_category_of_a_contact_may_be_an_opt_out():
    def body(first, last, email, phone, state, out):
        return f"FN:{first} {last}\r\nEMAIL:{email}\r\nCATEGORIES:{'Friends,Do not call' if out else 'Friends'}"

    assert read(card("3.0", body))[2]
