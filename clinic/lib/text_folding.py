"""Fold text for search: accents, case, apostrophes and hyphens do not matter on either side of a comparison."""

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

APOSTROPHES = re.compile("['’‘ʼʻ`´′＇]")
DROPPED = {ord(sign): None for sign in "'`"}  # what is left of them in ASCII
WORDS = re.compile(r"[a-z0-9]+")
PHONE_TEXT = re.compile(r"[\d\s()+./\-\u00ad\u2010-\u2015\u2212]+")
EXTENSION = re.compile(r"(?:;?ext(?:ension|n)?\.?[ =]?|x|#) ?\d{1,7}$")
PHONE_MIN = 3  # fewer digits are searched as a word


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return `text` as lower-case ASCII words, separated by single spaces.

    Other scripts and letters without a decomposition (ø, ł, ß) are transliterated. Apostrophes are dropped, so that
    “O’Neil” is “oneil”; every other sign separates words.
    """
    if not text.isascii():
        text = anyascii(APOSTROPHES.sub("", unicodedata.normalize("NFKC", text)))
    text = text.translate(DROPPED).lower()
    return " ".join(text.split() if text.replace(" ", "").isalnum() else WORDS.findall(text))


def phone_digits(text: str) -> str:
    """Return the digits to look for when `text` is a phone number in any notation; empty when it is not.

    Leaves out what an E.164 number lacks: an extension, and the zeros of a trunk or of international dialing.
    """
    number = EXTENSION.sub("", text.strip().lower().removeprefix("tel:").replace("(0)", ""))
    digits = re.sub(r"[^0-9]", "", number)
    if not PHONE_TEXT.fullmatch(number) or len(digits) < PHONE_MIN:
        return ""
    return digits.lstrip("0") or digits
