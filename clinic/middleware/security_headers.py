"""The headers of every answer, in one place: a middleware, outermost, so that faults and redirects carry them too."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Nothing inline anywhere, so there is no nonce: public pages are the same bytes, headers included, for everyone.
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

# Whose address is itself the key: it is told to nobody, whatever is answered there.
TOKEN_PATH_PREFIXES = ("/my/", "/confirm/", "/stop/", "/hosts/", "/preview/")


def security_headers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: ALWAYS on everything; nothing is stored unless its view says so."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in SECURITY_HEADERS.items():
            response[name] = value
        response.setdefault("Cache-Control", "no-store")
        if request.path_info.startswith(TOKEN_PATH_PREFIXES):
            response["Referrer-Policy"] = "no-referrer"
        return response

    return middleware
