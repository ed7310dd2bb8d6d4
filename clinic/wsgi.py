"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from clinic.requests import utf8_only

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
application = utf8_only(get_wsgi_application())
