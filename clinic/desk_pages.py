"""Which page of the desk an address belongs to, for addresses that only take what a button sends."""

import re

from django.urls import Resolver404, resolve, reverse

PAGE = re.compile(r"(_changelist|_change|_call)$")  # the end of the name of an address that shows a record or a list
KEY = re.compile(r"[0-9a-f-]{1,36}", re.ASCII)  # without this, Django's own addresses take any path as a key


def page_behind(path: str) -> str:
    """Return the nearest page of the desk above `path`: of its record, else of its list, else the first page."""
    parts = path.rstrip("/").split("/")
    while len(parts) > 2:
        parts.pop()
        for end in ("/change/", "/"):
            if _is_page(candidate := "/".join(parts) + end):
                return candidate
    return reverse("admin:index")


def _is_page(path: str) -> bool:
    try:
        match = resolve(path)
    except Resolver404:
        return False
    keys_fit = all(KEY.fullmatch(str(value)) for value in match.kwargs.values())
    return bool(match.url_name and PAGE.search(match.url_name)) and keys_fit
