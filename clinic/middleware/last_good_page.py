"""A public page that cannot be rendered keeps its last good state."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)

MAX_PAGES = 200  # several times as many as the site has


def keep_last_good_page(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: remember each public page as last rendered by this process, and serve that instead of a 500.

    No public page depends on a query or a cookie, so each path has one. nginx does the same across restarts
    (`proxy_cache_use_stale http_500`).
    """
    pages: dict[str, HttpResponse] = {}

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 500 and request.path_info in pages:
            logger.error("a public page could not be rendered, so readers see it as it last was")
            return _copy(pages[request.path_info])
        if response.status_code == 200 and "public" in response.get("Cache-Control", "") and not response.streaming:
            if request.path_info in pages or len(pages) < MAX_PAGES:
                pages[request.path_info] = _copy(response)
        elif response.status_code in (404, 410):
            pages.pop(request.path_info, None)
        return response

    return middleware


def _copy(response: HttpResponse) -> HttpResponse:
    headers = {name: value for name, value in response.items() if name in ("Content-Type", "Cache-Control")}
    return HttpResponse(response.content, headers=headers)
