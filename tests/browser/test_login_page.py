"""Logging in and out in a real Chromium, on a real service."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    expect,
)

from gis_service.model.audience import Audience
from gis_service.model.keys import KeyText
from gis_service.store.database import Database
from tests.browser.pages import DESKTOP, PHONE, Visit, fits, open_menu
from tests.conftest import Databases, new_key, service_of

pytestmark = pytest.mark.browser

WORDS = {
    "en": {"in": "Log in", "out": "Log out", "key": "Your key", "refused": "opens nothing"},
    "sw": {"in": "Ingia", "out": "Toka", "key": "Ufunguo wako", "refused": "haufungui"},
}


@pytest.fixture(scope="module")
def service(
    databases: Databases, sample_template: str, home: Path
) -> Iterator[tuple[str, Database]]:
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    with service_of(database, home) as (address, _):
        yield address, database
    databases.drop(database)


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def visitor(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport=request.param)
    context.set_default_timeout(10_000)
    yield context
    context.close()


def shoot(page: Page, name: str) -> None:
    if folder := os.environ.get("GIS_SCREENSHOTS"):
        width = (page.viewport_size or PHONE)["width"]
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)


@pytest.mark.parametrize("language", ["en", "sw"])
def test_in_wrong_and_right_and_out(
    visitor: BrowserContext, service: tuple[str, Database], language: str
) -> None:
    address, database = service
    words = WORDS[language]
    page = visitor.new_page()
    width = (page.viewport_size or PHONE)["width"]
    key = new_key(database, Audience.PLANNER, client=f"{language} ipad {width}")
    seen = Visit(page, forgiven="status of 4")

    page.goto(f"{address}/collections/offices?lang={language}")
    shoot(page, f"{language}-0-public")
    open_menu(page)
    page.get_by_role("banner").get_by_role("link", name=words["in"], exact=True).click()
    shoot(page, f"{language}-1-form")
    assert fits(page)
    field = page.get_by_label(words["key"])
    expect(field).to_be_focused()
    assert field.bounding_box()["height"] >= 44  # type: ignore[index]

    field.fill(KeyText.new().shown())
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(words["refused"])
    expect(field).to_have_value("")
    shoot(page, f"{language}-2-refused")
    assert fits(page)

    field.fill(key)
    page.get_by_role("main").get_by_role("button", name=words["in"], exact=True).click()
    page.wait_for_url(f"{address}/collections/offices?lang={language}")
    out = page.get_by_role("banner").get_by_role("button", name=words["out"], exact=True)
    open_menu(page)
    expect(out).to_be_visible()
    assert page.evaluate("document.cookie") == ""
    shoot(page, f"{language}-3-in")
    assert fits(page)

    page.goto(f"{address}/maps/coverage?lang={language}")
    open_menu(page)
    expect(out).to_be_visible()
    shoot(page, f"{language}-4-map")
    assert fits(page)
    page.goto(f"{address}/login?lang={language}")
    shoot(page, f"{language}-5-already")

    page.get_by_role("main").get_by_role("button", name=words["out"], exact=True).click()
    page.wait_for_url(f"{address}/**")
    open_menu(page)
    entry = page.get_by_role("banner").get_by_role("link", name=words["in"], exact=True)
    expect(entry).to_be_visible()
    page.go_back()
    page.reload()
    expect(out).to_have_count(0)
    assert visitor.cookies() == [c for c in visitor.cookies() if c["name"] == "gis_login"]
    assert seen.complaints == []


def test_without_scripts(chromium: Browser, service: tuple[str, Database]) -> None:
    address, database = service
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/login?next=/collections/equipment")
    page.fill("#key", new_key(database, client="no scripts"))
    page.click("main button")
    assert page.url == f"{address}/collections/equipment"
    page.click("header .account button")
    assert "gis_session" not in {c["name"] for c in context.cookies()}
    context.close()


def test_a_page_elsewhere_cannot_use_the_session(
    chromium: Browser, service: tuple[str, Database]
) -> None:
    """A form on another site sends no cookie, and would be refused with one."""
    address, database = service
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{address}/login")
    page.fill("#key", new_key(database, client="victim"))
    page.click("main button")
    session = [c for c in context.cookies() if c["name"] == "gis_session"]
    assert session[0]["httpOnly"]
    assert session[0]["sameSite"] == "Strict"

    evil = context.new_page()
    elsewhere = "http://localhost:" + address.rsplit(":", 1)[1]
    evil.route("http://evil.example/**", lambda route: route.fulfill(
        content_type="text/html", body=f"""<form method="post" action="{address}/logout">
        <button>Win</button></form>"""))
    evil.goto("http://evil.example/")
    evil.click("button")
    evil.wait_for_load_state()
    page.goto(f"{address}/collections/equipment")
    assert page.locator("header .account button").is_visible(), "still logged in"
    page.goto(f"{elsewhere}/collections/equipment?f=html")
    assert page.locator("header .account button").count() == 0, "another name, another cookie"
    context.close()
