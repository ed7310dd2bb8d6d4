"""Rows that are written once."""

from typing import Any, ClassVar, NoReturn

from django.db import models


class AppendOnlyQuerySet(models.QuerySet[Any]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("These rows are a record: they are added, never changed.")

    def delete(self) -> NoReturn:
        raise TypeError("These rows are a record: they are added, never deleted.")


class AppendOnly(models.Model):
    """A record: `save` adds it once; changing or deleting it raises TypeError."""

    objects: ClassVar[models.Manager[Any]] = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("This row is a record: it is added, never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("This row is a record: it is added, never deleted.")
