"""What no page of ours takes, refused before any of it is read."""

from collections.abc import Callable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.exceptions import BadRequest
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters

OTHER_CODING = "clinic.other_coding"


def utf8_only(application: WSGIApplication) -> WSGIApplication:
    """Browsers send our forms in UTF-8. A body that claims another coding is marked and its claim taken away: some are
    no codings of text, and Django fails on those while it makes the request, before any middleware could answer."""

    def wrapper(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        charset = parse_header_parameters(environ.get("CONTENT_TYPE", ""))[1].get("charset", "utf-8")
        if charset.lower() not in ("utf-8", "utf8"):
            environ = {**environ, "CONTENT_TYPE": "", OTHER_CODING: True}
        return application(environ, start_response)

    return wrapper


def refuse_other_codings(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: what `utf8_only` marked is a 400 with the headers of every answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if OTHER_CODING in request.META:
            raise BadRequest("The body claims to be in another coding than UTF-8.")
        return get_response(request)

    return middleware


class RefuseFiles(FileUploadHandler):
    """No form here takes a file."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise BadRequest("No file is taken here.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
