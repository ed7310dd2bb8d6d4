"""Names that are near, and who is the same person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.lib.identity import Identity, canonical_mailbox, is_shared, same_person
from clinic.lib.person_names import NameMatch, compare_names

NEAR = [
    ("José García", "Jose Garcia"), ("Bob Stone", "Robert Stone"), ("Peggy Olds", "Margaret Olds"),
    ("Dr. Ann Lee", "Ann Lee"), ("Lee, Ann", "Ann Lee"), ("ANN  LEE", "ann lee"), ("T. J. Marsh", "Thomas James Marsh"),
    ("Nina Roth", "Nina Roth-Adler"), ("Jonathan Reeve", "Jonathon Reeves"), ("Ольга Иванова", "Olga Ivanova"),
    ("Rev. Amos Tuttle, D.D.", "Amos Tuttle"), ("Alan Pope M.D.", "Alan Pope"), ("Marsh, T.J.", "Thomas James Marsh"),
    ("李雷", "Lei Li"), ("Nguyen Minh", "Minh Nguyễn"), ("Ann Marie Lee", "Ann Lee"),
    ("Siobhán O’Neil", "Siobhan O'Neil"),
    ("Katherine Bly", "Cathryn Bly"), ("Jürgen Groß", "Jurgen Gross"), ("Anna van der Berg", "Anna Berg"),
]  # fmt: skip
NOT_NEAR = {
    ("Ann Rivera", "Ben Rivera"): NameMatch.FAMILY,
    ("Jan Vos", "Jon Vos"): NameMatch.FAMILY,
    ("Carla Ruiz", "Carlita Ruiz"): NameMatch.FAMILY,
    ("Marie Chen", "Maria Chen"): NameMatch.NEAR,  # spellings of one name in the list
    ("Erica Dahl", "Eric Dahl"): NameMatch.FAMILY,
    ("Lin Chen", "Ling Chen"): NameMatch.FAMILY,
    ("Dan Reed", "Dana Reed"): NameMatch.FAMILY,
    ("John Doe Sr.", "John Doe Jr."): NameMatch.FAMILY,
    ("Frank Doyle", "Frank Doyle Jr."): NameMatch.GENERATION,
    ("Anna Becker", "Anna Collins"): NameMatch.SURNAME_CHANGED,
    ("Mr. Castleberry", "Mrs. Castleberry"): NameMatch.FAMILY,
    ("Tyler Bancroft", "James Tyler Bancroft"): NameMatch.MIDDLE_NAME,
    ("Lee Grant", "Pat Duffy"): NameMatch.DIFFERENT,
    ("Person A", "Person B"): NameMatch.SURNAME_CHANGED,
    ("", "Ann Lee"): NameMatch.DIFFERENT,
}


@pytest.mark.parametrize(("one", "other"), NEAR)
def test_spellings_of_one_persons_name_are_near(one, other):
    assert compare_names(one, other) >= NameMatch.NEAR
    assert compare_names(other, one) >= NameMatch.NEAR


@pytest.mark.parametrize(("pair", "match"), NOT_NEAR.items())
def test_names_of_two_people_are_not_near(pair, match):
    assert (compare_names(*pair), compare_names(*reversed(pair))) == (match, match)


@given(st.text(max_size=30), st.text(max_size=30))
def test_comparison_of_any_two_names_is_symmetric(one, other):
    assert compare_names(one, other) == compare_names(other, one)


@pytest.mark.parametrize(
    ("email", "mailbox"),
    [
        ("j.o.m+x@gmail.com", "jom@gmail.com"),
        ("jom@googlemail.com", "jom@gmail.com"),
        ("al.bert+x@firm.example", "al.bert+x@firm.example"),
        ("", ""),
    ],
)
def test_dots_and_tags_are_folded_only_at_gmail(email, mailbox):
    assert canonical_mailbox(email) == mailbox


def who(name="Ann Lee", email="", e164="", extension=""):
    return Identity(name, email, e164, extension)


N, PLACEHOLDER = "+12125550123", "+15555555555"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (who(email="a@x.example"), who("Bo Yi", email="a@x.example"), True),
        (who(email="a.b@x.example"), who(email="ab@x.example"), False),
        (who(e164=N), who("Annie Lee", e164=N), True),
        (who(e164=N), who("Ben Lee", e164=N), False),
        (who(e164=N, extension="12"), who(e164=N, extension="13"), False),
        (who(e164=N, extension="12"), who(e164=N, extension="12"), True),
        (who(e164=PLACEHOLDER), who(e164=PLACEHOLDER), False),
        (who(), who(), False),
    ],
)
def test_same_person_is_same_address_or_same_number_and_near_name(one, other, same):
    assert (same_person(one, other), same_person(other, one)) == (same, same)


def test_number_on_many_names_identifies_only_equal_names_without_two_addresses():
    assert is_shared(["Ann Lee", "Bo Yi", "Cy Fox", "Di Ray", "Ed Moe"])
    assert not is_shared(["Ray Boyd"] * 9)
    ann, annie = who(e164=N), who("Annie Lee", e164=N)
    assert not same_person(ann, annie, shared_numbers=[N])
    assert same_person(ann, who(email="a@x.example", e164=N), shared_numbers=[N])
    assert not same_person(who(email="b@x.example", e164=N), who(email="a@x.example", e164=N), shared_numbers=[N])
