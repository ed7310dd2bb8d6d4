"""The WSGI application that granian serves."""

import os
from contextlib import suppress

from django.core.wsgi import get_wsgi_application

from .wsgi_middleware import buffer_request_body, force_utf8

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
application = buffer_request_body(force_utf8(get_wsgi_application()))


def _check_start() -> None:
    """Refuse to start with keys that do not match the database, and while a restore is not complete.

    Raises DecryptionError, RestoreIncompleteError.

    Imports late, because models need the settings that are loaded above.
    """
    from django.db import DatabaseError

    from signups.ops import restore_marker
    from signups.ops.key_check import verify_keys
    from signups.privacy.restoration import require_applied

    restore_marker.require_complete()
    with suppress(DatabaseError):  # unavailable or not migrated: each read is checked later anyway
        verify_keys()
        require_applied()


_check_start()
