"""`manage.py rotate_encryption_keys`: re-encrypt all. Idempotent."""

from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from clinic.lib import encryption
from signups.consents.suppression_models import Suppression, TextStop
from signups.leads.models import Lead
from signups.ops import key_check
from signups.ops.key_check import EncryptionKeyCheck

BATCH_SIZE = 500
SECRET_FIELDS = ("secret", "seed")  # keys in the `data` of allauth's authenticators


class Command(BaseCommand):
    help = "Rewrites everything encrypted with the first of ENCRYPTION_KEYS, while the site runs. May be repeated."

    def handle(self, *args: Any, **options: Any) -> None:
        check = EncryptionKeyCheck._meta.db_table
        key_check.begin_rotation()
        total = sum(self.rotate(*column) for column in _columns() if column[0] != check)
        done = sum(_rotate_authenticator(pk) for pk in Authenticator.objects.values_list("pk", flat=True))
        self.stdout.write(f"second steps: {done} rewritten")
        # Last: a rotation that broke off is then noticed when the old key is taken away (`verify_keys`).
        total += done + sum(self.rotate(*column) for column in _columns() if column[0] == check)
        key_check.end_rotation()
        self.stdout.write(f"Done: {total} in all. Old keys may be taken away.")
        self.rehash_suppressions()

    def rotate(self, table: str, key: str, column: str) -> int:
        done = 0
        for rewritten in _rotate_column(table, key, column):
            done += rewritten
            self.stdout.write(f"{table}.{column}: {done} so far")
        self.stdout.write(f"{table}.{column}: {done} rewritten")
        return done

    def rehash_suppressions(self) -> None:
        """Hash with the first of PRIVACY_KEYS what can be: an address that only its hash is left of cannot."""
        for model, what in ((Suppression, "suppressed addresses"), (TextStop, "numbers that sent STOP")):
            former = model.objects.under_former_keys()
            if former.exists():
                known = Lead.objects.values_list("email", "phone_e164").iterator()
                done = model.objects.rehash(address for pair in known for address in pair if address)
                self.stdout.write(f"{what}: {done} hashed anew, {former.count()} need former PRIVACY_KEYS")


def _columns() -> Iterator[tuple[str, str, str]]:
    """Yield (table, primary key column, column) of every encrypted field."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, encryption.EncryptedTextField):
                yield model._meta.db_table, str(model._meta.pk.column), str(field.column)


def _rotate_column(table: str, key: str, column: str) -> Iterator[int]:
    """Re-encrypt one column; yield the number of rows changed per batch.

    A row that is saved concurrently is left alone: saving encrypted it under the first key.
    """
    quote = connection.ops.quote_name
    table, key, column = quote(table), quote(key), quote(column)
    after: Any = None
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            where, params = (f"{key} > %s AND", [after]) if after is not None else ("", [])
            # The interpolated names come from the project's models, not from input.
            cursor.execute(
                f"SELECT {key}, {column} FROM {table} WHERE {where} {column} <> '' ORDER BY {key} LIMIT {BATCH_SIZE}",  # noqa: S608
                params,
            )
            rows = cursor.fetchall()
            changed = 0
            for pk, token in rows:
                if (new := encryption.rotate(token)) != token:
                    update = f"UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s"  # noqa: S608
                    cursor.execute(update, [new, pk, token])
                    changed += cursor.rowcount
        if not rows:
            return
        after = rows[-1][0]
        yield changed


@transaction.atomic
def _rotate_authenticator(pk: int) -> int:
    """Re-encrypt the secrets of one second step; return 1 if it changed, else 0."""
    authenticator = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if authenticator is None:
        return 0
    rotated = {name: encryption.rotate(token) for name, token in authenticator.data.items() if name in SECRET_FIELDS}
    if all(authenticator.data[name] == token for name, token in rotated.items()):
        return 0
    authenticator.data = {**authenticator.data, **rotated}
    authenticator.save(update_fields=["data"])
    return 1
