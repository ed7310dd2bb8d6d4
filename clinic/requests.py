"""What no page of ours takes, refused before any of it is read."""

from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.exceptions import BadRequest
from django.core.files.uploadhandler import FileUploadHandler
from django.template.loader import render_to_string
from django.utils.http import parse_header_parameters


def utf8_only(application: WSGIApplication) -> WSGIApplication:
    """Browsers send our forms in UTF-8. A body that claims another coding is a 400: some are no codings of text, and
    Django fails on those while it makes the request, before any middleware could answer."""

    def wrapper(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        charset = parse_header_parameters(environ.get("CONTENT_TYPE", ""))[1].get("charset", "utf-8")
        if charset.lower() in ("utf-8", "utf8"):
            return application(environ, start_response)
        start_response("400 Bad Request", [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")])
        return [render_to_string("400.html").encode()]

    return wrapper


class RefuseFiles(FileUploadHandler):
    """No form here takes a file."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise BadRequest("No file is taken here.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
