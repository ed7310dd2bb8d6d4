"""The WSGI application that granian serves."""

import os
from contextlib import suppress

from django.core.wsgi import get_wsgi_application

from clinic.bodies import read_apart
from clinic.requests import utf8_only

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
application = read_apart(utf8_only(get_wsgi_application()))


def _check_keys() -> None:
    """Refuse to start with keys that are not this database's. Imported late: these need the settings read above."""
    from django.db import DatabaseError

    from signups.models import canaries

    with suppress(DatabaseError):  # away, or not made yet: what is read later is refused then
        canaries.check()


_check_keys()
