"""A database constraint against overlapping periods, for PostgreSQL and SQLite."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table

EXCLUDE = (
    "CONSTRAINT %(name)s EXCLUDE USING gist (%(owner)s WITH =, tstzrange(%(start)s, %(end)s, '[)') WITH &&)"
    " WHERE (%(status)s = %(held)s)"
)
TRIGGER = (
    "CREATE TRIGGER %(trigger)s BEFORE %(event)s ON %(table)s WHEN NEW.%(status)s = %(held)s AND EXISTS ("
    "SELECT 1 FROM %(table)s WHERE %(owner)s = NEW.%(owner)s AND %(status)s = %(held)s"
    " AND %(start)s < NEW.%(end)s AND %(end)s > NEW.%(start)s%(others)s)"
    " BEGIN SELECT RAISE(ABORT, %(message)s); END"
)


class NoOverlap(models.BaseConstraint):
    """Forbid overlapping `[start, end)` in rows of one `owner` with the status `held`.

    PostgreSQL uses an exclusion constraint (requires the extension btree_gist). SQLite uses triggers, which are created
    together with the table, because Django's table rebuilds drop every trigger.
    """

    def __init__(self, *, owner: str, start: str, end: str, status: str, held: str, name: str) -> None:
        super().__init__(name=name)
        self.owner, self.start, self.end, self.status, self.held = owner, start, end, status, held

    def deconstruct(self) -> tuple[str, Any, Any]:
        path, args, kwargs = super().deconstruct()
        attributes = ("owner", "start", "end", "status", "held")
        return path, args, {**kwargs, **{name: getattr(self, name) for name in attributes}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NoOverlap) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash(self.name)

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        parts = self._parts(model, schema_editor)
        if schema_editor.connection.vendor == "postgresql":
            return EXCLUDE % parts
        for event, others in (("INSERT", ""), ("UPDATE", " AND id <> NEW.id")):
            trigger = schema_editor.quote_name(f"{self.name}_{event.lower()}")
            table = Table(model._meta.db_table, schema_editor.quote_name)
            statement = Statement(TRIGGER, **{**parts, "table": table}, trigger=trigger, event=event, others=others)
            schema_editor.deferred_sql.append(statement)
        return ""  # no clause inside CREATE TABLE

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        """Add the constraint on PostgreSQL; on SQLite, Django rebuilds the table instead."""
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} ADD {self.constraint_sql(model, schema_editor)}"

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} DROP CONSTRAINT {schema_editor.quote_name(self.name)}"

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: str = "default") -> None:
        """Raise ValidationError when `instance` would overlap another row."""
        start, end = getattr(instance, self.start), getattr(instance, self.end)
        if getattr(instance, self.status) != self.held or not (start and end):
            return
        others = model._default_manager.using(using).exclude(pk=instance.pk)
        owner = getattr(instance, model._meta.get_field(self.owner).attname)
        overlapping = {self.owner: owner, self.status: self.held, f"{self.start}__lt": end, f"{self.end}__gt": start}
        if others.filter(**overlapping).exists():
            raise ValidationError("This time is taken.", code=self.violation_error_code)

    def _parts(self, model: Any, schema_editor: BaseDatabaseSchemaEditor) -> dict[str, str]:
        def column(field: str) -> str:
            return schema_editor.quote_name(model._meta.get_field(field).column)

        return {
            "name": schema_editor.quote_name(self.name),
            "message": schema_editor.quote_value(self.name),
            "held": schema_editor.quote_value(self.held),
            **{part: column(getattr(self, part)) for part in ("owner", "start", "end", "status")},
        }
