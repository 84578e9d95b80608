"""The home page and the head that all pages share, in a real Chromium."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import PHONE, Visit, axe, fits, open_menu

pytestmark = pytest.mark.browser


def test_the_menu_on_a_phone_by_keyboard(chromium: Browser, live_server: str) -> None:
    page = chromium.new_page(viewport=PHONE)
    seen = Visit(page)
    page.goto(f"{live_server}/maps/coverage")
    menu = page.locator("#menu")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Main menu").focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    for link in menu.get_by_role("link").all():
        assert link.bounding_box()["height"] >= 44  # type: ignore[index]
    assert fits(page)
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(menu.get_by_role("link").first).to_be_focused()
    menu.get_by_role("link", name="Data").click()
    page.wait_for_url(f"{live_server}/collections")
    open_menu(page)
    expect(menu.get_by_role("link", name="Data")).to_have_attribute("aria-current", "page")
    assert seen.complaints == []
    page.close()


@pytest.mark.parametrize(("language", "scheme"), [("en", "dark"), ("sw", "light")])
def test_axe_finds_nothing_with_the_menu_open(
    chromium: Browser, live_server: str, language: str, scheme: Any
) -> None:
    context = chromium.new_context(viewport=PHONE, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{live_server}/?f=html&lang={language}")
    open_menu(page)
    assert axe(page) == []
    assert fits(page)
    context.close()


def test_without_scripts_the_menu_opens_too(chromium: Browser, live_server: str) -> None:
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server}/")
    page.get_by_role("button", name="Main menu").click()
    page.locator("#menu").get_by_role("link", name="Maps").click()
    page.wait_for_url(f"{live_server}/maps")
    context.close()
