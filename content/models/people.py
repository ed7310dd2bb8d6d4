from django.db import models


class Person(models.Model):
    """Somebody named on a page: author, reviewer or staff."""

    key = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=120)
    bio = models.TextField(max_length=1000, blank=True)
    on_landing_page = models.BooleanField("shown as staff on the landing page", default=False)

    class Meta:
        verbose_name_plural = "people"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
