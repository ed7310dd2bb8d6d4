"""Append-only models."""

from typing import Any, ClassVar, NoReturn

from django.db import models


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Queryset whose `update` and `delete` raise TypeError."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("These rows are a record: they are added, never changed.")

    def delete(self) -> NoReturn:
        raise TypeError("These rows are a record: they are added, never deleted.")


class AppendOnly(models.Model):
    """Model whose rows are inserted once; changing or deleting raises TypeError."""

    objects: ClassVar[models.Manager[Any]] = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("This row is a record: it is added, never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("This row is a record: it is added, never deleted.")
