"""Evidence rules: parse and lint texts against the ledger of sources. Pure."""

from .linter import lint, unused_entries

__all__ = ["lint", "unused_entries"]
