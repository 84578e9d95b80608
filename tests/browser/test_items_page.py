"""The page of a collection's items in a real Chromium, on a real service."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.map_site import CHROMIUM_ARGUMENTS

pytestmark = pytest.mark.browser

ITEMS = "/collections/offices/items?f=html&limit=20&sortby=-name"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = os.environ.get("GIS_CHROMIUM") or shutil.which("chromium")
    if program is None:
        pytest.fail("No Chromium: install the package chromium or name one in GIS_CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(CHROMIUM_ARGUMENTS)
        )
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(("language", "name"), [("en", "Map of the items"), ("sw", "Ramani ya")])
def test_the_map_shows_what_the_table_shows(
    chromium: Browser, live_server: str, language: str, name: str, width: int
) -> None:
    page, said = _page(chromium, width)
    page.goto(f"{live_server}{ITEMS}&lang={language}")
    expect(page.locator("path.items-shape")).to_have_count(20)
    expect(page.get_by_role("region", name=name)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    map_, table = (page.locator(at).bounding_box() for at in (".items-map", "table"))
    assert map_ is not None
    assert table is not None
    beside = map_["x"] >= table["x"] + 200
    assert beside is (width == 1440)
    page.locator("path.items-shape").first.dispatch_event("click")
    expect(page.locator("tbody tr:has(a:focus)")).to_have_class("is-marked")
    assert said == []
    page.close()


def test_a_heading_sorts_and_pages_lead_there_and_back(
    chromium: Browser, live_server: str
) -> None:
    page, said = _page(chromium, 1440)
    page.goto(live_server + ITEMS)
    first = page.locator("tbody tr").first.inner_text()
    page.click("a[rel=next]")
    page.click("a[rel=prev]")
    assert page.locator("tbody tr").first.inner_text() == first
    page.click("thead th[aria-sort=descending] a")
    expect(page.locator("thead th[aria-sort=ascending]")).to_have_count(1)
    assert page.locator("tbody tr").first.inner_text() != first
    assert said == []
    page.close()


def test_the_table_needs_no_script(chromium: Browser, live_server: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server + ITEMS)
    assert page.locator("tbody tr").count() == 20
    expect(page.locator(".items-map")).to_be_hidden()
    context.close()


def _page(chromium: Browser, width: int) -> tuple[Page, list[str]]:
    """A page, and what its console says: nothing, when the policy holds."""
    page = chromium.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return page, said
