"""The site as a newcomer starts it, on the database of DATABASE_URL, with a real mail server and a real browser."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import Queue
from urllib.parse import parse_qs, urlsplit, urlunsplit

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from tests import mail_server, processes, services

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


PATIENT = services.WAIT_TIMEOUT * 1000  # milliseconds
expect.set_options(timeout=PATIENT)

# Without `preload`, for which axe puts styles into the page that the site's policy refuses.
AXE = {"resultTypes": ["violations"], "preload": False}


PII_FIELDS = (
    "name",
    "email",
    "phone",
    "referral_answer",
    "text",
)  # fields in which people tell of themselves, or we of them


@dataclass(frozen=True)
class Site:
    url: str
    password: str
    mail: mail_server.MailServer
    log: list[str]
    environment: dict[str, str]  # of its processes, for another one beside them
    typed: set[str] = field(default_factory=set)  # what people told of themselves in all walks

    @property
    def by_name(self) -> str:
        """The same site under a name: browsers know no passkeys of a bare address."""
        return self.url.replace("127.0.0.1", "localhost")

    def shell(self, code: str) -> str:
        """What `code` prints, run beside the site on its own database: for what no page can make happen today."""
        process = processes.manage("shell", "--no-imports", "-c", code, **self.environment)
        printed, _ = process.communicate(timeout=services.WAIT_TIMEOUT)
        assert process.returncode == 0, printed
        return printed


def own_database(name: str) -> str:
    """A new database beside that of DATABASE_URL for each process of tests; SQLite needs none, it lies in DATA_DIR."""
    server = os.environ.get("DATABASE_URL", "")
    if server.startswith("postgres"):
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE journeys_{name}")
        return urlunsplit(urlsplit(server)._replace(path=f"/journeys_{name}"))
    return server


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Site]:
    port = processes.free_port()
    var = tmp_path_factory.mktemp("var")
    log: list[str] = []
    ready: Queue[str | None] = Queue()
    environment = {"DATA_DIR": str(var), "DATABASE_URL": own_database(worker_id)}
    with mail_server.running() as mail:
        server = processes.manage(
            "run_local",
            f"--port={port}",
            **environment,
            EMAIL_HOST="127.0.0.1",
            EMAIL_PORT=str(mail.port),
            EMAIL_SECURITY="none",
            OUTGOING_ALLOWED_NETWORKS="127.0.0.0/8",  # the calendar server of a walk
        )

        def read() -> None:
            assert server.stdout
            for line in server.stdout:
                log.append(line)
                if "Stop with Ctrl-C" in line:
                    ready.put(line)
            ready.put(None)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            assert ready.get(timeout=services.WAIT_TIMEOUT), "".join(log)
            password = re.search(r"password  (\S+)", "".join(log))
            assert password, "".join(log)
            site = Site(f"http://127.0.0.1:{port}", password[1], mail, log, environment)
            yield site
            assert personal_in(log, site) == []
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(services.WAIT_TIMEOUT)
            reader.join(services.WAIT_TIMEOUT)
    assert server.returncode == 0, "".join(log)


def personal_in(log: list[str], site: Site) -> list[str]:
    """Whatever people typed, where they were written to and their private links, as far as the log has it."""
    mail = [(str(message["To"]), message.get_body(["plain"]).get_content()) for message in site.mail.messages]
    tokens = [token for _, text in mail for token in re.findall(r"/(?:my|confirm|stop)/([\w:-]{20,})", text)]
    told = site.typed | {address for address, _ in mail}
    said = "".join(log)
    return [secret for secret in sorted({*told, *tokens}) if len(secret) > 3 and secret in said]


def told_in(request: Request) -> set[str]:
    """What a form that is sent says about a person. A small word alone is a choice of the form's own (`kept`)."""
    body = (request.post_data_buffer or b"").decode("utf-8", "replace") if request.method == "POST" else ""
    told = {value for name, values in parse_qs(body).items() if name in PII_FIELDS for value in values}
    return {value for value in told if not re.fullmatch(r"[a-z]*", value)}


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    chromium = services.find_chromium()
    if chromium is None:
        pytest.skip("there is no Chromium")
    return {"executable_path": str(chromium), "args": CHROMIUM_FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(site: Site) -> dict[str, object]:
    return {"base_url": site.url, "viewport": {"width": 360, "height": 740}}


@pytest.fixture
def page(page: Page, site: Site) -> Iterator[Page]:
    """A page on which every request stays on this site and nothing is written to the console as an error."""
    wrong: list[str] = []

    def check(request: Request) -> None:
        site.typed.update(told_in(request))
        if not request.url.startswith((site.url, site.by_name, "data:")):
            wrong.append(f"request to {request.url}")

    page.context.set_default_timeout(PATIENT)
    page.on("request", check)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if is_error(message) else None)
    yield page
    assert wrong == []


def new_page(browser: Browser, **context: object) -> Page:
    """Open a page in a browser context of its own."""
    page = browser.new_page(**context)  # type: ignore[arg-type]
    page.context.set_default_timeout(PATIENT)
    return page


def is_error(message: ConsoleMessage) -> bool:
    """Chromium also logs the status of a refused form or an unknown page, which is no mistake of the page."""
    refused = "server responded with a status of 4" in message.text and message.location["url"].endswith("/")
    return message.type == "error" and not refused


def look(page: Page) -> None:
    """No accessibility fault that axe can find, in light and in dark, and nothing wider than the screen."""
    page.wait_for_load_state()  # a click returns once the next page has begun to arrive
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(page, options=AXE)
        assert found.violations_count == 0, f"{page.url} ({scheme})\n{found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url


def look_wide_too(page: Page) -> None:
    """As `look`, and nothing wider than a tablet or a desk either."""
    look(page)
    small = page.viewport_size
    for width in (768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    page.set_viewport_size(small)


def wait_like_a_person(page: Page) -> None:
    """Until the page arrived two seconds ago. (`wait_for_function` needs `unsafe-eval`, which the site does not allow.)

    Not two seconds after it was asked for: a form's age counts from the moment it was made.
    """
    age = "performance.now() - performance.getEntriesByType('navigation')[0].responseStart"
    while page.evaluate(age) < 2000:
        pass


def press(page: Page, button: str) -> None:
    """Presses a form's button no sooner than a person could: scripts that are quicker are refused."""
    wait_like_a_person(page)
    page.get_by_role("button", name=button).click()
    page.wait_for_load_state()


def link_in(message: object, path: str) -> str:
    """The private link to `path` in the text of an e-mail."""
    text = message.get_body(["plain"]).get_content()
    found = re.search(rf"\S+{path}\S+", text)
    assert found, text
    return found[0]
