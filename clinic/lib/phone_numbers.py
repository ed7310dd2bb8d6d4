"""Phone numbers: parsing what people type, the rules of the North American Numbering Plan, formatting.

Only what can exist is taken: area code and exchange of a number of country code 1 begin with 2 to 9 and, but for
toll-free numbers, are none of 211 … 911. A number that can exist but that libphonenumber does not know (`is_doubtful`)
is asked about once and never refused, because new area codes come before the library knows them.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from . import normalization

TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")
EXTENSION_LENGTH = 10  # digits
KEYPAD = {letter: digit for digit, letters in enumerate(["ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"], start=2) for letter in letters}  # fmt: skip # noqa: E501
PLAIN_US = re.compile(r"\+?1?[\s.-]?\(?([2-9]\d\d)\)?[\s.-]?([2-9]\d\d)[\s.-]?(\d{4})", re.ASCII)
EXTENSION_SUFFIX = re.compile(
    r"(?:;\s*ext=|(?<![a-z])(?:extension|extn|ext|x)[.:]?|#|,{1,2}|;)\s*(\d{1,10})\s*$|(?<![a-z])(?:extension|extn|ext|x)\.?\s*$",
    re.IGNORECASE,
)
# What people write beside a number: whose it is, or which.
LABEL = (
    r"(?:cell(?:ular)?|mob(?:ile)?|home|hm|work|office|tel(?:ephone)?|ph(?:one)?|fax|main|direct|primary|no|[chmptw])"
)
LABELS = re.compile(rf"^\s*{LABEL}\s*[.:]?(?=[\s(+\d])|(?<=[\s\d)]){LABEL}\.?\s*$|\([^()\d]*\)|^['=]+", re.IGNORECASE)
SEVERAL = re.compile(r"\s{0,9}(?:/|;|&|\bor\b|\band\b|:::|\||\n|,)\s*", re.IGNORECASE)
VANITY = re.compile(rf"\+?1?\s{{0,9}}({'|'.join(TOLL_FREE)})\s*([0-9A-Z][0-9A-Z ]*)", re.IGNORECASE)
SATELLITE = ("+870", "+881", "+882", "+883", "+8816", "+8817")
SPREADSHEET = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)

EXAMPLE = "like 212-555-0123"
ONE_NUMBER = f"Enter only one phone number, {EXAMPLE}."
DIGITS_ONLY = f"Enter the phone number in digits, {EXAMPLE}."
CANNOT_EXIST = f"Check the phone number. No US or Canadian number starts like this. Enter all ten digits, {EXAMPLE}."
COUNTRY_CODE = (
    "Check the phone number. It has too many or too few digits. For a number outside the US, start with + and the "
    "country code."
)


class PhoneNumberError(ValueError):
    """Raised for a text that is no phone number; the message is for the person who typed it.

    `suggestion` is the international number that they may have meant (E.164), or "".
    """

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.suggestion = suggestion


@dataclass(frozen=True)
class PhoneNumber:
    """A number in E.164 and its extension (digits), which together are what is dialed."""

    e164: str
    extension: str = ""

    def __str__(self) -> str:
        return format_phone(self.e164, self.extension)

    @property
    def is_doubtful(self) -> bool:
        """Return whether libphonenumber knows of no such number: ask, but take it."""
        return not _known(self.e164)


def parse_phone(typed: str, region: str) -> PhoneNumber:
    """Return the number typed in any usual format. Raises PhoneNumberError.

    A number without + is one of `region` (ISO 3166 alpha-2).
    """
    if region in ("US", "CA") and (plain := PLAIN_US.fullmatch(typed.strip())):
        return PhoneNumber(_checked("+1" + "".join(plain.groups())))
    text = normalization.single_line(unicodedata.normalize("NFKC", typed)).replace("_", " ").strip()
    text = re.sub(r"^(?:tel|p|phone):\s*", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^(\+?\d{7,})\.0$", r"\1", text)  # a number that a spreadsheet held as a decimal
    if SPREADSHEET.fullmatch(text):
        raise PhoneNumberError("A spreadsheet cut this phone number short. Enter all of its digits.")
    for _ in range(3):
        text = LABELS.sub(" ", text).strip()
    found = EXTENSION_SUFFIX.search(text)
    number, extension = (text[: found.start()].strip(), found[1] or "") if found else (text, "")
    if sum(len(re.sub(r"\D", "", part)) >= 7 for part in SEVERAL.split(number)) > 1:
        raise PhoneNumberError(ONE_NUMBER)
    if any(char.isalpha() for char in number):
        number = _vanity_digits(number)
    return PhoneNumber(_international(number, region), extension)


def tidy_phone(typed: str) -> str:
    """Return the number as given, without invisible characters and what programs put before it (`p:+1…`, `'512…`)."""
    return re.sub(r"^(?:(?:tel|p|phone):|['=])\s*", "", normalization.single_line(typed), flags=re.IGNORECASE)


def dialable_number(number: str, region: str) -> str:
    """Return `number` in E.164 if libphonenumber knows it as valid in `region`, else ""."""
    try:
        parsed = parse_phone(number, region)
    except PhoneNumberError:
        return ""
    return "" if parsed.is_doubtful else parsed.e164


def format_phone(e164: str, extension: str = "") -> str:
    """Return a number as people read it: `(212) 555-0123 ext. 45`, `+44 20 7946 0018`."""
    if e164.startswith("+1") and len(e164) == 12:
        text = f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}"
    else:
        text = _format_international(e164) if e164 else ""
    return f"{text} ext. {extension}" if text and extension else text


def spaced_phone(e164: str) -> str:
    """Return the number in international format, with spaces only: `+1 212 555 0123`."""
    if e164.startswith("+1") and len(e164) == 12:
        return f"+1 {e164[2:5]} {e164[5:8]} {e164[8:]}"
    return re.sub(r"[^+\d]+", " ", _format_international(e164)) if e164 else ""


def is_placeholder(e164: str) -> bool:
    """Return whether the number was typed to fill a field: 555-555-5555, 212-555-1234, 999-999-9999.

    Such a number is nobody’s, so it says nothing about who somebody is.
    """
    line = e164[-7:]
    if len(set(line)) == 1:
        return True
    runs = ("1234567", "2345678", "3456789", "4567890", "7654321", "9876543", "8765432")
    return e164.startswith("+1") and (e164[2:5] in ("555", "999") or line in ("5551212", "5551234", *runs))


@lru_cache(maxsize=1024)
def special_number(e164: str) -> str:
    """Return what kind of number staff should not dial: "premium-rate number", "satellite phone"; else ""."""
    if e164.startswith(SATELLITE):
        return "satellite phone"
    if e164.startswith("+1"):  # the common case, without the library
        return "premium-rate number" if e164[2:5] == "900" or e164[5:8] == "976" else ""
    if not e164:
        return ""
    import phonenumbers  # takes 118 ms, so only the functions that need it import it

    premium = (phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST)
    return "premium-rate number" if phonenumbers.number_type(phonenumbers.parse(e164)) in premium else ""


def _vanity_digits(text: str) -> str:
    """Return the digits of a toll-free number with letters: `800 3569377` for 1-800-FLOWERS.

    Raises PhoneNumberError for letters in any other number, where they are words.
    """
    found = VANITY.fullmatch(re.sub(r"[\s().-]+", " ", text).strip())
    line = re.sub(r"\s", "", found[2]).upper() if found else ""
    if not found or len(line) < 7 or (len(line) > 7 and not line[7:].isalpha()):
        raise PhoneNumberError(DIGITS_ONLY)
    return found[1] + "".join(str(KEYPAD.get(char, char)) for char in line[:7])


def _international(text: str, region: str) -> str:
    """Return the E.164 form. Raises PhoneNumberError."""
    import phonenumbers

    if re.match(r"\(?00\s?\d", text):  # the international prefix of most countries; no number of the US begins so
        text = "+" + re.sub(r"\D", "", text)[2:]
    text = re.sub(r"^\+\s*52\s*1\s*(?=(?:\D*\d){10}$)", "+52 ", text)  # how Mexico’s mobiles were dialed until 2019
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise PhoneNumberError(f"Enter a phone number, {EXAMPLE}.") from None
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        raise PhoneNumberError(f"Enter your full phone number, including the area code, {EXAMPLE}.")
    abroad = "" if text.startswith("+") else _abroad(text)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise PhoneNumberError(COUNTRY_CODE, abroad)
    e164: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return _checked(e164, abroad)


def _checked(e164: str, abroad: str = "") -> str:
    """Return the number if it can exist. Raises PhoneNumberError."""
    if e164.startswith("+1"):
        area, exchange = e164[2:5], e164[5:8]
        impossible = area[0] in "01" or area.endswith("11") or exchange[0] in "01"
        if impossible or (exchange.endswith("11") and area not in TOLL_FREE):
            raise PhoneNumberError(CANNOT_EXIST, abroad)
    return e164


def _abroad(text: str) -> str:
    """Return the valid international number that `text` is, if only its + is missing, else ""."""
    digits = re.sub(r"\D", "", text)
    return f"+{digits}" if 8 <= len(digits) <= 15 and not digits.startswith(("0", "1")) and _known(f"+{digits}") else ""


@lru_cache(maxsize=4096)
def _known(e164: str) -> bool:
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(e164)))
    except phonenumbers.NumberParseException:
        return False


@lru_cache(maxsize=1024)
def _format_international(e164: str) -> str:
    import phonenumbers

    try:
        parsed: Any = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL))
