"""The WSGI application that granian serves."""

import os
from contextlib import suppress
from wsgiref.types import WSGIApplication

from django.core.wsgi import get_wsgi_application

from clinic.bodies import read_apart
from clinic.requests import utf8_only

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
django = read_apart(utf8_only(get_wsgi_application()))


def _application() -> WSGIApplication:
    """Imported late: these need the settings that the line above has read."""
    from django.conf import settings
    from django.db import DatabaseError

    from clinic.page_store import PageStore
    from content import editions
    from signups.models import canaries

    with suppress(DatabaseError):  # away, or not made yet: what is read later is refused then
        canaries.check()

    return django if settings.DEBUG else PageStore(django, edition=editions.current, paths=editions.paths)


application = _application()
