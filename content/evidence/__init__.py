from .engine import check

__all__ = ["check"]
