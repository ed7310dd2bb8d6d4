"""Which edition of the public content is current."""

import uuid
from typing import Any

from django.db import connection, models


class ContentVersion(models.Model):
    """One row (`pk=1`) whose token every change of published content replaces, in the transaction of the change.

    A token is never reused. A counter would be: after a rollback, the next change would get the number under which
    rolled-back content may have been cached.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    token = models.UUIDField(default=uuid.uuid4)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="content_contentversion_singleton")]

    def __str__(self) -> str:
        return str(self.token)

    @classmethod
    def current_token(cls) -> str | None:
        """None while there is no content at all. In plain SQL: nearly every request asks, a sign-up several times."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT token FROM {cls._meta.db_table} WHERE id = 1")  # noqa: S608  (a name of our own)
            row = cursor.fetchone()
        return str(row[0]) if row else None

    @classmethod
    def invalidate(cls, **_: Any) -> None:
        """A receiver of the models' signals; a bulk `update()`, which sends none, is followed by a call of this."""
        if not cls.objects.filter(pk=1).update(token=uuid.uuid4()):
            cls.objects.get_or_create(pk=1)
