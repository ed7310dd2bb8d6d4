from .linter import lint, unused_entries

__all__ = ["lint", "unused_entries"]
