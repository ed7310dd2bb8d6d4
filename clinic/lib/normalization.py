"""Normalization of names, e-mail addresses and single-line text."""

import re
import unicodedata

NAME_LENGTH = 100
EMAIL_LENGTH = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
LOCAL_PART_LENGTH = 64

# An address that every check below and Django's validator take, and in which nothing is to be cleaned.
PLAIN_EMAIL = re.compile(
    r"(?=[^@]{1,64}@)(?!mailto:)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?=.{1,180}\Z)"
    r"(?:[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?\.){1,4}[a-z]{2,20}",
    re.ASCII,
)

ZERO_WIDTH_SPACE = "\u200b"
# Joiners are part of the spelling within these scripts (Unicode Standard Annex 31 §2.3, RFC 5892 A.1 and A.2), where
# they stand between two letters or marks: Arabic and the scripts written beside it, and those of India and its
# neighbors.
JOINER = re.compile("(?<![\u200c\u200d])[\u200c\u200d](?![\u200c\u200d])")
JOINING_SCRIPTS = re.compile(
    "[\u0600-\u08ff\ufb50-\ufdff\ufe70-\ufefe\u0900-\u0dff\u0e80-\u109f\u1700-\u18af\u1a00-\u1cff\ua800-\uaaff]"
)

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
    if not typed.isprintable() and any(character in typed for character in "\r\n\x00\u2028\u2029"):
        raise ValueError("Enter your name without line breaks.")
    name = strip_invisible(typed.replace("\t", " ").replace(ZERO_WIDTH_SPACE, " "), keep_joiners=True)
    if not any(character.isalpha() for character in name):
        raise ValueError("Enter your name.")
    if len(name) > NAME_LENGTH:  # NFC can lengthen a text
        raise ValueError(f"Your name must be {NAME_LENGTH} characters or fewer.")
    return name


def clean_email(typed: str) -> str:
    """Return a typed address without what is pasted around it: `mailto:`, a name, a comma, invisible characters.

    Nothing inside the address is changed, not even to NFC, which makes a K of the Kelvin sign.
    """
    if PLAIN_EMAIL.fullmatch(typed):  # the common case
        return typed
    text = typed.replace("\uff20", "@")
    while text and (text[0].isspace() or INVISIBLE_CHARACTERS.match(text[0])):
        text = text[1:]
    while text and (text[-1].isspace() or INVISIBLE_CHARACTERS.match(text[-1])):
        text = text[:-1]
    if named := re.fullmatch(r"[^<>@]*<([^<>]*)>[,;]?", text):
        text = named[1].strip()
    return re.sub(r"^mailto:", "", text, flags=re.IGNORECASE).rstrip(",;.")


def folded_mailbox(email: str) -> str:
    """Return the address without dots and tags at any provider, for limits only: who somebody is says `identity`."""
    local, at, domain = email.lower().partition("@")
    return local.partition("+")[0].replace(".", "") + at + domain if at else email.lower()


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

    Rejects a local part of more than 64 letters (RFC 5321 §4.5.3.1.1), hosts without a domain (RFC 6761), address
    literals, and a domain on which IDNA 2003 and 2008 disagree.

    Python and Django implement IDNA 2003, in which faß.de is fass.de; in IDNA 2008 (RFC 5894 §7.2) it is a
    different domain.
    """
    key = email_key(typed)
    local, _, domain = typed.strip().rpartition("@")
    if len(local) > LOCAL_PART_LENGTH:
        raise ValueError(f"The part of an email address before the @ must be {LOCAL_PART_LENGTH} characters or fewer.")
    if domain.startswith("[") or "." not in domain:
        raise ValueError("Enter an email address with a domain after the @, like name@example.com.")
    if not domain.isascii():
        try:
            read_back = key.rpartition("@")[2].encode().decode("idna")
        except UnicodeError:
            read_back = ""
        if read_back != unicodedata.normalize("NFC", domain).lower():
            raise ValueError("We cannot send email to that address. Please use a different one.")
    return key


def clean_source(typed: str) -> str:
    """Return the `source` parameter of a link, at most 100 safe characters.

    Letters, digits, dots and dashes.
    """
    return re.sub(r"[^\w.-]", "", typed)[:100]


_TITLES = {"dr", "mr", "mrs", "ms", "miss", "mx", "prof", "rev", "sir", "dame"}
_SUFFIXES = {"jr", "sr", "ii", "iii", "iv", "md", "phd", "esq", "rn", "dds"}


def first_name(full_name: str) -> str:
    """Return how to greet somebody: `Ann` for “Dr. Ann Lee” and “Lee, Ann”; "" where none can be recognized."""
    family, comma, given = full_name.partition(",")
    is_suffix = given.strip().lower().replace(".", "") in _SUFFIXES
    words = (given if comma and given.strip() and not is_suffix else family).split()
    while len(words) > 1 and words[0].lower().rstrip(".") in _TITLES:
        words = words[1:]
    first = words[0].rstrip(",;:") if words else ""
    is_name = any(char.isalpha() for char in first) and not re.search(r"[@/\\<>\d]", first)
    return first if is_name else ""


def initials(full_name: str) -> str:
    """Return the first and last initial, `J. M.` for “Jo van Miller”.

    `–` for an empty name. Calendars show no more of a name.
    """
    words = full_name.split()
    return " ".join(f"{word[0].upper()}." for word in (words[:1] + words[1:][-1:])) or "–"


def single_line(typed: str) -> str:
    """Return the text on one line, without invisible characters."""
    if typed.isascii() and typed.isprintable():  # the common case
        return " ".join(typed.split())
    spaced = "".join(" " if character.isspace() else character for character in typed)
    return strip_invisible(spaced, keep_joiners=True)


def strip_invisible(text: str, *, keep_joiners: bool = False) -> str:
    """Return the text in NFC, without invisible or control characters.

    Runs of white space become single spaces. `keep_joiners` keeps U+200C and U+200D inside words of scripts that need
    them.
    """
    if text.isascii() and text.isprintable():  # the common case, without a look at each character
        return " ".join(text.split())
    joiners = {found.start() for found in JOINER.finditer(text) if _joins(text, found.start())} if keep_joiners else ()
    visible = "".join(
        char
        for at, char in enumerate(text)
        if at in joiners or not (INVISIBLE_CHARACTERS.match(char) or unicodedata.category(char) in ("Cc", "Cf", "Cs"))
    )
    return " ".join(unicodedata.normalize("NFC", visible).split())


def _joins(text: str, at: int) -> bool:
    """Return whether the joiner at this place stands inside a word of a script that needs joiners."""
    return all(JOINING_SCRIPTS.match(side) for side in (text[at - 1 : at], text[at + 1 : at + 2]))
