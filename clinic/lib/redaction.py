"""Redaction of contact details for users without `signups.see_contact`, in every form in which people type them.

Each pattern is linear: a word is tried from its first character only, and gaps are bounded.
"""

import re
import unicodedata

from django.contrib.auth.models import AnonymousUser, User

_WORD = r"[^\s@<>()\[\]{}\"',;:]"
_OPEN, _CLOSE = r"[(\[{<]\s?", r"\s?[)\]}>]"
_LABEL = r"[\w-]{1,63}"
_DOT = rf"\s{{0,3}}(?:{_OPEN}(?:dot|\.){_CLOSE}|\.|\sdot\s)\s{{0,3}}"
_GAP = r"[\s_|*~/-]{1,3}"  # around a word that stands for a sign
_AT = r"at(?:[-\s]?sign)?"
ENCODED_AT = re.compile(r"%40|&(?:#0{0,5}64|#x0{0,5}40|commat);", re.IGNORECASE)
EMAIL_PATTERNS = [
    re.compile(rf"(?<!{_WORD})(?:\"[^\"\n]{{1,64}}\"|{_WORD}+)\s{{0,3}}@\s{{0,3}}(?:\[[^\]\s]{{1,45}}\]|{_WORD}+)"),
    re.compile(
        rf"(?<![\w.+-])[\w.+-]+\s{{0,3}}{_OPEN}(?:at|a|@){_CLOSE}\s{{0,3}}{_LABEL}(?:{_DOT}{_LABEL}){{1,6}}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<![\w.+-])[\w.+-]+{_GAP}{_AT}{_GAP}[a-z\d]{{1,63}}(?:(?:{_GAP}(?:dot|point){_GAP}|[.-])[a-z\d]{{1,63}}){{0,6}}"
        rf"(?:{_GAP}(?:dot|point){_GAP}|\.)[a-z]{{2,63}}",
        re.IGNORECASE,
    ),
]
_DIGIT = r"(?:\d|\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b)"
_BETWEEN = r"(?:[\W_\u30fc]|\b(?:dash|dot|hyphen|minus|point)\b|&\w{2,8};|<br ?/?>)"
_EXTENSION = r"(?:[\W_]{0,5}(?:ext|extension|x)[\W_]{0,3}\d{1,7})?"
_COUNTRY, _TOLL_FREE = r"(?<!\w)(?:\+?1[\W_]{0,3})?", "8(?:00|33|44|55|66|77|88)"
PHONE_PATTERNS = [
    # Seven digits or number words or more, with anything between them but letters, and with signs in words or markup.
    re.compile(rf"\+?{_DIGIT}(?:{_BETWEEN}{{0,20}}{_DIGIT}){{6,}}{_EXTENSION}", re.IGNORECASE),
    # Letters of the keypad: 1-800-FLOWERS, 212-GO-CARES.
    re.compile(rf"{_COUNTRY}\(?\d{{3}}[\W_]{{1,3}}(?=[A-Z\d]{{2}})[A-Z\d](?:[-. ]?[A-Z\d]){{6,9}}(?!\w){_EXTENSION}"),
    re.compile(
        rf"{_COUNTRY}\(?{_TOLL_FREE}\)?[\W_]{{0,3}}[a-z\d](?:[-.]?[a-z\d]){{6,9}}(?!\w){_EXTENSION}", re.IGNORECASE
    ),
]
# Days and times are no telephone numbers: `2026-11-30 18:30:05.123456+00:00`, `11/30/2026`.
_DAY = (
    r"(?:(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])/(?:19|20)\d\d)"
)
_TIME = r"(?:[ T,]{1,2}(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:[+-]\d\d:\d\d)?)?"
MOMENT = re.compile(rf"(?<!\d){_DAY}{_TIME}(?!\d)")


def mask_contact_details(text: str, user: User | AnonymousUser) -> str:
    """Mask addresses and phone numbers, unless `user` has `signups.see_contact`."""
    return text if user.has_perm("signups.see_contact") else mask(text)


def mask(text: str) -> str:
    """Return `text` with the first letter of each address and the last two digits of each number left."""
    text = ENCODED_AT.sub("@", unicodedata.normalize("NFKC", text))
    for pattern in EMAIL_PATTERNS:
        text = pattern.sub(lambda found: f"{found[0][0]}•••@•••", text)
    parts, end = [], 0
    for moment in MOMENT.finditer(text):
        parts += [_mask_phones(text[end : moment.start()]), moment[0]]
        end = moment.end()
    return "".join([*parts, _mask_phones(text[end:])])


def _mask_phones(text: str) -> str:
    for pattern in PHONE_PATTERNS:
        text = pattern.sub(_masked_phone, text)
    return text


def _masked_phone(found: re.Match[str]) -> str:
    """Keep the last two digits, by which staff tell two numbers apart, if the number ends with two."""
    last = found[0][-2:]
    return f"••• {last}" if last.isdigit() else "•••"
