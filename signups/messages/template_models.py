"""Templates of manual e-mails, written beforehand by the Head."""

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from clinic.lib.advertising import find_advertising

from .choices import EmailPurpose

# Placeholder name (in braces) → description of its value.
PLACEHOLDERS: Mapping[str, str] = {
    "first_name": "their first name",
    "clinic": "the clinic’s name",
    "clinic_phone": "the clinic’s phone number",
    "my_link": "their private link",
}
IN_SUBJECT = ("clinic",)  # subjects show in notifications, so they contain no name
BRACED = re.compile(r"\{([^{}]*)\}")
# Mailboxes may be shared and screens seen by others: an e-mail must not mention health.
HEALTH = re.compile(
    r"\b(?:e?s?ketamin\w*|infusion\w*|lozenge\w*|dos(?:e|es|age|ing)|drugs?|medic(?:al|ine|ines|ation|ations)|"
    r"prescri\w+|therap\w+|treatments?|diagnos\w+|symptoms?|disorders?|illness(?:es)?|diseases?|depress\w*|anxi\w+|"
    r"suicid\w*|ptsd|ocd|bipolar|trauma\w*|psych\w+|mental|addict\w*|pain)\b",
    re.IGNORECASE,
)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace each placeholder in `text` by its value.

    Validated text has no other braces.
    """
    return BRACED.sub(lambda found: values[found[1]], text)


def validate_subject(text: str) -> None:
    _validate(text, IN_SUBJECT)


def validate_text(text: str) -> None:
    _validate(text, tuple(PLACEHOLDERS))


def _validate(text: str, known: tuple[str, ...]) -> None:
    for name in BRACED.findall(text):
        if name not in known:
            may = ", ".join(f"{{{one}}}" for one in known)
            raise ValidationError(f"{{{name}}} isn’t a placeholder. Use {may}.")
    if {"{", "}"} & set(BRACED.sub("", text)):
        raise ValidationError("Check for an unclosed brace. Placeholders look like {clinic}.")
    if found := HEALTH.search(text):
        raise ValidationError(f"“{found[0]}” refers to health. Others may see this email, so please reword.")
    if advertising := next(find_advertising(text), None):
        raise ValidationError(f"“{advertising.words}” promises or praises. Please reword.")


class EmailTemplate(models.Model):
    """A manual e-mail that staff can select. Holds no personal data."""

    name = models.CharField(max_length=60, unique=True, help_text="Name staff will see.")
    purpose = models.CharField(
        "Purpose",
        max_length=20,
        choices=EmailPurpose,
        default=EmailPurpose.TRANSACTIONAL,
        help_text="Newsletters go only to people who opted in.",
    )
    subject = models.CharField(max_length=100, validators=[validate_subject], help_text="You can use {clinic}.")
    text = models.TextField(
        max_length=4000,
        validators=[validate_text],
        help_text=f"You can use {'; '.join(f'{{{name}}}: {what}' for name, what in PLACEHOLDERS.items())}. "
        "The clinic’s address, the crisis line and an unsubscribe link are added below it.",
    )
    is_active = models.BooleanField("Active", default=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "email template"

    def __str__(self) -> str:
        return self.name

    def reworded(self, subject: str, text: str) -> "EmailTemplate":
        """Return this template in the words of one email; it is not saved. Empty words are those of the template."""
        if not subject and not text:
            return self
        words = {"subject": subject or self.subject, "text": text or self.text}
        edited = EmailTemplate(pk=self.pk, name=self.name, purpose=self.purpose, is_active=self.is_active, **words)
        edited.clean()
        return edited

    def clean(self) -> Any:
        self.text = "\n".join(line.rstrip() for line in self.text.splitlines()).strip()
