"""People, keys and the audit in a real Chromium: a key made, shown once, used, revoked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gis_service.model.audience import Audience
from tests.browser.pages import DESKTOP, PHONE, Visit, axe, cookies_of, fits
from tests.conftest import Databases, new_key, service_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(
    databases: Databases, sample_template: str, home: Path
) -> Iterator[tuple[str, str]]:
    """Address of a service, and an admin's key."""
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    with service_of(database, home) as (found, _):
        yield found, new_key(database, Audience.ADMIN)
    databases.drop(database)


def test_an_admin_makes_a_key_and_revokes_it(
    chromium: Browser, address: tuple[str, str]
) -> None:
    base, key = address
    state = cookies_of(chromium, base, key)
    phone = chromium.new_context(viewport=PHONE, color_scheme="dark", storage_state=state)
    visit = Visit(phone.new_page())
    page = visit.page
    page.goto(f"{base}/people?lang=en")
    assert fits(page)
    assert axe(page) == []
    page.get_by_label("Name", exact=True).fill("Jane Moraa")
    page.get_by_label("Role").select_option("technician")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("heading", name="A new key")).to_be_visible()
    shown = page.get_by_label("The key").input_value()
    assert shown.startswith("gis_")
    assert "gis_" not in page.url
    assert fits(page)
    assert axe(page) == []
    assert cookies_of(chromium, base, shown)["cookies"]
    page.get_by_role("link", name="Back to Jane Moraa").click()
    expect(page.locator(".held")).to_contain_text("Technician")
    assert shown not in page.content()
    assert fits(page)
    assert axe(page) == []
    page.get_by_role("button", name="Revoke").click()
    expect(page.locator(".held")).to_contain_text("revoked")
    assert visit.complaints == []
    assert all(url.startswith(base) for url in visit.requests)
    phone.close()

    desktop = chromium.new_context(viewport=DESKTOP, storage_state=state)
    visit = Visit(desktop.new_page())
    page = visit.page
    page.goto(f"{base}/audit?lang=sw")
    expect(page.locator(".acts > li").first).to_contain_text("Amefuta ufunguo")
    assert fits(page)
    assert axe(page) == []
    page.get_by_label("Aina ya tendo").select_option("loaded")
    page.get_by_role("button", name="Onyesha").click()
    page.wait_for_url(lambda url: "kind=loaded" in url)
    expect(page.locator(".acts > li").first).to_contain_text("Amepakia")
    page.goto(f"{base}/privacy?lang=sw")
    assert fits(page)
    assert axe(page) == []
    assert visit.complaints == []
    desktop.close()
