"""A lead: a person who requested a trial or a call."""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Cast, Concat, Left, Lower, Replace, Right, StrIndex
from django.db.models.lookups import Exact

from clinic.lib import lookups as lookups  # registers `one_of`
from clinic.lib import phone_numbers, time_zones, zone_inference
from clinic.lib.encryption import EncryptedTextField
from clinic.lib.identity import GMAIL, Identity
from clinic.lib.person_names import name_key
from clinic.lib.text_folding import fold, phone_digits

from .choices import OPEN_STATUSES, TERMINAL_STATUSES, CareFor, Channel, LeadStatus, PartOfDay
from .phone_display import PhoneDisplay

if TYPE_CHECKING:
    from signups.trials.models import Trial


def mailbox_expression(column: str) -> models.Case:
    """SQL expression of `identity.canonical_mailbox` for the address in `column`."""
    at = StrIndex(column, models.Value("@"))
    local = Concat(Left(column, at - 1), models.Value("+"))
    name = Replace(Left(local, StrIndex(local, models.Value("+")) - 1), models.Value("."))
    folded = Concat(name, models.Value("@gmail.com"))
    at_gmail = [
        models.When(Exact(Right(column, len(domain) + 1), f"@{domain}"), then=folded) for domain in sorted(GMAIL)
    ]
    return models.Case(*at_gmail, default=models.F(column), output_field=models.CharField())


def address_name_expression(email: str, name: str) -> Concat:
    """SQL expression of what a person’s addresses at several providers share: what is before the @, an initial."""
    local = Concat(Left(email, StrIndex(email, models.Value("@")) - 1), models.Value("+"))
    plain = Replace(Left(local, StrIndex(local, models.Value("+")) - 1), models.Value("."))
    return Concat(plain, models.Value("|"), Left(name, 1))


MAILBOX_EXPRESSION = mailbox_expression("email_key")
NAME_FOLDED_LENGTH = 200  # a letter may become several
PUBLIC_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class LeadQuerySet(models.QuerySet["Lead"]):
    def live(self) -> Self:
        """Exclude merged and erased leads; an e-mail address is unique among the rest."""
        return self.exclude(status__in=TERMINAL_STATUSES)

    def open(self) -> Self:
        """Leads with pending staff work."""
        return self.filter(status__in=OPEN_STATUSES)

    def unassigned(self) -> Self:
        """Unassigned leads."""
        return self.open().filter(owner=None)

    def with_mailbox(self, mailboxes: Iterable[str]) -> Self:
        """Leads whose address has one of these canonical mailboxes (`identity.canonical_mailbox`)."""
        # (The condition of the partial index: PostgreSQL does not infer from the list that no value is "".)
        return self.exclude(email_key="").annotate(mailbox=MAILBOX_EXPRESSION).filter(mailbox__one_of={*mailboxes})

    def with_number(self, numbers: Iterable[str]) -> Self:
        """Leads with one of these numbers (E.164), whatever their extension."""
        return self.exclude(phone_e164="").filter(phone_e164__one_of={*numbers})

    def awaiting_rotation(self) -> Self:
        """Unassigned leads that nobody keeps unassigned on purpose."""
        return self.unassigned().filter(kept_unassigned=False)

    def search(self, text: str, *, names_only: bool = False) -> Self:
        """Leads whose name, email address or number contains every word, in any order.

        Accents, case, apostrophes and hyphens do not matter, nor how a number is written. A public id finds its lead.
        """
        if PUBLIC_ID.fullmatch(text.strip()):
            return self.filter(public_id=text.strip())
        return self.filter(_search_filter(text, "name_folded" if names_only else "search_text"))

    def update(self, **kwargs: Any) -> int:
        return super().update(**kwargs | name_forms(kwargs))


_WHITESPACE = models.Value(" ")


def _search_filter(text: str, column: str) -> models.Q:
    """Return the condition that `column` contains every word of `text`; matches nothing when there is no word.

    Words of one or two letters match only the start of a word: the trigram index needs three letters.
    """
    if not text.strip():
        return models.Q()
    if digits := phone_digits(text):
        return models.Q(**{f"{column}__contains": digits})
    words = [
        needle
        for word in text.replace("mailto:", "").split()
        for needle in ([word.strip("<>()[],;\"'").lower()] if "@" in word.strip("<>()[],;\"'") else fold(word).split())
    ]
    found = models.Q() if words else models.Q(pk__in=[])
    for word in words:
        found &= models.Q(**{f"{column}__contains": word if len(word) > 2 else f" {word}"})
    return found


NAME_FORMS: Mapping[str, Callable[[str], str]] = {
    "name_folded": fold,
    "name_key": name_key,
}  # columns that are computed from the name


