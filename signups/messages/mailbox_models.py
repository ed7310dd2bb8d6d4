"""How far the clinic's mailbox was read."""

from django.db import models


class MailboxPosition(models.Model):
    """The last message that was read; UIDs hold as long as `uid_validity` is the same (RFC 3501 §2.3.1.1)."""

    folder = models.CharField(max_length=200, unique=True)
    uid_validity = models.BigIntegerField()
    last_uid = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.folder}: {self.last_uid}"
