"""Many new rows at once, as quickly as the database takes them."""

import json
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState

from .encryption import EncryptedTextField, encrypt
from .models.events import SignatureField

AT_ONCE = 5000
# Kinds of columns in which something else stands than the row says, and how that is made of the row.
MADE: dict[type[Any], Callable[[Any, models.Model], Any]] = {
    EncryptedTextField: lambda field, row: encrypt(getattr(row, field.attname)),
    SignatureField: lambda field, row: field.pre_save(row, add=True),
    models.JSONField: lambda field, row: json.dumps(getattr(row, field.attname)),
}
T = TypeVar("T")
M = TypeVar("M", bound=models.Model)


def new(model: type[M], **columns: Any) -> M:
    """A row with these values of its columns (`lead_id`, not `lead`): like `model(…)`, for a tenth of the work."""
    plain, called = _defaults(model)
    row = model.__new__(model)
    row.__dict__ = plain | {name: default() for name, default in called} | columns | {"_state": ModelState()}
    return row


@cache
def _defaults(model: type[models.Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """Per column its default, and those that are made anew for each row."""
    fields = [field for field in model._meta.local_concrete_fields if not field.generated]
    called = [(field.attname, field.default) for field in fields if field.has_default() and callable(field.default)]
    return {field.attname: field.get_default() for field in fields}, called


def add(rows: Sequence[models.Model]) -> None:
    """Stores new rows of one model, which learn their keys by it: on PostgreSQL by COPY, for a third of the work.

    Raises IntegrityError, as `bulk_create` does.
    """
    if not rows:
        return
    model = type(rows[0])
    if connection.vendor != "postgresql":
        model._default_manager.bulk_create(rows, batch_size=AT_ONCE)
        return
    _give_keys([row for row in rows if row.pk is None], model)
    fields = [field for field in model._meta.local_concrete_fields if not field.generated]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {quote(model._meta.db_table)} ({columns}) FROM STDIN") as copy,
    ):
        read = _reader(fields)
        for row in rows:
            copy.write_row(read(row))


def _give_keys(rows: Sequence[models.Model], model: type[models.Model]) -> None:
    """Each the next number of the table's own sequence: a hole stays where they are not stored after all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, len(rows)],
        )
        for row, (key,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = key


def _reader(fields: Sequence[Any]) -> Callable[[models.Model], list[Any]]:
    """What gives the columns of a row: its attributes as they are, but for the few that are made."""
    plain = itemgetter(*(field.attname for field in fields))
    made = [(place, field, MADE[type(field)]) for place, field in enumerate(fields) if type(field) in MADE]

    def read(row: models.Model) -> list[Any]:
        values = list(plain(row.__dict__))
        for place, field, make in made:
            values[place] = make(field, row)
        return values

    return read


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same, each made while the one before is stored: by a thread, which must not ask the database."""
    made: queue.Queue[T | BaseException | None] = queue.Queue(maxsize=2)

    def make() -> None:
        try:
            for item in items:
                made.put(item)
            made.put(None)
        except BaseException as error:
            made.put(error)

    threading.Thread(target=make, daemon=True).start()
    while (item := made.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item
