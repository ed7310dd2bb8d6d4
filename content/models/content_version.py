"""Version of the public content, the key of caches."""

import uuid
from typing import Any

from django.db import connection, models


class ContentVersion(models.Model):
    """One row (`pk=1`) whose token every change of public content replaces.

    In the change's own transaction.

    Tokens are never reused. A counter would be: after a rollback, the next change would get the number under which
    the rolled-back content may be cached.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    token = models.UUIDField(default=uuid.uuid4)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="content_contentversion_singleton")]

    def __str__(self) -> str:
        return str(self.token)

    @classmethod
    def current_token(cls) -> str | None:
        """Return the token, or None without any content.

        Plain SQL, because nearly every request needs the token.
        """
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT token FROM {cls._meta.db_table} WHERE id = 1")  # noqa: S608 - the model's own table
            row = cursor.fetchone()
        return str(row[0]) if row else None

    @classmethod
    def invalidate(cls, **_: Any) -> None:
        """Replace the token: a signal receiver, to be called after a bulk `update()` too."""
        if not cls.objects.filter(pk=1).update(token=uuid.uuid4()):
            cls.objects.get_or_create(pk=1)
