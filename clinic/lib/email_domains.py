"""“Did you mean …?”: slips in the domain of common mail providers. No real provider is asked about."""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path

from .person_names import edit_distance_at_most_one

# Slips in “.com” and “.net”.
TYPOS_OF_COM = re.compile(
    r"c0m|ccom|cim|clm|cm|cmo|co|cob|cok|col|coml|"
    r"comm|comn|con|con\.com|coom|cor|cpm|cpn|ocm|om|vom|xom"
)
TYPOS_OF_NET = re.compile(r"bet|ent|het|met|ne|neet|nett|ney|nrt|nte")
MAIN_DOMAINS = {
    "gmail": "gmail.com", "googlemail": "gmail.com", "comcast": "comcast.net", "verizon": "verizon.net",
    "att": "att.net", "cox": "cox.net", "charter": "charter.net", "earthlink": "earthlink.net",
}  # fmt: skip


def suggest_email_correction(email: str) -> str:
    """Return the likely intended address, or "": `jo@gmail.com` for `jo@gmial.com`.

    A suggestion to show, never to apply.
    """
    local, _, domain = email.rpartition("@")
    suggestion = suggest_domain(domain.lower())
    return f"{local}@{suggestion}" if suggestion else ""


@lru_cache(maxsize=4096)
def suggest_domain(domain: str) -> str:
    """Return the provider’s domain that `domain` is a slip of, or "" for every real or unknown domain."""
    if domain in _real_domains():
        return ""
    name, _, tld = domain.partition(".")
    for provider in _matching_providers(name):
        tlds = _providers()[provider]
        main = MAIN_DOMAINS.get(provider, f"{provider}.{tlds[0]}")
        if tld in tlds:
            return f"{provider}.{tld}"
        only_one = provider == name and len(tlds) == 1  # such as gmail.com.au, icloud.co
        if not tld or only_one or TYPOS_OF_COM.fullmatch(tld) or ("net" in tlds and TYPOS_OF_NET.fullmatch(tld)):
            return main
    squeezed = domain.replace(".", "").replace(",", "")
    return next((real for real in _main_domains() if squeezed == real.replace(".", "")), "")


def _matching_providers(name: str) -> Iterator[str]:
    """Yield the providers of which `name` is a spelling or one slip, the exact one first."""
    if name in _providers():
        yield name
        return
    for provider in _providers():
        if len(provider) > 4 and edit_distance_at_most_one(name, provider):
            yield provider
    doubled = "".join(char for at, char in enumerate(name) if name[at - 1 : at] != char)
    for provider in _providers():
        plain = "".join(char for at, char in enumerate(provider) if provider[at - 1 : at] != char)
        if len(provider) > 5 and doubled == plain:  # hottmaill
            yield provider


@cache
def _data() -> Mapping[str, list[str]]:
    """Return provider → top-level domains, and `real` → further real domains."""
    text = (Path(__file__).parent / "email_providers.txt").read_text()
    lines = re.sub(r"\n  ", " ", re.sub(r"(?m)^#.*\n", "", text)).splitlines()
    return {name: words.split() for name, _, words in (line.partition(": ") for line in lines if line)}


@cache
def _providers() -> Mapping[str, list[str]]:
    return {name: words for name, words in _data().items() if name != "real"}


@cache
def _real_domains() -> frozenset[str]:
    return frozenset(f"{name}.{tld}" for name, tlds in _providers().items() for tld in tlds) | {*_data()["real"]}


@cache
def _main_domains() -> tuple[str, ...]:
    return tuple(MAIN_DOMAINS.get(name, f"{name}.{tlds[0]}") for name, tlds in _providers().items())
