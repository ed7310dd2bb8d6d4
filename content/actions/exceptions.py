"""Exceptions of the editorial actions."""

from collections.abc import Sequence


class EditorialError(Exception):
    """Raised when an action is not allowed; `reasons` are for the editor."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)
