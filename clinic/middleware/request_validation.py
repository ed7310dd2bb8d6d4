"""What no page of ours takes, refused before any of it is kept."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.core.exceptions import BadRequest
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse

from signups.imports import csv_parser

OTHER_CHARSET = "clinic.other_coding"
IMPORT_VIEWS = "admin:signups_lead_import"
# The boxes of a list, and what the admin's forms let one choose many of, with what is marked in the box beside it.
MULTI_VALUE_FIELDS = {"pk", "sources", "sources_old", "groups", "groups_old", "permissions", "permissions_old"}
MULTI_VALUE_FIELDS |= {"user_permissions", "user_permissions_old", "_selected_action"}


def reject_other_charsets(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: what `utf8_only` marked is a 400 with the headers of every answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if OTHER_CHARSET in request.META:
            raise BadRequest("The body claims to be in another coding than UTF-8.")
        return get_response(request)

    return middleware


def reject_duplicate_parameters(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a form that names a field twice is a 400, but for fields of many values (`MANY`).

    No browser sends one, and “the last wins” is how checks are fooled.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if any(len(values) > 1 and name not in MULTI_VALUE_FIELDS for name, values in request.POST.lists()):
            raise BadRequest("A field was sent twice.")

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def _accepts_upload(request: HttpRequest | None) -> bool:
    match = request and request.resolver_match
    return bool(request and match and match.view_name == IMPORT_VIEWS and request.user.has_perm("signups.import_lead"))


class ImportOnlyUploadHandler(FileUploadHandler):
    """No form here takes a file, but the one by which a list of leads is imported: one file, from who may do that.

    It is held in memory, without its name; of a file that is too long only the length is kept, for the form to say so.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if not _accepts_upload(self.request):
            raise BadRequest("No file is taken here.")
        if hasattr(self, "held"):
            raise BadRequest("One file at a time.")
        super().new_file(*args, **kwargs)
        self.held = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start <= csv_parser.MAX_BYTES:
            self.held.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self.held.seek(0)
        return UploadedFile(self.held, "list.csv", self.content_type, file_size)
