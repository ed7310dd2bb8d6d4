from django.db import models
from wagtail.models import Page
from wagtailcache.cache import WagtailCacheMixin


class TextPage(WagtailCacheMixin, Page):
    """One text, as long as the article it is compared with."""

    body = models.TextField()
    template = "text_page.html"
