"""Which edition of the public content is current."""

from typing import Any

from django.db import models
from django.db.models import F


class Edition(models.Model):
    """One row (`pk=1`), whose number every change of what visitors read raises, in the change's own transaction."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    number = models.PositiveBigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="content_one_edition")]

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def current_number(cls) -> int:
        return cls.objects.values_list("number", flat=True).first() or 0

    @classmethod
    def bump(cls, **_: Any) -> None:
        """A receiver of the models' signals; a bulk `update()`, which sends none, is followed by a call of this."""
        if not cls.objects.filter(pk=1).update(number=F("number") + 1):
            cls.objects.get_or_create(pk=1)
