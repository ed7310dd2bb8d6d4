"""Whether a number as written can be dialled."""

import difflib
import re
import unicodedata
from functools import lru_cache


def dialable_number(number: str, region: str) -> str:
    """`number` in E.164 if it is a valid one in `region` (ISO 3166 alpha-2), else an empty string."""
    import phonenumbers  # 118 ms: only where a number is read

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


NAME_LENGTH = 100
EMAIL_LENGTH = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets

# Letters and marks that are blank: Unicode's Default_Ignorable_Code_Point, the blank of Braille, those of hieroglyphs.
INVISIBLE_CHARACTERS = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U00013441\U00013442\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)


def clean_name(typed: str) -> str:
    """NFC, without invisible characters or stray spaces. A line break is refused (it could end a mail header)."""
    if any(character in typed for character in "\r\n\x00\u2028\u2029"):
        raise ValueError("Write your name on one line.")
    tidy = strip_invisible(typed.replace("\t", " "))
    if not any(character.isalpha() for character in tidy):
        raise ValueError("Enter your name, with at least one letter.")
    if len(tidy) > NAME_LENGTH:  # some letters become two when composed
        raise ValueError(f"Write your name in at most {NAME_LENGTH} letters.")
    return tidy


def email_key(email: str) -> str:
    """What two spellings of one address have in common: lower case, its domain in IDNA (RFC 5890).

    The part before the @ must be ASCII: the Kelvin sign lower-cases to k, and mail must not go to somebody else.
    """
    local, _, domain = email.strip().rpartition("@")
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+", local):  # RFC 5322 §3.2.3, without quoted strings
        raise ValueError("Use an e-mail address with plain letters before the @.")
    try:
        ascii_domain = domain.lower() if domain.isascii() else domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError("Check the part of the e-mail address after the @.") from None
    if len(local) + len(ascii_domain) >= EMAIL_LENGTH:
        raise ValueError("Use a shorter e-mail address.")
    return f"{local.lower()}@{ascii_domain}"


def strict_email_key(typed: str) -> str:
    """The `email_key` of an address that we are told now: refused where programs disagree which domain it names.

    Ours and Django's is IDNA of 2003, in which faß.de is fass.de; in that of 2008 (RFC 5894 §7.2) it is another one.
    """
    key = email_key(typed)
    domain = typed.strip().rpartition("@")[2]
    if not domain.isascii():
        try:
            read_back = key.rpartition("@")[2].encode().decode("idna")
        except UnicodeError:
            read_back = ""
        if read_back != unicodedata.normalize("NFC", domain).lower():
            raise ValueError(
                "The part of the e-mail address after the @ can mean two things. "
                "Write it in its form of plain letters, which begins with “xn--”."
            )
    return key


def canonical_mailbox(email: str) -> str:
    """An address without the dots and tags that many mail services ignore: jo.m+x@… is jom@…"""
    local, at, domain = email.lower().partition("@")
    return local.partition("+")[0].replace(".", "") + at + domain if at else email.lower()


def phone_e164(typed: str, region: str) -> str:
    """E.164 (`+12125550123`) of a number typed in any format; without + it is one of `region` (ISO 3166 alpha-2)."""
    import phonenumbers  # 118 ms: only where a number is read

    try:
        parsed = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        raise ValueError("Enter a phone number, such as 212 555 0123.") from None
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        raise ValueError("Enter the whole phone number with its area code, such as 212 555 0123.")
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise ValueError("Check the phone number: it has too few or too many digits.")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def clean_source(typed: str) -> str:
    """Where a visitor came from, as a link of ours says it: letters, digits, dots and dashes, at most 100."""
    return re.sub(r"[^\w.-]", "", typed)[:100]


def initials(full_name: str) -> str:
    """“Jo van Miller” as `J. M.`: the first and the last, as much of a name as a calendar may show. Of none, `–`."""
    words = full_name.split()
    return " ".join(f"{word[0].upper()}." for word in (words[:1] + words[1:][-1:])) or "–"


def single_line(typed: str) -> str:
    """A few words on one line, without invisible characters."""
    if typed.isascii() and typed.isprintable():  # as nearly always: no need to look at each letter
        return " ".join(typed.split())
    spaced = "".join(" " if character.isspace() else character for character in typed)
    return strip_invisible(spaced)


def strip_invisible(text: str) -> str:
    shown = "".join(c for c in INVISIBLE_CHARACTERS.sub("", text) if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return " ".join(unicodedata.normalize("NFC", shown).split())


# Mailboxes that many people have, and the names that look like them but are real ones too.
COMMON_EMAIL_DOMAINS = (
    "gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "aol.com", "comcast.net", "live.com",
    "msn.com", "verizon.net", "protonmail.com", "att.net", "me.com", "mac.com", "proton.me", "fastmail.com",
    "googlemail.com", "ymail.com", "mail.com", "gmx.com", "email.com", "gmx.net", "gmx.de", "yahoo.ca", "yahoo.co.uk",
    "hotmail.co.uk", "outlook.es", "live.ca", "web.de", "aim.com", "cox.net", "duck.com", "zoho.com", "hey.com",
)  # fmt: skip


def suggest_email_correction(email: str) -> str:
    """What was probably meant (`jo@gmail.com` for `jo@gmial.com`), or nothing. To be offered, never forced."""
    local, _, domain = email.rpartition("@")
    meant = _suggest_domain(domain.lower())
    return f"{local}@{meant}" if meant else ""


@lru_cache(maxsize=1024)
def _suggest_domain(domain: str) -> str:
    if domain in COMMON_EMAIL_DOMAINS:
        return ""
    return next(iter(difflib.get_close_matches(domain, COMMON_EMAIL_DOMAINS, n=1, cutoff=0.85)), "")
