"""Insert and update many rows in one statement each: PostgreSQL reads them from one JSON parameter.

`bulk_create` prepares every value of every column by itself, which takes longer than the database does; here columns
that have their default in all rows are no part of the parameter. Other databases take Django's own way.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models

JSONRow = dict[str, Any]
BATCH = 1000  # rows of a statement


def insert_rows(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert `rows`, which all name the same columns (attname → value); return their ids in the same order.

    Every other column gets the default of its field. Call it in a transaction.
    """
    if not rows:
        return []
    if connection.vendor != "postgresql":
        made = model._default_manager.bulk_create([model(**row) for row in rows], batch_size=BATCH)
        return [row.pk for row in made]
    with connection.cursor() as cursor:
        # The name is looked up once, not for each id.
        cursor.execute(
            "SELECT nextval(s.name) FROM generate_series(1, %s), "
            "(SELECT pg_get_serial_sequence(%s, %s)::regclass AS name OFFSET 0) AS s",
            [len(rows), _quoted(model._meta.db_table), model._meta.pk.column],
        )
        keys = [key for (key,) in cursor.fetchall()]
        for start in range(0, len(rows), BATCH):
            _insert_batch(cursor, model, keys[start : start + BATCH], rows[start : start + BATCH])
    return keys


def _insert_batch(cursor: Any, model: type[models.Model], keys: list[int], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; a column with one value in all of them, such as a default, is one parameter."""
    fields = {field.attname: field for field in model._meta.local_concrete_fields if not field.generated}
    pk: Any = model._meta.pk
    first = rows[0]
    varying = {name: fields[name].column for name, value in first.items() if any(row[name] != value for row in rows)}
    same = {
        field: first[name] if name in first else field.get_default()
        for name, field in fields.items()
        if name not in varying and field is not pk
    }
    named = [pk, *(fields[name] for name in varying)]
    table = _quoted(model._meta.db_table)
    columns = ", ".join(_quoted(field.column) for field in (*named, *same))
    values = ", ".join([*(f"r.{_quoted(field.column)}" for field in named), *(["%s"] * len(same))])
    insert = f"INSERT INTO {table} ({columns}) SELECT {values} FROM {_recordset(named)}"  # noqa: S608 - our names
    batch = [
        {pk.column: key} | {column: row[name] for name, column in varying.items()}
        for key, row in zip(keys, rows, strict=True)
    ]
    parameters = [field.get_db_prep_save(value, connection) for field, value in same.items()]
    cursor.execute(insert, [*parameters, _json(batch)])


def update_rows(model: type[models.Model], rows: Mapping[int, Mapping[str, Any]]) -> None:
    """Write the values (attname → value) of each row, by primary key. Call it in a transaction."""
    if connection.vendor != "postgresql":
        for key, values in rows.items():
            model._default_manager.filter(pk=key).update(**values)
        return
    fields = {field.attname: field for field in model._meta.local_concrete_fields}
    alike: dict[tuple[str, ...], list[JSONRow]] = {}
    for key, values in rows.items():
        row = {model._meta.pk.column: key} | {fields[name].column: value for name, value in values.items()}
        alike.setdefault(tuple(sorted(values)), []).append(row)
    table, pk = _quoted(model._meta.db_table), _quoted(str(model._meta.pk.column))
    with connection.cursor() as cursor:
        for names, group in alike.items():
            columns = [_quoted(str(fields[name].column)) for name in names]
            changes = ", ".join(f"{column} = r.{column}" for column in columns)
            source = _recordset([model._meta.pk, *(fields[name] for name in names)])
            update = f"UPDATE {table} AS t SET {changes} FROM {source} WHERE t.{pk} = r.{pk}"  # noqa: S608 - our names
            for start in range(0, len(group), BATCH):
                cursor.execute(update, [_json(group[start : start + BATCH])])


def prefer_indexes() -> None:
    """Let PostgreSQL look up some hundred keys by index also in a small table, until the transaction ends.

    Its costs are those of a turning disk: it would read the whole table until that has a hundred thousand rows.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL random_page_cost = 1.1")


def _recordset(fields: Sequence[Any]) -> str:
    """Return the SQL of a table `r` of these columns, read from one JSON parameter."""
    types = ", ".join(f"{_quoted(field.column)} {field.db_type(connection)}" for field in fields)
    return f"json_to_recordset(%s::json) AS r({types})"


def _json(rows: list[JSONRow]) -> str:
    return json.dumps(rows, default=str, ensure_ascii=False, separators=(",", ":"))


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
