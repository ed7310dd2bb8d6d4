"""Model admins and editorial pages of the content."""

from . import articles, evidence, people, profile, texts

__all__ = ["articles", "evidence", "people", "profile", "texts"]
