"""What no page of ours takes, refused before any of it is kept."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.exceptions import BadRequest
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters

from signups import intake

OTHER_CODING = "clinic.other_coding"
IMPORT = "admin:signups_lead_import"
# The boxes of a list, and what the admin's forms let one choose many of, with what is marked in the box beside it.
MANY = {"pk", "sources", "sources_old", "groups", "groups_old", "permissions", "permissions_old"}
MANY |= {"user_permissions", "user_permissions_old", "_selected_action"}


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


def one_value_each(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a form that names a field twice is a 400, but for fields of many values (`MANY`).

    No browser sends one, and “the last wins” is how checks are fooled.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if any(len(values) > 1 and name not in MANY for name, values in request.POST.lists()):
            raise BadRequest("A field was sent twice.")

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def _may_send_a_file(request: HttpRequest | None) -> bool:
    match = request and request.resolver_match
    return bool(request and match and match.view_name == IMPORT and request.user.has_perm("signups.import_lead"))


class RefuseFiles(FileUploadHandler):
    """No form here takes a file, but the one by which a list of leads is imported: one file, from who may do that.

    It is held in memory, without its name; of a file that is too long only the length is kept, for the form to say so.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if not _may_send_a_file(self.request):
            raise BadRequest("No file is taken here.")
        if hasattr(self, "held"):
            raise BadRequest("One file at a time.")
        super().new_file(*args, **kwargs)
        self.held = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start <= intake.MOST_BYTES:
            self.held.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self.held.seek(0)
        return UploadedFile(self.held, "list.csv", self.content_type, file_size)
