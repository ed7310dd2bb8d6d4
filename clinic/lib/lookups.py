"""Lookup `one_of`: like `in`, with all values in one parameter, for lists of hundreds."""

import json
from typing import Any

from django.db.models import Field, Lookup


@Field.register_lookup
class OneOf(Lookup):
    lookup_name = "one_of"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        return "%s", [list(value) if connection.vendor == "postgresql" else json.dumps(list(value))]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        lhs, params = self.process_lhs(compiler, connection)
        rhs, values = self.get_db_prep_lookup(self.rhs, connection)
        if connection.vendor == "postgresql":
            return f"{lhs} = ANY({rhs})", [*params, *values]
        return f"{lhs} IN (SELECT value FROM json_each({rhs}))", [*params, *values]  # noqa: S608 - placeholders
