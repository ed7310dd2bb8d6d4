"""Security headers, added by the outermost middleware.

Error pages and redirects carry them too.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# No page has inline scripts or styles, so no nonce is needed and public responses are identical for everyone.
CSP_DIRECTIVES = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "img-src": "'self' data:",
    "manifest-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
}
DISABLED_FEATURES = (
    "camera",
    "display-capture",
    "geolocation",
    "microphone",
    "midi",
    "payment",
    "usb",
    "browsing-topics",
)
SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in CSP_DIRECTIVES.items()),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        [*(f"{name}=()" for name in DISABLED_FEATURES), "publickey-credentials-get=(self)"]
    ),
}

# Paths that contain a token: such an address must not leak through a Referer, whatever the status.
TOKEN_PATH_PREFIXES = ("/my/", "/confirm/", "/stop/", "/hosts/", "/preview/")


def security_headers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: add SECURITY_HEADERS; `Cache-Control` defaults to `no-store`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in SECURITY_HEADERS.items():
            response[name] = value
        response.setdefault("Cache-Control", "no-store")
        if request.path_info.startswith(TOKEN_PATH_PREFIXES):
            response["Referrer-Policy"] = "no-referrer"
        return response

    return middleware
