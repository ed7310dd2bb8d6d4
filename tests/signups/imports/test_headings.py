"""Headings of other systems find their field by themselves; opt-outs first, and never lost without a question."""

import datetime as dt
from pathlib import Path

import pytest

from signups.imports import headings, opt_outs, row_parser
from signups.imports.headings import IMPORT_FIELDS, guess_columns, guess_field, looks_like_opt_out

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
DEFAULTS = row_parser.Defaults("US", "America/New_York", NOW)
CELLS = ["no", "yes", "true"]


def known_headings():
    """(system, heading, field): "" for none, "?" for a column that must be asked about."""
    text = (Path(__file__).parent / "data/headings.tsv").read_text()
    return [line.split("\t") for line in text.splitlines()]


def test_headings_of_other_systems_find_their_field():
    wrong = []
    for system, heading, field in known_headings():
        found, asks = guess_field(heading), looks_like_opt_out(heading, CELLS)
        right = (found == "" and asks) if field == "?" else found == field and not (asks and not field)
        if not right:
            wrong.append((system, heading, field, found, asks))
    assert not wrong
    assert {field for _, _, field in known_headings()} - {"", "?"} <= IMPORT_FIELDS.keys()


def test_every_opt_out_of_the_table_is_mapped_or_asked_about():
    fields = {*opt_outs.OPT_OUTS, *opt_outs.PERMISSIONS, "?"}
    columns = [heading for _, heading, field in known_headings() if field in fields]
    assert len(columns) > 130
    assert all(looks_like_opt_out(heading, CELLS) for heading in columns)


@pytest.mark.parametrize(
    ("cell", "is_set"),
    [
        *(
            (cell, True)
            for cell in ("yes", "TRUE", "1", "x", "X", "✓", "2026-02-01 08:00:00", "Unsubscribed", "opted out")
        ),
        *(
            (cell, False)
            for cell in ("no", "N", "FALSE", "0", "0.0", "", "-", "n/a", "Subscribed", "Opted in", "Allow", "Never")
        ),
    ],
)
def test_cell_of_an_opt_out_is_a_yes_or_a_no(cell, is_set):
    assert opt_outs.is_set(cell) is is_set


def test_permission_is_withheld_by_a_no_and_by_nothing_else():
    for cell in (
        "no",
        "N",
        "False",
        "0",
        "UNSUBSCRIBED",
        "opted_out",
        "Opted-out",
        "denied",
        "withdrawn",
        "Do not email",
    ):
        assert opt_outs.says_no(cell), cell
    for cell in ("", "yes", "SUBSCRIBED", "NEVER_SUBSCRIBED", "pending", "unknown", "Opted in", "1"):
        assert not opt_outs.says_no(cell), cell


def stops(**cells):
    """What a row with these cells says that the person does not want."""
    values = dict.fromkeys(IMPORT_FIELDS, "") | {"name": "Ann Lee", "email": "a@x.example"} | cells
    person = row_parser.parse_row(values, DEFAULTS)
    keys = {"unsubscribed_at": "email", "do_not_call_at": "calls", "no_texts_at": "texts"}
    return {word for key, word in keys.items() if person.fields[key]}


@pytest.mark.parametrize(
    ("cells", "stopped"),
    [
        ({"no_texts": "yes"}, {"texts"}),
        ({"texts_ok": "FALSE"}, {"texts"}),
        ({"calls_ok": "no", "texts_ok": "yes"}, {"calls"}),
        ({"email_ok": "unsubscribed"}, {"email"}),
        ({"email_ok": "SUBSCRIBED", "texts_ok": "NEVER_SUBSCRIBED"}, set()),
        ({"do_not_contact": "x"}, {"email", "calls", "texts"}),
        ({"contact_ok": "no"}, {"email", "calls", "texts"}),
        ({"status": "Unsubscribed"}, {"email"}),
        ({"status": "Do Not Contact"}, {"email", "calls", "texts"}),
        ({"status": "Open - Not Contacted"}, set()),
        ({"tags": "VIP; DNC; spring"}, {"calls"}),
        ({"tags": "do not text"}, {"texts"}),
        ({"status": "closed", "close_reason": "Opted out"}, {"email", "calls", "texts"}),
        ({"preferred_channel": "No calls"}, {"calls"}),
        ({"stopped": "no", "do_not_call": "0", "no_texts": "n/a", "do_not_contact": ""}, set()),
    ],
)
def test_opt_out_is_read_from_wherever_a_row_says_it(cells, stopped):
    assert stops(**cells) == stopped


def test_opt_out_is_of_the_day_that_the_list_says():
    values = dict.fromkeys(IMPORT_FIELDS, "") | {
        "email": "a@x.example",
        "stopped": "2026-02-01 08:00:00",
        "no_texts": "yes",
    }
    fields = row_parser.parse_row(values, DEFAULTS).fields
    assert fields["unsubscribed_at"] == dt.datetime(2026, 2, 1, 13, tzinfo=dt.UTC)
    assert fields["no_texts_at"] == NOW


def test_of_several_columns_one_opt_out_is_enough():
    columns = guess_columns(
        ["Email", "Opted out of email: News", "Opted out of email: One to one", "SMS opt-in", "Text consent"]
    )
    values = row_parser.row_values(["a@x.example", "false", "true", "yes", "no"], columns)
    assert (values["stopped"], values["texts_ok"]) == ("true", "no")


@pytest.mark.parametrize("heading", ["GDPR", "Consent", "Blocked", "Do not mail"])
def test_column_that_names_no_channel_is_asked_about_only_if_somebody_says_no(heading):
    assert looks_like_opt_out(heading, ["yes", "no"])
    assert looks_like_opt_out(heading, ["yes"]) is (heading in ("Blocked", "Do not mail"))


def test_spanish_estado_is_a_state_or_a_status_by_its_cells():
    assert guess_columns(["Nombre", "Estado"], [["Ana", "TX"], ["Eva", "California"]]) == ["first", "state"]
    assert guess_columns(["Nombre", "Estado"], [["Ana", "Nuevo"], ["Eva", "Cerrado"]]) == ["first", "status"]


def test_plain_heading_is_its_words():
    cases = {
        "E-mail 1 - Value": "email",
        "LastName*": "last name",
        "HasOptedOutOfFax": "has opted out of fax",
        "Móvil": "movil",
    }
    assert {heading: headings.plain(heading) for heading in cases} == cases
