"""People named on pages."""

from django.conf import settings
from django.db import models

from clinic.lib.append_only import AppendOnly


class Person(models.Model):
    """A person named on a page: author, reviewer or staff."""

    key = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=120)
    bio = models.TextField(max_length=1000, blank=True)
    on_landing_page = models.BooleanField("Show on landing page", default=False)

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="person",
        help_text="User account, needed to approve articles.",
    )

    class Meta:
        verbose_name = "author or reviewer"
        verbose_name_plural = "authors and reviewers"
        ordering = ["name"]

        permissions = [("confirm_person", "Can confirm the name and role under which somebody signs off")]

    def __str__(self) -> str:
        return self.name

    @property
    def credential(self) -> tuple[str, str]:
        """Name and role, as pages print them of a medical reviewer."""
        return self.name, self.role

    @property
    def is_confirmed(self) -> bool:
        """Whether somebody else has confirmed this very name and role."""
        newest = self.confirmations.first()
        return newest is not None and (newest.name, newest.role) == self.credential


class CredentialConfirmation(AppendOnly):
    """That somebody else looked up a person's name and role, such as in a state's register of licenses."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="confirmations")
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=120)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name}, {self.role}"
