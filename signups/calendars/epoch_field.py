"""A moment as seconds since 1970, which is read several times as fast as a DateTimeField of SQLite."""

import datetime as dt
from typing import Any

from django.db import models


class EpochField(models.BigIntegerField):
    """Holds an aware datetime of whole seconds. For the thousands of busy times that each offer of slots reads."""

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(int(value.timestamp()) if isinstance(value, dt.datetime) else value)

    def from_db_value(self, value: int | None, *_: Any) -> dt.datetime | None:
        return None if value is None else dt.datetime.fromtimestamp(value, dt.UTC)
