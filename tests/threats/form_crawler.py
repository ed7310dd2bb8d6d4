"""Find the forms of the site by following its links, and fill them in as a person would."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

PAGES_OF_A_KIND = 2  # of addresses that differ by a number, a token or a query only
NO_PAGES = re.compile(r"/logout/|\.(ics|bib|ris|json|xml|csv|webmanifest|txt)$|^/static/|jsi18n|/health/")
BY_NAME = {
    "email": "new.person@example.com", "phone": "(212) 555-0188", "name": "Jo Miller", "state": "NY",
    "time_zone": "America/New_York", "slug": "a-new-page", "doi": "10.1000/182", "url": "https://example.org/a",
}  # fmt: skip
BY_TYPE = {
    "date": "2026-12-15", "time": "10:30", "datetime-local": "2026-12-15T10:30", "email": "new.person@example.com",
    "tel": "(212) 555-0188", "url": "https://example.org/a", "number": "1", "checkbox": "on", "password": "x",
}  # fmt: skip


@dataclass
class Field:
    name: str
    type: str
    value: str = ""
    options: list[str] = field(default_factory=list)
    required: bool = False
    checked: bool = False


@dataclass
class Form:
    page: str
    action: str
    method: str
    fields: dict[str, Field] = field(default_factory=dict)

    @property
    def kind(self) -> tuple[str, ...]:
        """The same for forms that differ by whom or what they are about only."""
        return (self.method, kind_of(self.action), *sorted(kind_of(name) for name in self.fields))

    def values(self) -> dict[str, str]:
        """What a person would send: as shown, with every empty field filled in."""
        sent = {}
        for one in self.fields.values():
            if one.type in ("submit", "button"):
                continue
            if one.type == "checkbox" and not (one.checked or one.required):
                continue
            sent[one.name] = one.value or _typed(one)
        return sent


def _typed(one: Field) -> str:
    if one.options:
        return next((option for option in one.options if option), "")
    if one.type == "hidden":
        return ""
    found = next((value for name, value in BY_NAME.items() if one.name.endswith(name)), "")
    return found or BY_TYPE.get(one.type, "Some words." if one.required or one.type == "textarea" else "")


def kind_of(path: str) -> str:
    """An address without what it is about: numbers, tokens, names of texts."""
    path = path.partition("?")[0].partition("#")[0]
    return re.sub(r"(?<=/)(?:[\w-]{20,}[:\w-]*|learn/[\w-]+)(?=/)|\d+|(?<=/)[0-9a-f-]{36}", "…", path)


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.select: Field | None = None
        self.textarea: Field | None = None
        self.template = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(urljoin(self.page, given["href"]))
        elif tag == "form":
            action = urljoin(self.page, given.get("action") or self.page)
            form = Form(self.page, action, given.get("method", "get").lower())
            self.forms.append(form)
            self.by_id[given.get("id", "")] = form
        elif tag in ("input", "select", "textarea", "button") and given.get("name"):
            self.add(tag, given)
        elif tag == "option" and self.select:
            self.select.options.append(given.get("value", ""))
            if "selected" in given:
                self.select.value = given.get("value", "")

    def add(self, tag: str, given: dict[str, str]) -> None:
        form = self.by_id.get(given["form"]) if "form" in given else (self.forms[-1] if self.forms else None)
        if form is None or "disabled" in given:
            return
        kind = given.get("type", "text") if tag == "input" else {"button": "submit"}.get(tag, tag)
        one = Field(given["name"], kind, given.get("value", ""), required="required" in given)
        one.checked = "checked" in given
        if kind in ("checkbox", "radio") and not one.value:
            one.value = "on"
        known = form.fields.get(one.name)
        if known is None or (kind == "radio" and (one.checked or not known.value)):
            form.fields[one.name] = one
        if tag == "select":
            self.select = form.fields[one.name]
        if tag == "textarea":
            self.textarea = form.fields[one.name]

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = None
        if tag == "textarea":
            self.textarea = None

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.textarea.value += data.lstrip("\n") if not self.textarea.value else data


def crawl(client: Any, starts: list[str]) -> tuple[dict[tuple[str, ...], Form], list[tuple[str, int]]]:
    """Return the forms of all pages that links lead to, one of each kind, and every page that answered 5xx."""
    waiting, seen, forms, broken = deque(starts), Counter[str](), {}, []
    known = {*starts}
    while waiting:
        url = waiting.popleft()
        query = tuple(sorted(name for name, _ in parse_qsl(urlsplit(url).query)))
        seen[kind := f"{kind_of(url)}?{query}"] += 1
        if seen[kind] > PAGES_OF_A_KIND:
            continue
        response = client.get(url)
        if response.status_code >= 500:
            broken.append((url, response.status_code))
        if response.status_code in (301, 302, 303):
            waiting.append(urljoin(url, response["Location"]))
        if not response.get("Content-Type", "").startswith("text/html"):
            continue
        reader = _Reader(url)
        reader.feed(response.content.decode())
        for form in reader.forms:
            forms.setdefault(form.kind, form)
        for link in _inside(reader.links):
            if link not in known:
                known.add(link)
                waiting.append(link)
    return forms, broken


def _inside(links: list[str]) -> Iterator[str]:
    for link in links:
        parts = urlsplit(link)
        local = not parts.netloc or parts.netloc in ("testserver", "127.0.0.1:8000")
        if parts.scheme in ("", "http") and local and not NO_PAGES.search(parts.path):
            yield parts._replace(scheme="", netloc="", fragment="").geturl()
