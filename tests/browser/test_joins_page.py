"""Joining two networks in a real Chromium: a pair confirmed, seen on the map, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gis_service.settings import Settings
from tests.browser.pages import DESKTOP, PHONE, Visit, axe, cookies_of, fits, wait_until_ready
from tests.conftest import Databases, new_key, service_of
from tests.two_networks import load_both

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(databases: Databases, settings: Settings, home: Path) -> Iterator[tuple[str, str]]:
    """Address of a service on two networks, and a planner's key."""
    database = databases.fresh("gis_migrated")
    load_both(database, settings, home)
    databases.with_logins(database)
    with service_of(database, home) as (found, _):
        yield found, new_key(database)
    databases.drop(database)


def test_a_planner_joins_two_networks_and_takes_it_back(
    chromium: Browser, address: tuple[str, str]
) -> None:
    base, key = address
    state = cookies_of(chromium, base, key)
    phone = chromium.new_context(viewport=PHONE, color_scheme="dark", storage_state=state)
    visit = Visit(phone.new_page())
    page = visit.page
    page.goto(f"{base}/joins?lang=en")
    assert fits(page)
    assert axe(page) == []
    pair = page.locator(".join").filter(has_text="KISII METRO")
    expect(pair).to_contain_text("111 m")
    pair.get_by_label("Note").fill("same hut")
    pair.get_by_role("button", name="One place").click()
    expect(page.get_by_role("status")).to_contain_text("Joined")
    expect(page.locator(".join").filter(has_text="KISII METRO")).to_have_count(0)
    expect(page.locator(".rows")).to_contain_text("same hut")
    assert fits(page)
    assert axe(page) == []
    assert visit.complaints == []
    assert all(url.startswith(base) for url in visit.requests)
    phone.close()

    desktop = chromium.new_context(viewport=DESKTOP, storage_state=state)
    visit = Visit(desktop.new_page())
    page = visit.page
    page.goto(f"{base}/maps/coverage?lang=en&joined=1")
    wait_until_ready(page)
    expect(page.locator(".joined-list")).to_contain_text("Kisii PoP")
    expect(page.locator(".joined-sign")).to_have_count(1)
    page.goto(f"{base}/joins?lang=sw")
    page.get_by_role("button", name="Ondoa uamuzi").click()
    expect(page.get_by_role("status")).to_contain_text("Uamuzi umeondolewa")
    assert visit.complaints == []
    desktop.close()
