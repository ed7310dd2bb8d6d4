"""Every public page and both style sheets are valid in the eyes of the Nu Html Checker, without a warning."""

import json
import re
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, build_opener

import pytest
from playwright.sync_api import Browser, expect

from tests import services

from .conftest import Site, link_in, new_page, press

ROOT = Path(__file__).resolve().parents[2]
STYLES = sorted((ROOT / "clinic/static/clinic").glob("*.css"))
ARTICLES = [
    f"/learn/{slug[1]}/"
    for path in sorted((ROOT / "content/files").glob("*.md"))
    if "\nkind: article\n" in (text := path.read_text()) and (slug := re.search(r"^slug: (\S+)", text, re.MULTILINE))
]
PAGES = {
    "/": 200,
    "/learn/": 200,
    **dict.fromkeys(ARTICLES, 200),
    "/terms/": 200,
    "/privacy/": 200,
    "/accessibility/": 200,
    "/start/": 200,
    "/start/check-your-email/": 200,
    "/no-such-page/": 404,
    "/confirm/no-such-link/": 404,
}
REFUSED = "/start/ refused"
CONFIRMING = ("confirm", "confirm expired", "confirmed")
BROKEN = "broken on purpose"
# What the checker says wrongly, as it begins.
FALSE_ALARMS = (
    "CSS: “paint-order”: Property “paint-order” doesn't exist.",  # https://www.w3.org/TR/fill-stroke-3/#paint-order
)


class Visitor:
    """Fetches pages as they are sent, before a browser mends them; keeps cookies, asks no proxy."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()), ProxyHandler({}))

    def fetch(self, path: str, status: int, data: dict[str, str] | None = None) -> str:
        body = None if data is None else urlencode(data).encode()
        url = path if path.startswith("http") else self.site.url + path
        try:
            response = self.opener.open(url, body, timeout=services.WAIT_TIMEOUT)
        except HTTPError as error:
            response = error
        with response:
            assert response.status == status, url
            text: str = response.read().decode()
        return text


def public_pages(visitor: Visitor) -> Iterator[tuple[str, str]]:
    for path, status in PAGES.items():
        yield path, visitor.fetch(path, status)
    form = visitor.fetch("/start/", 200)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert token
    yield REFUSED, visitor.fetch("/start/", 422, {"csrfmiddlewaretoken": token[1], "email": "jo@"})


def confirming_pages(visitor: Visitor, browser: Browser) -> Iterator[tuple[str, str]]:
    """Behind the link of a new sign-up, which only a browser that takes its time can make."""
    address = "valid@example.com"
    page = new_page(browser, base_url=visitor.site.url)
    page.goto("/start/")
    page.get_by_label("Your name").fill("Val")
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Which state do you live in?").select_option("New York")
    page.get_by_label("I am 18 or older, and I agree to the terms").check()
    page.get_by_label("I have read the privacy notice").check()
    press(page, "Start my free trial")
    expect(page).to_have_url(f"{visitor.site.url}/start/check-your-email/")
    page.close()

    link = link_in(visitor.site.mail.next_to(address), "/confirm/")
    yield "confirm", visitor.fetch(link, 200)
    visitor.fetch(f"{link}again/", 200, {})
    yield "confirm expired", visitor.fetch(link, 410)
    yield "confirmed", visitor.fetch(link_in(visitor.site.mail.next_to(address), "/confirm/"), 200, {})


@pytest.fixture(scope="module")
def found(site: Site, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the checker says of each page and style sheet."""
    java, vnu = services.find_java(), services.find_vnu()
    if java is None or vnu is None:
        pytest.skip(
            f"validity was NOT checked: there is no {'HTML checker' if java else 'Java'}; `make test` says more"
        )
    visitor = Visitor(site)
    texts = {BROKEN: "<!doctype html><title>x</title><p><div></p>", "broken.css": "a { colour: red }"}
    texts |= dict(public_pages(visitor)) | dict(confirming_pages(visitor, browser))
    texts |= {path.name: path.read_text() for path in STYLES}

    folder = tmp_path_factory.mktemp("validity")
    names = {}
    for number, (name, text) in enumerate(texts.items()):
        file = folder / f"{number}{'.css' if name.endswith('.css') else '.html'}"
        file.write_text(text)
        names[file.name] = name
    options = ["--format", "json", "--stdout", "--exit-zero-always", "--also-check-css"]
    report = json.loads(services.run([java, "-jar", vnu, *options, *sorted(folder.iterdir())]))

    said: dict[str, list[str]] = {name: [] for name in texts}
    for message in report["messages"]:
        if message["message"].startswith(FALSE_ALARMS):
            continue
        name = names[message["url"].rpartition("/")[2]]
        said[name].append(f"line {message.get('lastLine')}: {message['message']} {message.get('extract', '')!r}")
    return said


@pytest.mark.parametrize("name", [BROKEN, "broken.css"])
def test_checker_sees_mistakes(found: dict[str, list[str]], name: str) -> None:
    assert found[name] != []


@pytest.mark.parametrize("name", [*PAGES, REFUSED, *CONFIRMING, *(path.name for path in STYLES)])
def test_is_valid(found: dict[str, list[str]], name: str) -> None:
    assert found[name] == [], "\n".join(found[name])
