"""The manual in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import DESKTOP, PHONE, Visit, axe, fits

pytestmark = pytest.mark.browser


def test_a_reader_finds_a_chapter_and_what_it_names(chromium: Browser, live_server: str) -> None:
    context = chromium.new_context(viewport=PHONE, color_scheme="dark")
    page = context.new_page()
    seen = Visit(page)
    page.goto(f"{live_server}/docs?lang=sw")
    assert axe(page) == []
    assert fits(page)
    page.get_by_role("link", name="Kubadilisha data kwa programu").click()
    expect(page.get_by_text("Sura hii iko kwa Kiingereza tu.")).to_be_visible()
    page.goto(f"{live_server}/docs/roles?lang=sw")
    assert axe(page) == []
    assert fits(page)
    page.get_by_role("link", name="GIS_SESSION_HOURS").click()
    expect(page.locator("#GIS_SESSION_HOURS")).to_be_in_viewport()
    assert axe(page) == []
    page.goto(f"{live_server}/docs/data?lang=en")
    assert axe(page) == []
    assert fits(page)
    page.set_viewport_size(DESKTOP)
    page.goto(f"{live_server}/docs/load?lang=en")
    page.get_by_role("link", name="./gis inspect").first.click()
    expect(page.locator("#inspect")).to_be_in_viewport()
    assert axe(page) == []
    page.goto(f"{live_server}/docs/book?lang=en")
    assert axe(page) == []
    page.set_viewport_size(PHONE)
    assert fits(page)
    assert all(address.startswith(live_server) for address in seen.requests)
    assert seen.complaints == []
    context.close()
