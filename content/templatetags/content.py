from collections.abc import Mapping
from typing import TypeVar

from django import template

from content.evidence import citation_formats

register = template.Library()
register.filter("stopped", citation_formats.with_full_stop)
register.filter("vancouver", citation_formats.vancouver)
T = TypeVar("T")


@register.filter
def get(mapping: Mapping[str, T], key: str) -> T:
    """`mapping[key]`, which the template language cannot say when the key is a variable."""
    return mapping[key]
