"""The WSGI application that granian serves."""

import os
from contextlib import suppress

from django.core.wsgi import get_wsgi_application

from .wsgi_middleware import buffer_request_body, force_utf8

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
application = buffer_request_body(force_utf8(get_wsgi_application()))


def _check_keys() -> None:
    """Refuse to start with keys that do not match the database.

    Raises what `verify_keys` raises.

    Imports late, because models need the settings that are loaded above.
    """
    from django.db import DatabaseError

    from signups.ops.key_check import verify_keys

    with suppress(DatabaseError):  # unavailable or not migrated: each read is checked later anyway
        verify_keys()


_check_keys()
