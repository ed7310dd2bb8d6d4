"""What people type as a name, an address or a number, with its right answer: kept, refused, or asked about (`?`).

A number is followed by its extension, by “?” where nobody knows of it, and by what staff must not dial. An address that
looks like a slip is followed by the domain that is suggested.
"""

import re
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from clinic.lib import email_domains, normalization, phone_numbers

VALUES = Path(__file__).parent / "data/typed_values.tsv"


def as_name(typed):
    return normalization.clean_name(typed)


def as_email(typed):
    address = normalization.clean_email(typed)
    validate_email(address)
    key = normalization.strict_email_key(address)
    meant = email_domains.suggest_domain(key.partition("@")[2])
    return f"{key} ? {meant}" if meant else key


def as_phone(typed):
    number = phone_numbers.parse_phone(typed, "US")
    special = phone_numbers.special_number(number.e164)
    return (
        number.e164
        + (f" x{number.extension}" if number.extension else "")
        + (" ?" if number.is_doubtful else "")
        + (f" ({special})" if special else "")
    )


READ = {"name": as_name, "email": as_email, "phone": as_phone}


def unescaped(text):
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


def test_everything_people_type_has_its_right_answer():
    wrong = []
    for line in VALUES.read_text().splitlines():
        kind, typed, right = line.split("\t")
        try:
            answer = READ[kind](unescaped(typed))
        except (ValueError, ValidationError):
            answer = "refused"
        if answer != unescaped(right):
            wrong.append((kind, typed, right, answer))
    assert wrong == []
    assert len(VALUES.read_text().splitlines()) > 300
