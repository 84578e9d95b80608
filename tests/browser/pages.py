"""What the tests of pages share: screens, waiting, and what a page asked or complained of."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from gis_service.cartography.vendor import VENDOR

CHROMIUM_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
_AXE = "axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.target.join(' '))]))"


def wait_until(is_so: Callable[[], object], seconds: float = 30) -> None:
    """Ask again and again: the strict policy forbids Playwright's own waiting function."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def wait_until_ready(page: Page) -> None:
    """Wait until a map's page says that all it shows is drawn."""
    wait_until(lambda: page.evaluate("document.body?.dataset.ready") == "true")


def fits(page: Page) -> bool:
    """Whether nothing is wider than the window; waits for a page on its way."""
    page.wait_for_load_state()
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def open_menu(page: Page) -> None:
    """Open the main menu where the window is too narrow to show it."""
    page.wait_for_load_state()
    button = page.locator(".menu-button")
    if button.is_visible() and not page.locator("#menu").is_visible():
        button.click()


def axe(page: Page) -> list[Any]:
    """What axe finds wrong; the page's context must bypass the policy."""
    page.wait_for_load_state()
    page.add_script_tag(path=str(next(VENDOR.glob("axe-core@*/axe.min.js"))))
    found: list[Any] = page.evaluate(_AXE)
    return found


class Visit:
    """A page, and everything it asked for or complained about."""

    def __init__(self, page: Page, *, forgiven: str | None = None) -> None:
        """`forgiven` is a part of complaints that are no fault of the page."""
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._forgiven = forgiven
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))

    def _hear(self, message: Any) -> None:
        if message.type not in ("error", "warning"):
            return
        if self._forgiven is None or self._forgiven not in message.text:
            self.complaints.append(message.text)
