from collections.abc import Mapping
from typing import TypeVar

from django import template

register = template.Library()
T = TypeVar("T")


@register.filter
def get(mapping: Mapping[str, T], key: str) -> T:
    """`mapping[key]`, which the template language cannot say when the key is a variable."""
    return mapping[key]
