"""Django's messages between two pages, in a cookie that other hosts can neither set nor read."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class HostCookieStorage(CookieStorage):
    """With the prefix that binds a cookie to this host, https and the path "/"."""

    cookie_name = "__Host-messages" if settings.HTTPS else "messages"


class MessageStorage(FallbackStorage):
    """The cookie; the session for what is too long for one."""

    storage_classes = (HostCookieStorage, SessionStorage)