def name_forms(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns that are computed from the name, where `values` has one."""
    if "name" not in values:
        return {}
    return {column: form(values["name"])[:NAME_FOLDED_LENGTH] for column, form in NAME_FORMS.items()}


class FoldedField(models.CharField):
    """A form of another field that is compared (`NAME_FORMS`), computed at every write."""

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        self.source = source
        super().__init__(*args, **kwargs | {"editable": False})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["editable"]
        return name, path, args, {**kwargs, "source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = NAME_FORMS[self.attname](getattr(model_instance, self.source))[: self.max_length]
        setattr(model_instance, self.attname, value)
        return value


class Lead(PhoneDisplay, models.Model):
    """Contact details as entered, beside their normalized forms.

    The normalized ones are compared and dialled (`clinic/lib/normalization.py`).
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {
        "name": "",
        "name_folded": "",
        "name_key": "",
        "email": "",
        "email_key": "",
        "phone": "",
        "phone_e164": "",
        "phone_extension": "",
        "time_zone": "UTC",
        "preferred_channel": Channel.EMAIL,
        "best_time": PartOfDay.ANY,
        "signing_up_for": "",
        "state": "",
        "referral_answer": "",
        "first_touch_source": "",
        "close_reason": "",
    }

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    name_folded = FoldedField(source="name", max_length=NAME_FOLDED_LENGTH)
    name_key = FoldedField(source="name", max_length=NAME_FOLDED_LENGTH)
    # Empty for leads that gave only a phone number.
    email = models.EmailField("email", max_length=254, blank=True)
    email_key = models.CharField(max_length=254, blank=True, editable=False)
    phone = models.CharField(max_length=40, blank=True)
    phone_e164 = models.CharField("phone, E.164", max_length=16, blank=True, editable=False)
    phone_extension = models.CharField(
        "extension", max_length=phone_numbers.EXTENSION_LENGTH, blank=True, editable=False
    )
    time_zone = models.CharField(max_length=64)
    # The zone was derived from the state, the area code or the clinic's, not stated.
    zone_is_guessed = models.BooleanField("time zone is guessed", default=False, editable=False)
    preferred_channel = models.CharField("reach by", max_length=10, choices=Channel, default=Channel.EMAIL)
    best_time = models.CharField("best time to call", max_length=10, choices=PartOfDay, default=PartOfDay.ANY)
    signing_up_for = models.CharField("who it is for", max_length=10, choices=CareFor, blank=True)
    state = models.CharField("lives in", max_length=2, blank=True)
    referral_answer = EncryptedTextField("how they heard of us", blank=True, unreadable_as="(could not be read)")
    first_touch_source = models.CharField("first came from", max_length=100, blank=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="leads"
    )
    # Staff took the owner away on purpose: rotation leaves the lead alone until somebody assigns it.
    kept_unassigned = models.BooleanField(default=False, editable=False)
    status = models.CharField(max_length=10, choices=LeadStatus, default=LeadStatus.NEW)
    close_reason = models.CharField(max_length=200, blank=True)
    # Incrementing a version invalidates every portal link, or every confirmation link, issued so far.
    portal_token_version = models.PositiveIntegerField(default=1, editable=False)
    confirmation_token_version = models.PositiveIntegerField(default=1, editable=False)
    unsubscribed_at = models.DateTimeField("stopped our email at", null=True, editable=False)
    # A permanent failure of delivery; cleared when the address is corrected.
    # Nothing more is sent to the address, or texts to the number, that does not work (`consents/problems.py`).
    email_bounced_at = models.DateTimeField("email bounced at", null=True, editable=False)
    email_failure = models.CharField(max_length=60, blank=True, editable=False)  # the server's code, or COMPLAINT
    texts_failed_at = models.DateTimeField("texts failed at", null=True, editable=False)
    # Somebody else answered at the number: it is not dialled until they say it again, or another one.
    wrong_number_at = models.DateTimeField("wrong number at", null=True, editable=False)
    do_not_call_at = models.DateTimeField("asked not to be called at", null=True, editable=False)
    # Lifted, as the one above, by a later consent.
    no_texts_at = models.DateTimeField("opted out of texts at", null=True, editable=False)
    # Written by `contact.record_contact`, and by nothing else.
    first_contact_at = models.DateTimeField("first contact", null=True, editable=False)
    last_contact_at = models.DateTimeField("last contact", null=True, editable=False)
    import_job = models.ForeignKey(
        "signups.ImportJob", on_delete=models.PROTECT, null=True, related_name="leads", db_index=False, editable=False
    )
    created_at = models.DateTimeField(editable=False)
    # Generated by the database, so that no write path can omit it. PostgreSQL has a trigram index on it (migration
    # `search`); SQLite has no such index.
    search_text = models.GeneratedField(
        expression=Lower(
            Concat(
                _WHITESPACE, "name_folded", _WHITESPACE, Cast("email", models.CharField()), _WHITESPACE, "phone_e164"
            )
        ),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = LeadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        permissions = [
            ("see_contact", "Can see contact details"),
            ("take_lead", "Is given new leads in turn"),
            ("work_any_lead", "Can work other people’s leads"),
            ("manage_staff", "Can add, change and offboard staff"),
            ("confirm_reset", "Can confirm that a colleague lost the second step"),
            ("reopen_lead", "Can reopen closed leads"),
            ("merge_lead", "Can merge leads and undo merges"),
            ("erase_lead", "Can erase leads"),
            ("export_lead", "Can export leads"),
            ("import_lead", "Can import leads"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["email_key"],
                condition=~models.Q(status__in=TERMINAL_STATUSES) & ~models.Q(email_key=""),
                name="signups_lead_live_unique_email",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=TERMINAL_STATUSES) | ~models.Q(email_key="") | ~models.Q(phone_e164=""),
                name="signups_lead_live_is_reachable",
            ),
            models.CheckConstraint(
                condition=models.Q(status=LeadStatus.CLOSED, close_reason__gt="")
                | (~models.Q(status=LeadStatus.CLOSED) & models.Q(close_reason="")),
                name="signups_lead_closed_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="signups_lead_newest"),
            models.Index(fields=["status", "-created_at", "-id"], name="signups_lead_status_newest"),
            models.Index(fields=["name_folded", "id"], name="signups_lead_by_name"),
            models.Index(fields=["last_contact_at", "id"], name="signups_lead_by_contact"),
            models.Index(fields=["time_zone", "-created_at", "-id"], name="signups_lead_zone_newest"),
            models.Index(fields=["first_touch_source", "-created_at", "-id"], name="signups_lead_source_newest"),
            models.Index(fields=["preferred_channel", "-created_at", "-id"], name="signups_lead_channel_newest"),
            models.Index(
                fields=["phone_e164"],
                condition=~models.Q(status__in=TERMINAL_STATUSES) & ~models.Q(phone_e164=""),
                name="signups_lead_phone",
            ),
            models.Index(
                MAILBOX_EXPRESSION,
                name="signups_lead_mailbox",
                include=["email_key"],  # enables an index-only scan in PostgreSQL
                condition=~models.Q(status__in=TERMINAL_STATUSES) & ~models.Q(email_key=""),
            ),
            models.Index(
                fields=["import_job", "-created_at", "-id"],
                condition=models.Q(import_job__isnull=False),
                name="signups_lead_import",
            ),
            models.Index(
                address_name_expression("email_key", "name_key"),
                name="signups_lead_address_name",
                condition=~models.Q(status__in=TERMINAL_STATUSES) & ~models.Q(email_key=""),
            ),
            models.Index(
                fields=["name_key"],
                name="signups_lead_name_key",
                condition=~models.Q(status__in=TERMINAL_STATUSES) & ~models.Q(name_key=""),
            ),
            models.Index(fields=["owner", "-created_at", "-id"], name="signups_lead_owner_newest"),
            models.Index(fields=["owner", "status", "-created_at", "-id"], name="signups_lead_owner_status"),
            models.Index(
                fields=["-created_at", "-id"],
                condition=models.Q(owner=None, status__in=OPEN_STATUSES),
                name="signups_lead_unassigned",
            ),
        ]

    def __str__(self) -> str:
        return self.name or "(erased)"

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is not None and "name" in (update_fields := {*update_fields}):
            update_fields |= {*NAME_FORMS}
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def zone_name(self) -> str:
        """The common name of the lead's time zone, for sentences: `Central Time`."""
        return time_zones.common_zone_name(self.time_zone)

    @property
    def has_number_to_call(self) -> bool:
        """Whether a call can be made: there is a number, and it is not known to be somebody else's."""
        return bool(self.phone_e164) and self.wrong_number_at is None

    @property
    def identity(self) -> Identity:
        return Identity(self.name, self.email_key, self.phone_e164, self.phone_extension)

    def contact_zones(self) -> list[str]:
        """Return the zones in all of which it must be a decent hour to call or text."""
        return zone_inference.contact_zones(
            self.time_zone, guessed=self.zone_is_guessed, state=self.state, e164=self.phone_e164
        )

    @property
    def zone_city(self) -> str:
        """The city of the lead's time zone: `New York`."""
        return time_zones.city_name(self.time_zone)

    def current_trial(self) -> "Trial | None":
        """Return the newest trial that was not cancelled, started or not."""
        return self.trials.filter(cancelled_at=None).first()

    def has_started_trial(self) -> bool:
        """Return whether a trial was ever started, by the link that proves the address to be theirs."""
        return self.trials.filter(started_at__isnull=False).exists()
