"""Phone numbers as people type them."""

import pytest

from clinic.lib import phone_numbers

TAKEN = {
    "(212) 555-0123": ("+12125550123", ""),
    "1.212.555.0123": ("+12125550123", ""),
    "212_555_0123": ("+12125550123", ""),
    "2125550123.0": ("+12125550123", ""),
    "２１２５５５０１２３": ("+12125550123", ""),
    "p:+12125550123": ("+12125550123", ""),
    "'2125550123": ("+12125550123", ""),
    "\u202d+1 (212) 555-0123\u202c": ("+12125550123", ""),
    "cell 212 555 0123": ("+12125550123", ""),
    "212 555 0123 (home)": ("+12125550123", ""),
    "Work: 212-555-0123": ("+12125550123", ""),
    "212 555 0123 ext. 45": ("+12125550123", "45"),
    "212-555-0123x45": ("+12125550123", "45"),
    "212-555-0123;ext=45": ("+12125550123", "45"),
    "212-555-0123,,45": ("+12125550123", "45"),
    "212-555-0123 #45": ("+12125550123", "45"),
    "1-800-FLOWERS": ("+18003569377", ""),
    "1-800-MATTRESS": ("+18006288737", ""),
    "800-411-7246": ("+18004117246", ""),
    "1 242 555 0123": ("+12425550123", ""),
    "+44 (0)20 7946 0018": ("+442079460018", ""),
    "00 44 20 7946 0018": ("+442079460018", ""),
    "011 44 20 7946 0018": ("+442079460018", ""),
    "+52 1 55 1234 5678": ("+525512345678", ""),
}


@pytest.mark.parametrize(("typed", "dialed"), TAKEN.items(), ids=TAKEN)
def test_number_in_any_usual_format_has_one_dialable_form(typed, dialed):
    number = phone_numbers.parse_phone(typed, "US")
    assert (number.e164, number.extension) == dialed


def test_number_without_plus_is_one_of_the_clinics_country():
    assert phone_numbers.parse_phone("020 7946 0958", "GB").e164 == "+442079460958"


CANNOT_EXIST = (
    "1 212 555 012", "1-646-555-014", "000-000-0000", "111-111-1111", "123-456-7890", "212-055-0123", "112 555 0123",
    "911 555 0143", "212 911 0123", "+1 046 555 0141", "700 123 4567", "4930123456",
)  # fmt: skip


@pytest.mark.parametrize("typed", CANNOT_EXIST)
def test_number_that_cannot_exist_in_north_america_is_refused(typed):
    with pytest.raises(phone_numbers.PhoneNumberError, match=r"phone number"):
        phone_numbers.parse_phone(typed, "US")


@pytest.mark.parametrize("area", ["235", "327", "738", "983", "295", "699"])
def test_area_code_that_is_newer_than_our_data_is_taken(area):
    assert phone_numbers.parse_phone(f"({area}) 234-0123", "US").e164 == f"+1{area}2340123"


REFUSED = {
    "1-800-FLOWER": "in digits",
    "555-0123 Ann": "in digits",
    "646 555 LOVE": "in digits",
    "call after 5pm 212 555 0123": "in digits",
    "O12 555 O123": "in digits",
    "555-0124 mob": "area code",
    "555 0123": "area code",
    "+1 555 0123": "area code",
    "1.5551E+10": "spreadsheet",
    "212-555-0123 / 212-555-0199": "only one",
    "212-555-0123 or 646-555-0100": "only one",
    "020 7946 0018": "country code",
    "+1 212 555 01234": "too few or too many digits|too many or too few",
    "995-265-656": "too many or too few",
    "1" * 40: "phone number",
    "+": "phone number",
}


@pytest.mark.parametrize(("typed", "said"), REFUSED.items(), ids=REFUSED)
def test_what_nobody_could_dial_is_refused_with_what_to_do(typed, said):
    with pytest.raises(phone_numbers.PhoneNumberError, match=said):
        phone_numbers.parse_phone(typed, "US")


@pytest.mark.parametrize("typed", ["919876543210", "447911123456", "4930123456"])
def test_international_number_without_plus_is_asked_about(typed):
    with pytest.raises(phone_numbers.PhoneNumberError) as refusal:
        phone_numbers.parse_phone(typed, "US")
    assert refusal.value.suggestion == f"+{typed}"


@pytest.mark.parametrize(
    ("typed", "doubtful"), [("98765 43210", True), ("242 555 0123", True), ("212 555 0123", False)]
)
def test_possible_number_that_the_library_does_not_know_is_doubtful(typed, doubtful):
    assert phone_numbers.parse_phone(typed, "US").is_doubtful is doubtful


@pytest.mark.parametrize(
    "e164",
    ["+15555555555", "+15555555556", "+19999999999", "+12125551212", "+12125551234", "+12121234567", "+12122222222"],
)
def test_placeholder_is_nobodys_number(e164):
    assert phone_numbers.is_placeholder(e164)


def test_fictional_number_of_one_person_is_no_placeholder():
    assert not phone_numbers.is_placeholder("+12125550123")


@pytest.mark.parametrize(
    ("e164", "kind"),
    [
        ("+19005550123", "premium-rate number"),
        ("+12129761234", "premium-rate number"),
        ("+449098790123", "premium-rate number"),
        ("+881612345678", "satellite phone"),
        ("+12125550123", ""),
        ("", ""),
    ],
)
def test_number_that_staff_should_not_dial_is_named(e164, kind):
    assert phone_numbers.special_number(e164) == kind


def test_number_is_shown_as_people_read_it():
    assert phone_numbers.format_phone("+12125550123", "45") == "(212) 555-0123 ext. 45"
    assert phone_numbers.format_phone("+442079460018") == "+44 20 7946 0018"


@pytest.mark.parametrize("typed", ["p:+12125550123", "'+12125550123", "\u202d+12125550123\u202c", "tel: +12125550123"])
def test_number_as_given_is_kept_without_what_a_program_put_before_it(typed):
    assert phone_numbers.tidy_phone(typed) == "+12125550123"
