"""What strangers write fills no memory: every cache has a bound, whatever headers and queries they make up."""

import gc
import tracemalloc

import pytest
from django.test import Client

from tests.factories import content

from .test_slow_patterns import MODULES

MAX_ENTRIES = 65_536
MAX_GROWTH = 300_000  # bytes, after 80 requests with headers of 7 kB each: 560 kB if each were kept


def caches():
    """Every function cache of the code, by its name."""
    for module in MODULES:
        for name, value in vars(module).items():
            for at, one in {name: value, **(vars(value) if isinstance(value, type) else {})}.items():
                if hasattr(one, "cache_parameters") and one.__module__ == module.__name__:
                    yield f"{module.__name__}.{at}", one


CACHES = dict(caches())


def test_every_cache_of_the_code_has_a_bound():
    assert len(CACHES) > 20
    unbounded = [name for name, one in CACHES.items() if not _is_bounded(one)]
    assert unbounded == []


def _is_bounded(one):
    """A cache without a limit is one of a function without arguments, or of the keys in the settings."""
    limit = one.cache_parameters()["maxsize"]
    takes = one.__wrapped__.__code__.co_argcount
    return limit <= MAX_ENTRIES if limit is not None else takes == 0 or one.__name__ in BY_SETTINGS


BY_SETTINGS = {"_keyring", "key_id", "_keys"}  # their argument is a list of keys, or one of them


@pytest.mark.django_db
def test_made_up_headers_and_queries_fill_no_cache(clinic):
    content.ArticleFactory(kind="landing", slug="landing")
    client = Client()
    made_up = ["HTTP_IF_NONE_MATCH", "HTTP_ACCEPT_ENCODING", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT", "HTTP_USER_AGENT"]
    made_up += ["HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE", "HTTP_COOKIE", "HTTP_REFERER", "HTTP_X_REQUESTED_WITH"]

    def visit(number):
        for name in made_up:
            value = f'"{number:04}{"x" * 7_000}"' if name != "HTTP_COOKIE" else f"a{number}={'x' * 7_000}"
            for path in ("/", "/admin/login/"):
                client.get(path, {"q": f"{number}{'y' * 900}"}, headers={}, **{name: value})
                client.cookies.clear()

    visit(0)
    visit(1)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(2, 6):
        visit(number)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < MAX_GROWTH
