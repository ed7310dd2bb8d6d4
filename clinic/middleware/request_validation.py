"""Request validation: charsets, duplicate parameters and uploads."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.core.exceptions import BadRequest
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse

from signups.imports import file_reader

OTHER_CHARSET = "clinic.other_charset"
IMPORT_VIEW = "admin:signups_lead_import"
# Check boxes of lists, and the multiple selects of the admin's forms with their filter widgets.
MULTI_VALUE_FIELDS = {"pk", "sources", "sources_old", "groups", "groups_old", "permissions", "permissions_old"}
MULTI_VALUE_FIELDS |= {"user_permissions", "user_permissions_old", "_selected_action", "hosts", "topics"}
MULTI_VALUE_FIELDS |= {"roles", "licensed_states"}


def reject_other_charsets(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: answer 400 to requests that `force_utf8` marked."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if OTHER_CHARSET in request.META:
            raise BadRequest("The body claims to be in another coding than UTF-8.")
        return get_response(request)

    return middleware


def reject_duplicate_parameters(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: answer 400 to a duplicate field, MULTI_VALUE_FIELDS excepted.

    The site's forms never send a duplicate; Django's last-value-wins would allow parameter pollution.
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
    return bool(request and match and match.view_name == IMPORT_VIEW and request.user.has_perm("signups.import_lead"))


class ImportOnlyUploadHandler(FileUploadHandler):
    """Accept one file, on the lead import, from users with `import_lead`.

    The file stays in memory, without its name. Bytes beyond `MAX_UPLOAD_BYTES` are dropped, but counted, so that
    the form can report the size.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if not _accepts_upload(self.request):
            raise BadRequest("No file is taken here.")
        if hasattr(self, "buffer"):
            raise BadRequest("One file at a time.")
        super().new_file(*args, **kwargs)
        self.buffer = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start <= file_reader.MAX_UPLOAD_BYTES:
            self.buffer.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[bytes]":
        self.buffer.seek(0)
        return UploadedFile(self.buffer, "list.csv", self.content_type, file_size)
