"""Which leads are shown as possible duplicates, and why."""

import csv
import uuid
from pathlib import Path

import pytest

from clinic.lib import bulk_sql
from signups.duplicates import detection
from signups.duplicates.detection import Likelihood
from signups.leads.models import Lead, name_forms
from tests.factories.leads import LeadFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent / "data/pairs.csv"


def pairs_of_people():
    with DATA.open() as file:
        return list(csv.DictReader(file))


def lead(name, email="", phone="", **fields):
    return LeadFactory(name=name, email=email, email_key=email, phone=phone, phone_e164=phone, **fields)


def all_pairs(**page):
    shown, following = detection.find_pairs(**page)
    assert following is None
    return shown


def test_pairs_of_people_are_told_with_high_recall_and_precision():
    """Each pair alone in the database, because a few of the numbers stand in several pairs."""
    right = shown = true = 0
    wrong = []
    for row in pairs_of_people():
        one = lead(row["name 1"], row["email 1"], row["phone 1"])
        other = lead(row["name 2"], row["email 2"], row["phone 2"])
        found = bool(all_pairs())
        same = row["same person"] == "yes"
        right, shown, true = right + (found and same), shown + found, true + same
        if found != same:
            wrong.append(row["kind"])
        one.delete(), other.delete()
    assert right / true >= 0.95, wrong
    assert right / shown >= 0.85, wrong
    assert wrong == ["father and son, Jr., one phone"]


@pytest.mark.parametrize("name", ["further_pairs.csv", "unseen_pairs.csv"])
def test_further_pairs_are_told_among_all_the_others(name):
    """All in one database, page by page; written before the rules that they are held against."""
    with (DATA.parent / name).open() as file:
        rows = list(csv.DictReader(file))
    fields = [
        {"name": " ".join(row[f"name {n}"].split()), "email": row[f"email {n}"], "phone": row[f"phone {n}"], "pair": at}
        for at, row in enumerate(rows)
        for n in (1, 2)
    ]
    pair_of = {}
    for one in fields:
        forms = name_forms(one) | {"email_key": one["email"], "phone_e164": one["phone"], "public_id": uuid.uuid4()}
        forms |= {"name": one["name"], "email": one["email"], "phone": one["phone"], "created_at": NOW}
        (key,) = bulk_sql.insert_rows(Lead, [forms | {"time_zone": "UTC"}])
        pair_of[key] = one["pair"]
    shown, page = [], ("number", 0)
    while page:
        found, page = detection.find_pairs(*page)
        shown += [(pair_of[pair.older.pk], pair_of[pair.newer.pk]) for pair in found]
    same = {(at, at) for at, row in enumerate(rows) if row["same person"] == "yes"}
    assert len(same & {*shown}) / len(same) >= 0.95, [rows[at]["kind"] for at, _ in same - {*shown}]
    assert len(same & {*shown}) / len({*shown}) >= 0.95, {*shown} - same


@pytest.mark.parametrize(
    ("one", "other", "likelihood", "reason"),
    [
        (("Bob Stone", "", "+12025550102"), ("Robert Stone", "", "+12025550102"), 2, "same phone number"),
        (("José Peña", "jp@x.example", ""), ("Jose Pena", "jp+a@x.example", ""), 2, "similar email addresses"),
        (("Bill Chu", "wchu1975@aol.com", ""), ("William Chu", "wchu1975@gmail.com", ""), 2, "similar email addresses"),
        (("Grace Kim", "gracekim@gmail.com", ""), ("Grace Kim", "gracekim@gmial.com", ""), 2, "similar email"),
        (("Grace Kim", "gracekim@x.example", ""), ("Grace Kim", "garcekim@x.example", ""), 2, "similar email"),
        (("Lena Fox", "lena@googlemail.com", ""), ("Lena Fox", "l.ena@gmail.com", ""), 2, "same email address"),
        (("Ann Lee", "", "+12025550121"), ("Ann Lee", "", "+12025550211"), 2, "similar phone numbers"),
        (("Raj Patel", "", "+919876543210"), ("Raj Patel", "", "+19876543210"), 2, "similar phone numbers"),
        (("Lee, Ann", "", "+12025550121"), ("Ann Lee", "", "+12025550121"), 2, "same name"),
        (("Anna Becker", "", "+12025550103"), ("Anna Collins", "", "+12025550103"), 1, "different last names"),
        (("Frank Doyle", "", "+12025550103"), ("Frank Doyle Jr.", "", "+12025550103"), 1, "Jr. or Sr."),
        (("Ada Villanueva", "a@x.example", ""), ("Ada Villanueva", "v@y.example", ""), 1, "same rare name"),
    ],
)  # fmt: skip
def test_pair_says_why_and_the_likeliest_are_on_top(one, other, likelihood, reason):
    lead(*one), lead(*other)
    (pair,) = all_pairs()
    assert pair.verdict.likelihood == likelihood
    assert any(reason in words for words in pair.verdict.reasons)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Ann Rivera", "", "+12025550102"), ("Ben Rivera", "", "+12025550102")),
        (("Jan Vos", "", "+12025550102"), ("Jon Vos", "", "+12025550102")),
        (("Sue Gray-Hall", "", "+12025550102"), ("Tom Gray-Hall", "", "+12025550102")),
        (("John Doe Sr.", "", "+12025550102"), ("John Doe Jr.", "", "+12025550102")),
        (("Lee Grant", "", "+12025550102"), ("Pat Duffy", "", "+12025550102")),
    ],
)
def test_couples_twins_and_colleagues_stand_on_a_page_of_their_own(one, other):
    lead(*one), lead(*other)
    assert all_pairs() == []
    (pair,) = all_pairs(unlikely=True)
    assert pair.verdict.likelihood == Likelihood.UNLIKELY


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("James Smith", "js1@x.example", "+13055550212"), ("James Smith", "js2@y.example", "+14045550212")),
        (("Jane Doe", "jane@x.example", ""), ("Jane Roe", "jane@y.example", "")),
        (("Dan Reed", "dreed1@x.example", ""), ("Dana Reed", "dreed2@x.example", "")),
        (("Al Bert", "al.bert@x.example", ""), ("Albert Stone", "albert@x.example", "")),
        (("Cy Young", "info@x.example", ""), ("Di Old", "info@y.example", "")),
        (("Ann Lee", "", "+15555555555"), ("Ann Lee", "", "+15555555555")),
    ],
)
def test_people_who_share_too_little_are_not_asked_about(one, other):
    lead(*one), lead(*other)
    assert all_pairs() == []


def test_two_extensions_of_one_number_are_two_people():
    for extension in ("12", "13"):
        lead("Jo Lee", phone="+12025550102", email=f"jo{extension}@x.example", phone_extension=extension)
    assert all_pairs() == []


def test_pair_that_shares_several_things_is_shown_once():
    for email in ("grace.kim@gmail.com", "gracekim@googlemail.com"):
        lead("Grace Kim", email, "+12025550102")
    assert len(all_pairs()) == 1


def test_name_key_follows_every_change_of_the_name():
    one = lead("Bill Chu", "b@x.example")
    assert one.name_key == "chu william"
    one.name = "Robert Day"
    one.save(update_fields=["name"])
    one.refresh_from_db()
    assert one.name_key == "day robert"
    type(one).objects.filter(pk=one.pk).update(name="Peggy Olds")
    one.refresh_from_db()
    assert one.name_key == "margaret olds"
