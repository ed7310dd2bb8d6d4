"""Cited sources, and exact quotations from them."""

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models

from content.evidence import ledger
from content.validators import validate_field_names, validate_names


class VerificationStatus(models.TextChoices):
    """Whether a source's details were verified."""

    VERIFIED = "checked", "checked"
    NEEDS_CHECK = "recheck", "to be re-checked"


class Source(models.Model):
    """A cited work; field names follow CSL-JSON 1.0, with `pages` for `page`."""

    class Type(models.TextChoices):
        JOURNAL = "article-journal", "journal article"
        NEWSPAPER = "article-newspaper", "news article"
        CHAPTER = "chapter", "chapter"
        LEGISLATION = "legislation", "legislation"
        REPORT = "report", "report"
        WEBPAGE = "webpage", "web page"

    key = models.SlugField(unique=True, help_text="What texts cite it by: [@key].")
    type = models.CharField(max_length=20, choices=Type)
    authors = models.JSONField(default=list, validators=[validate_names], help_text="Names as printed, in order.")
    title = models.CharField(max_length=400)
    container = models.CharField("published in", max_length=200, blank=True)
    volume = models.CharField(max_length=20, blank=True)
    issue = models.CharField(max_length=20, blank=True)
    pages = models.CharField(max_length=40, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    published_on = models.DateField(
        "day of publication",
        null=True,
        blank=True,
        help_text="The exact day, if known: web pages, news, notices.",
    )
    accessed_on = models.DateField(
        "last seen on", null=True, blank=True, help_text="When somebody last opened the link. Web pages need it."
    )
    doi = models.CharField(
        "DOI", max_length=120, blank=True, validators=[RegexValidator(r"^10\.\d{4,9}/\S+$", "A DOI begins with 10.")]
    )
    pmid = models.CharField(
        "PubMed number", max_length=12, blank=True, validators=[RegexValidator(r"^\d+$", "Digits only.")]
    )
    pmcid = models.CharField(
        "PubMed Central number",
        max_length=14,
        blank=True,
        validators=[RegexValidator(r"^PMC\d+$", "PMC and digits, such as PMC3424167.")],
    )
    url = models.URLField(max_length=400)
    archive_url = models.URLField(
        "archived copy", max_length=600, blank=True, help_text="Such as a copy in the Internet Archive."
    )
    evidence_type = models.CharField("kind of evidence", max_length=16, choices=ledger.EvidenceType)
    sample_size = models.PositiveIntegerField(
        "people in it",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many took part. A trial needs the number.",
    )
    status = models.CharField(max_length=10, choices=VerificationStatus, default=VerificationStatus.NEEDS_CHECK)
    recheck_fields = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_field_names],
        help_text="Fields not yet verified.",
    )

    class Meta:
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(evidence_type="trial") | models.Q(sample_size__isnull=False, sample_size__gte=1),
                name="content_source_trial_has_sample",
                violation_error_message="A trial says how many people took part.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.title}"

    @property
    def evidence_line(self) -> str:
        """Evidence as shown in a note: `randomized trial, 73 people`."""
        sample_size = f", {self.sample_size:,} people" if self.sample_size else ""
        return f"{self.get_evidence_type_display()}{sample_size}"

    @property
    def entry(self) -> ledger.LedgerSource:
        """Return the ledger's entry."""
        return ledger.LedgerSource(self.key, self.evidence_type, self.sample_size, self.title, self.year)


class Quotation(models.Model):
    """A speaker's exact words; pages show it only after its wording was checked."""

    key = models.SlugField(unique=True)
    text = models.TextField(max_length=1000)
    speaker = models.CharField(max_length=120)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="quotations")
    wording_checked = models.BooleanField(default=False)
    checked_on = models.DateField(null=True, blank=True, editable=False)
    checked_by = models.CharField(max_length=150, blank=True, editable=False, help_text="Name, as pages print it.")
    note = models.TextField(max_length=1000, blank=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return f"{self.key} ({self.speaker})"

    @property
    def entry(self) -> ledger.LedgerQuotation:
        """Return the ledger's entry."""
        return ledger.LedgerQuotation(self.key, self.text, self.speaker, self.source.key, self.wording_checked)
