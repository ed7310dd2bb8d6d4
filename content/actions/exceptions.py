"""Exceptions of the editorial actions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from content import public_pages


class EditorialError(Exception):
    """Raised when an action is not allowed; `reasons` are for the editor."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)


@contextmanager
def refuse_broken_pages() -> Iterator[None]:
    """Run a publication; undo it and raise EditorialError if a public page could not be rendered afterwards."""
    try:
        with public_pages.keep_pages_rendering():
            yield
    except public_pages.PagesBroken as error:
        raise EditorialError(error.reasons) from error
