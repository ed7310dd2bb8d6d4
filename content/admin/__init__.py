"""Editors' side of the content: one module a noun."""

from . import articles, evidence, people, profile, texts

__all__ = ["articles", "evidence", "people", "profile", "texts"]
