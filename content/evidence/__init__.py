from .engine import check, unused

__all__ = ["check", "unused"]
