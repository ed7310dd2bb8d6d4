"""People named on pages."""

from django.conf import settings
from django.db import models


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

    def __str__(self) -> str:
        return self.name
