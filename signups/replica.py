"""Long reads from a copy of the database, where there is one: the desk's charts and exports, and nothing else."""

import datetime as dt
import logging
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.core.cache import caches
from django.db import DEFAULT_DB_ALIAS, Error

from .models import Heartbeat

logger = logging.getLogger(__name__)

BEHIND = dt.timedelta(minutes=1)  # a copy that lacks more than this is not read
AWAY = 30  # seconds: for so long, one that could not be read is not asked again
NOT_NOW = "replica-not-now"
T = TypeVar("T")


def read(what: Callable[[str], T]) -> T:
    """`what(alias)` of the copy, or of the primary when there is no copy, it is away or too far behind.

    `what` reads all it wants before it returns: a lazy QuerySet would be asked too late to fall back.
    """
    copy = settings.LONG_READS
    if copy != DEFAULT_DB_ALIAS and not caches["memory"].get(NOT_NOW):
        try:
            if _is_fresh(copy):
                return what(copy)
            logger.warning("the replica is behind: reading from the primary")
        except Error as error:
            logger.warning("the replica cannot be read (%s): reading from the primary", type(error).__name__)
        caches["memory"].set(NOT_NOW, True, AWAY)
    return what(DEFAULT_DB_ALIAS)


def _is_fresh(copy: str) -> bool:
    """Whether the copy knows of the workers what the primary does: they write a beat every few seconds."""
    here, there = (
        Heartbeat.objects.using(alias).order_by("-at").values_list("at", flat=True).first()
        for alias in (DEFAULT_DB_ALIAS, copy)
    )
    return here is None or (there is not None and here - there <= BEHIND)
