"""Normalization of names, e-mail addresses, phone numbers and single-line text."""

import difflib
import re
import unicodedata
from functools import lru_cache


def dialable_number(number: str, region: str) -> str:
    """Return `number` in E.164 if valid in `region` (ISO 3166 alpha-2), else ""."""
    import phonenumbers  # takes 118 ms, so only the functions that need it import it

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


NAME_LENGTH = 100
EMAIL_LENGTH = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets

# Unicode's Default_Ignorable_Code_Point, the blank Braille pattern and the blank hieroglyphs.
INVISIBLE_CHARACTERS = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U00013441\U00013442\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)


def clean_name(typed: str) -> str:
    """Return the name in NFC, without invisible characters. Raises ValueError.

    A line break is rejected because it could end a mail header.
    """
    if any(character in typed for character in "\r\n\x00\u2028\u2029"):
        raise ValueError("Enter your name without line breaks.")
    name = strip_invisible(typed.replace("\t", " "))
    if not any(character.isalpha() for character in name):
        raise ValueError("Enter your name.")
    if len(name) > NAME_LENGTH:  # NFC can lengthen a text
        raise ValueError(f"Your name must be {NAME_LENGTH} characters or fewer.")
    return name


def email_key(email: str) -> str:
    """Return the key that spellings of one address share. Raises ValueError.

    Lower case, with the domain in IDNA (RFC 5890).

    The local part must be ASCII: the Kelvin sign lower-cases to k, and mail must not reach another mailbox.
    """
    local, _, domain = email.strip().rpartition("@")
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+", local):  # RFC 5322 §3.2.3, without quoted strings
        raise ValueError(
            "Enter an email address that uses only letters (a–z), numbers, and symbols like . _ - + before the @."
        )
    try:
        ascii_domain = domain.lower() if domain.isascii() else domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError("Check the part of your email address after the @.") from None
    if len(local) + len(ascii_domain) >= EMAIL_LENGTH:
        raise ValueError("That email address is too long. Check it, or use a different one.")
    return f"{local.lower()}@{ascii_domain}"


def strict_email_key(typed: str) -> str:
    """Return the `email_key` of newly typed input. Raises ValueError.

    Rejects a domain on which IDNA 2003 and 2008 disagree.

    Python and Django implement IDNA 2003, in which faß.de is fass.de; in IDNA 2008 (RFC 5894 §7.2) it is a
    different domain.
    """
    key = email_key(typed)
    domain = typed.strip().rpartition("@")[2]
    if not domain.isascii():
        try:
            read_back = key.rpartition("@")[2].encode().decode("idna")
        except UnicodeError:
            read_back = ""
        if read_back != unicodedata.normalize("NFC", domain).lower():
            raise ValueError("We cannot send email to that address. Please use a different one.")
    return key


def canonical_mailbox(email: str) -> str:
    """Return the address without dots and tags: jo.m+x@… is jom@…

    Many mail services ignore both.
    """
    local, at, domain = email.lower().partition("@")
    return local.partition("+")[0].replace(".", "") + at + domain if at else email.lower()


def phone_e164(typed: str, region: str) -> str:
    """Return a typed number in E.164 (`+12125550123`). Raises ValueError.

    A number without + is one of `region`.

    `region` is ISO 3166 alpha-2.
    """
    import phonenumbers  # takes 118 ms, so only the functions that need it import it

    try:
        parsed = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        raise ValueError("Enter a phone number, like 212-555-0123.") from None
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        raise ValueError("Enter your full phone number, including the area code, like 212-555-0123.")
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise ValueError("Check the phone number. It has too many or too few digits.")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def clean_source(typed: str) -> str:
    """Return the `source` parameter of a link, at most 100 safe characters.

    Letters, digits, dots and dashes.
    """
    return re.sub(r"[^\w.-]", "", typed)[:100]


def initials(full_name: str) -> str:
    """Return the first and last initial, `J. M.` for “Jo van Miller”.

    `–` for an empty name. Calendars show no more of a name.
    """
    words = full_name.split()
    return " ".join(f"{word[0].upper()}." for word in (words[:1] + words[1:][-1:])) or "–"


def single_line(typed: str) -> str:
    """Return the text on one line, without invisible characters."""
    if typed.isascii() and typed.isprintable():  # the common case, without a look at each character
        return " ".join(typed.split())
    spaced = "".join(" " if character.isspace() else character for character in typed)
    return strip_invisible(spaced)


def strip_invisible(text: str) -> str:
    """Return the text in NFC, without invisible or control characters.

    Runs of white space become single spaces.
    """
    text = INVISIBLE_CHARACTERS.sub("", text)
    visible = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
    return " ".join(unicodedata.normalize("NFC", visible).split())


# Common mail providers, and real domains that look like one of them.
COMMON_EMAIL_DOMAINS = (
    "gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "aol.com", "comcast.net", "live.com",
    "msn.com", "verizon.net", "protonmail.com", "att.net", "me.com", "mac.com", "proton.me", "fastmail.com",
    "googlemail.com", "ymail.com", "mail.com", "gmx.com", "email.com", "gmx.net", "gmx.de", "yahoo.ca", "yahoo.co.uk",
    "hotmail.co.uk", "outlook.es", "live.ca", "web.de", "aim.com", "cox.net", "duck.com", "zoho.com", "hey.com",
)  # fmt: skip


def suggest_email_correction(email: str) -> str:
    """Return the likely intended address, or "": `jo@gmail.com` for `jo@gmial.com`.

    A suggestion to show, never to apply.
    """
    local, _, domain = email.rpartition("@")
    suggestion = _suggest_domain(domain.lower())
    return f"{local}@{suggestion}" if suggestion else ""


@lru_cache(maxsize=1024)
def _suggest_domain(domain: str) -> str:
    if domain in COMMON_EMAIL_DOMAINS:
        return ""
    return next(iter(difflib.get_close_matches(domain, COMMON_EMAIL_DOMAINS, n=1, cutoff=0.85)), "")
