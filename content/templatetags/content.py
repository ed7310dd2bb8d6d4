"""Template filters of the content pages."""

from collections.abc import Mapping
from typing import TypeVar

from django import template

from content.evidence import citation_formats

register = template.Library()
register.filter("with_full_stop", citation_formats.with_full_stop)
register.filter("vancouver", citation_formats.vancouver)
T = TypeVar("T")


@register.filter
def get(mapping: Mapping[str, T], key: str) -> T:
    """Return `mapping[key]`; the template language has no lookup by variable."""
    return mapping[key]


@register.filter
def get_or_empty(mapping: Mapping[str, str] | None, key: str) -> str:
    """Return `mapping[key]`, or nothing where there is no such key or no mapping."""
    return (mapping or {}).get(key, "")
