"""`make screenshots`: the pictures of README.md and docs/staff.md, taken of a demo site made for them."""

import os
import re
import signal
import subprocess
import sys
import tempfile

from playwright.sync_api import Page, sync_playwright

from tests import services
from tests.e2e.conftest import CHROMIUM_FLAGS
from tests.processes import ROOT, free_port

IMAGES = ROOT / "docs/images"
DESK = {
    "desk": "/admin/",
    "leads": "/admin/signups/lead/",
    "callbacks": "/admin/signups/callbackrequest/",
    "calendar": "/admin/signups/onboardingcall/",
    "roles": "/admin/roles/",
}


def take(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")
    size = (IMAGES / f"{name}.png").stat().st_size
    sys.stdout.write(f"docs/images/{name}.png: {size // 1000} kB\n")


def walk(page: Page, site: str, password: str) -> None:
    """The landing page, then the desk, on a wide screen."""
    page.goto(f"{site}/")
    take(page, "landing")
    page.goto(f"{site}/admin/")
    page.get_by_label("Username").fill("head")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    for name, path in DESK.items():
        page.goto(site + path)
        take(page, name)
    page.goto(f"{site}/admin/signups/lead/")
    page.locator("#result_list tbody th a").first.click()
    page.wait_for_load_state()
    take(page, "lead")


def main() -> None:
    chromium = services.find_chromium()
    if chromium is None:
        raise SystemExit("Chromium is needed: install it (Debian: apt install chromium)")
    port = free_port()
    with tempfile.TemporaryDirectory() as var:
        env = os.environ | {
            "ENVIRONMENT": "local",
            "ENV_FILE": "",
            "DATA_DIR": var,
            "DATABASE_URL": "",
            "STAFF_MFA_REQUIRED": "false",
        }
        for command in (
            ["migrate", "--verbosity=0"],
            ["collectstatic", "--noinput"],
            ["load_content"],
            ["seed_demo_data", "--leads=3000"],
        ):
            subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=env, check=True)
        argv = [sys.executable, "manage.py", "run_local", f"--port={port}"]
        with subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as server:
            try:
                said = ""
                for line in server.stdout or ():
                    said += line
                    if "Stop with" in line:
                        break
                found = re.search(r"password  (\S+)", said)
                with sync_playwright() as playwright:
                    browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
                    page = browser.new_page(viewport={"width": 1440, "height": 900})
                    walk(page, f"http://127.0.0.1:{port}", found[1] if found else "")
                    browser.close()
            finally:
                server.send_signal(signal.SIGTERM)


if __name__ == "__main__":
    main()
