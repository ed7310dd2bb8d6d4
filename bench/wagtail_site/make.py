"""Make the peer's tables and its page, whose text is the file named in PEER_BODY."""

import os
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

from django.core.management import call_command
from home.models import TextPage
from wagtail.models import Page, Site

call_command("makemigrations", "home", verbosity=0)
call_command("migrate", verbosity=0)
root = Page.objects.get(depth=1)
body = Path(os.environ["PEER_BODY"]).read_text()
page = root.add_child(instance=TextPage(title="Article", slug="article", body=body))
Site.objects.update(hostname="127.0.0.1", port=80, root_page=page, is_default_site=True)
