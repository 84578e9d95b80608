"""What the tests of pages share: screens, waiting, and what a page asked or complained of."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from gis_service.cartography.vendor import VENDOR

CHROMIUM_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
_AXE = """axe.run({resultTypes: ['violations']}).then(
    r => r.violations.map(v => [v.id, v.nodes.map(n => n.target.join(' '))]))"""

_IS_CALLED = """name => {
    const here = document.activeElement;
    const names = here.labels?.length ? [...here.labels] : [here].filter(
        each => each.matches('a, button, summary'));
    return names.some(each => each.textContent.trim().startsWith(name));
}"""


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
    """What axe finds wrong; it comes past the page's policy, which holds for the page itself."""
    page.wait_for_load_state()
    page.evaluate(next(VENDOR.glob("axe-core@*/axe.min.js")).read_text())
    found: list[Any] = page.evaluate(_AXE)
    return found


def tab_to(page: Page, name: str) -> None:
    """Go on by Tab until what is so called, or so labelled, has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(_IS_CALLED, name):
            return
    pytest.fail(f"Tab does not lead to {name!r}")


def cookies_of(chromium: Browser, address: str, key: str) -> Any:
    """The cookies of a browser that has logged in with a key."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{address}/login?lang=en")
    page.get_by_label("Your key").fill(key)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    state = context.storage_state()
    context.close()
    return state


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


class Desk(Visit):
    """A planner's browser."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        super().__init__(context.new_page())
        self.address = address

    def open(self, query: str = "", *, lang: str = "en") -> Page:
        self.page.goto(f"{self.address}/maps/coverage?lang={lang}{query}")
        wait_until_ready(self.page)
        return self.page
