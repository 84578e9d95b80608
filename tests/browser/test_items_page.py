"""The pages of the API in a real Chromium, on a real service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import axe, cookies_of, fits

pytestmark = pytest.mark.browser

ITEMS = "/collections/offices/items?f=html&limit=20&sortby=-name"
PAGES = (
    "/", "/collections", "/collections/offices", "/collections/offices/items?limit=5",
    "/search?q=kisii", "/search?q=zzzqqq", "/search?q=a",
    "/collections/offices/nearest?lon=34.77&lat=-0.68", "/api", "/conformance",
)


@pytest.fixture
def planner_page(chromium: Browser, live_server: str, live_key: str) -> Iterator[Page]:
    """A page of a planner who has logged in."""
    context = chromium.new_context(
        base_url=live_server, storage_state=cookies_of(chromium, live_server, live_key)
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(("language", "name"), [("en", "Map of the items"), ("sw", "Ramani ya")])
def test_the_map_shows_what_the_table_shows(
    chromium: Browser, live_server: str, language: str, name: str, width: int
) -> None:
    page, said = _page(chromium, width)
    page.goto(f"{live_server}{ITEMS}&lang={language}")
    expect(page.locator("path.items-shape")).to_have_count(20)
    expect(page.get_by_role("region", name=name)).to_be_visible()
    assert fits(page)
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


def test_filters_and_files_need_no_script(chromium: Browser, live_server: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server}/collections/offices/items?f=html&limit=5&sortby=name")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Connection").select_option("connected")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("Connection")).to_have_value("connected")
    assert set(page.locator("tbody tr td:nth-child(4)").all_inner_texts()) == {"Connected"}
    assert page.locator("tbody tr").count() == 5
    with page.expect_download() as begun:
        page.get_by_role("link", name="CSV").click()
    lines = begun.value.path().read_text().splitlines()
    assert len(lines) > 6, "all that match, not only this page"
    assert all(",connected," in line for line in lines[1:])
    context.close()


def test_references_are_told_by_name(planner_page: Page) -> None:
    page = planner_page
    page.goto("/collections/fibre_links/items?f=html&limit=5&sortby=name")
    ends = page.locator("tbody tr td a[href*='/network_nodes/items/']")
    assert ends.count() == 10
    name = ends.first.inner_text()
    ends.first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.goto("/collections/fibre_links/items?f=html&limit=1")
    page.locator("tbody th a").click()
    page.get_by_role("link", name="History").click()
    changed = page.locator("table.versions td").last
    expect(changed).to_contain_text("Network: ")
    expect(changed.locator("a[href*='/network_nodes/items/']")).to_have_count(2)


@pytest.mark.parametrize(
    ("width", "language", "scheme"), [(390, "sw", "dark"), (1440, "en", "light")]
)
def test_axe_finds_nothing(
    chromium: Browser, live_server: str, width: int, language: str, scheme: Any
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = context.new_page()
    for path in PAGES:
        page.goto(f"{live_server}{path}{'&' if '?' in path else '?'}f=html&lang={language}")
        for summary in page.locator(".filters summary").all():
            summary.click()
        assert axe(page) == [], path
        assert fits(page), path
    context.close()


def _page(chromium: Browser, width: int) -> tuple[Page, list[str]]:
    """A page, and what its console says: nothing, when the policy holds."""
    page = chromium.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return page, said
