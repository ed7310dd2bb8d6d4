from collections.abc import Sequence


class EditorialError(Exception):
    """What was asked cannot be done; `reasons` say why, in words for an editor."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)
