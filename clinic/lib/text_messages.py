"""Text messages (SMS): encoding, length in segments, keywords, and the interface of a backend. Pure."""

import re
from typing import Protocol

from anyascii import anyascii

# GSM 7-bit default alphabet (3GPP TS 23.038 §6.2.1); each character of the extension takes two septets.
GSM_CHARACTERS = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_ESCAPED = frozenset("^{}\\[~]|€\f")
GSM_SEGMENT, GSM_PART = 160, 153  # septets of a single message, and of one part of several (3GPP TS 23.040 §9.2.3.24.1)
UCS2_SEGMENT, UCS2_PART = 70, 67
TYPOGRAPHY = str.maketrans("’‘“”–—−\u00a0\u202f", "''\"\"---  ")


# Words that stop, resume and explain texts (CTIA Messaging Principles §5.1.3; 47 CFR 64.1200(a)(10)).
STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
START_WORDS = frozenset({"start", "unstop"})
HELP_WORDS = frozenset({"help", "info"})


class TextSender(Protocol):
    """Sends a text; chosen by `settings.TEXT_BACKEND`."""

    def send(self, to: str, body: str, reference: str) -> str:
        """Send `body` to the E.164 number `to` and return the provider's id of it.

        `reference` is our id of the message. Raises TextRefused, or the error of the connection.
        """


class TextRefused(Exception):
    """The provider refused a text; `code` is the provider's error code.

    `permanent`: it will be refused again. `opted_out`: the person sent STOP to the carrier. `unreachable`: the number
    cannot receive texts.
    """

    def __init__(
        self, code: str, *, permanent: bool = False, opted_out: bool = False, unreachable: bool = False
    ) -> None:
        super().__init__(code)
        self.code, self.permanent, self.opted_out, self.unreachable = code, permanent, opted_out, unreachable


def plain_characters(text: str) -> str:
    """Return `text` with typographic quotes and dashes as in GSM 7-bit, so that it needs fewer segments."""
    return text.translate(TYPOGRAPHY)


def to_gsm(text: str) -> str:
    """Return `text` in the GSM 7-bit alphabet; letters outside it are spelled in ASCII."""
    plain = plain_characters(text)
    return "".join(char if is_gsm(char) else anyascii(char) for char in plain)


def is_gsm(text: str) -> bool:
    """Return whether every character is in the GSM 7-bit alphabet; otherwise a text is sent as UCS-2."""
    return all(character in GSM_CHARACTERS or character in GSM_ESCAPED for character in text)


def count_segments(text: str) -> int:
    """Return in how many messages the carrier delivers and charges `text`.

    A character is never split over two segments.
    """
    if is_gsm(text):
        sizes, single, part = [1 + (character in GSM_ESCAPED) for character in text], GSM_SEGMENT, GSM_PART
    else:  # (UTF-16 code units: an emoji takes two)
        sizes, single, part = [1 + (ord(character) > 0xFFFF) for character in text], UCS2_SEGMENT, UCS2_PART
    if sum(sizes) <= single:
        return 1
    segments, used = 1, 0
    for size in sizes:
        if used + size > part:
            segments, used = segments + 1, 0
        used += size
    return segments


# A text is read by whoever holds the phone, and on its locked screen.
_HEALTH_WORDS = re.compile(
    r"\b(ketamine|esketamine|spravato|depress\w*|anxi\w*|ptsd|trauma\w*|suicid\w*|bipolar|psych\w*|mental\w*|mood"
    r"|diagnos\w*|symptom\w*|prescri\w*|medicat\w*|medicine\w*|dos(e|es|age)|lozenge\w*|infusion\w*|therap\w*"
    r"|treatment\w*|patient\w*|doctor\w*|clinician\w*|illness\w*|pain|health|blood pressure|addict\w*|drugs?)\b",
    re.IGNORECASE,
)


def find_health_word(text: str) -> str:
    """Return the first word of `text` about health or care, or ""."""
    found = _HEALTH_WORDS.search(text)
    return found[0] if found else ""


def parse_keyword(body: str) -> str:
    """Return "stop", "start", "help", or "" for any other text.

    Case, punctuation and spaces do not matter; words beside the keyword make it an ordinary message.
    """
    word = re.sub(r"[\W_]", "", body.lower())
    for keyword, words in (("stop", STOP_WORDS), ("start", START_WORDS), ("help", HELP_WORDS)):
        if word in words:
            return keyword
    return ""


# Phrases by which somebody revokes in their own words: "any reasonable manner" (47 CFR 64.1200(a)(10)).
_STOP_PHRASES = re.compile(
    r"\b(stop|quit) (texting|messaging|contacting|sending|calling)\b"
    r"|\b(do not|don'?t|never) (text|message|contact) me\b"
    r"|\b(unsubscribe|opt( me)? out|no more (texts|messages)|leave me alone|remove (me|my number)|take me off)\b"
    r"|^\W*(please )?(stop|unsubscribe|cancel|end|quit)( please| all| texts?| messages?| now)*\W*$",
    re.IGNORECASE,
)


def asks_to_stop(body: str) -> bool:
    """Return whether `body` is a stop keyword or asks in other words for no more texts."""
    plain = plain_characters(body)
    return parse_keyword(plain) == "stop" or bool(_STOP_PHRASES.search(plain))
