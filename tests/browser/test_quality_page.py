"""Rules, quality and files in a real Chromium."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import DESKTOP, PHONE, Visit, axe, cookies_of, fits

pytestmark = pytest.mark.browser


def test_a_planner_checks_a_network_and_follows_a_finding(
    chromium: Browser, live_server: str, live_key: str
) -> None:
    cookies = cookies_of(chromium, live_server, live_key)
    context = chromium.new_context(viewport=PHONE, storage_state=cookies, color_scheme="dark")
    page = context.new_page()
    seen = Visit(page)
    page.goto(f"{live_server}/quality?lang=en")
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_role("heading", name="The same span twice: 1")).to_be_visible()
    assert axe(page) == []
    assert fits(page)
    page.locator(".broken .rule").first.click()
    expect(page.locator("#KIS-R2")).to_be_in_viewport()
    assert axe(page) == []
    assert fits(page)
    page.go_back()
    with page.expect_download() as saved:
        page.get_by_role("link", name="All findings (JSON)").click()
    assert json.loads(Path(saved.value.path()).read_text())["totals"]["error"] == 0
    page.locator(".places a").first.click()
    page.wait_for_url(lambda url: "external_id=" in url)
    assert all(address.startswith(live_server) for address in seen.requests)
    assert seen.complaints == []
    context.close()


def test_files_are_taken_away_in_kiswahili_too(chromium: Browser, live_server: str) -> None:
    page = chromium.new_page(viewport=DESKTOP)
    seen = Visit(page)
    page.goto(f"{live_server}/exports?lang=sw")
    expect(page.get_by_role("heading", level=1)).to_have_text("Data kama faili")
    assert axe(page) == []
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").last.click()
    assert Path(saved.value.path()).read_bytes().startswith(b"id,")
    page.set_viewport_size(PHONE)
    assert fits(page)
    assert seen.complaints == []
    page.close()
