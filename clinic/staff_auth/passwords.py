"""No password made of the clinic's own words (ASVS 5.0 V6.2.11)."""

import re
import unicodedata
from typing import Any

from django.core.exceptions import ValidationError

from content.models.profile import ClinicProfile

OWN_WORDS = ["ketamine", "esketamine", "spravato", "clinic", "caredesk", "care", "desk", "therapy", "trial", "patient"]
OWN_WORDS += ["treatment", "doctor", "health", "password", "welcome", "admin", "staff", "login"]
LOOK_ALIKES = str.maketrans("013457@$!", "oieastasi")
MIN_REST = 6  # letters and digits that are left without those words


class ClinicWordsValidator:
    """Refuse a password of which little is left without the words that everybody connects with the clinic."""

    def validate(self, password: str, user: Any = None) -> None:
        typed = unicodedata.normalize("NFKC", password[:200]).casefold()
        words = sorted({*OWN_WORDS, *_name_words()}, key=len, reverse=True)
        for text in (typed, typed.translate(LOOK_ALIKES)):
            rest = re.sub("|".join(map(re.escape, words)), "", text)
            rest = re.sub(r"[\W_]|\d{1,4}$", "", rest)
            if rest != re.sub(r"[\W_]", "", text) and len(rest) < MIN_REST:
                raise ValidationError(self.get_help_text(), code="password_of_the_clinic")

    def get_help_text(self) -> str:
        return "Your password can’t be made of words about the clinic or its work."


def _name_words() -> list[Any]:
    """Return the words of the clinic's name and of its mailbox's domain."""
    profile = ClinicProfile.objects.first()
    if profile is None:
        return []
    text = f"{profile.name} {profile.mailbox.rpartition('@')[2].rpartition('.')[0]}"
    return re.findall(r"\w{4,}", text.casefold())
