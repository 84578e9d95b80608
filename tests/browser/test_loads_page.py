"""A planner loads a file in a real browser: at the desk with a script, on a phone without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from gis_service.store.database import Database
from tests.browser.pages import DESKTOP, PHONE, Visit, axe, cookies_of, fits, wait_until
from tests.ofds_packages import crooked

pytestmark = pytest.mark.browser

ROWS = """external_id,Facility name,kind,state,lon,lat
{k}1,Nyanchwa Dispensary,Health centre,connected,34.7701,-0.6812
{k}2,<b>Mwembe</b> Clinic,health,unconnected,34.7810,-0.6900
{k}3,Far away,health,unknown,12.0,51.0
"""


@pytest.fixture(scope="module")
def cookies(chromium: Browser, live_server: str, live_key: str) -> object:
    return cookies_of(chromium, live_server, live_key)


@pytest.fixture
def loaded(live_database: Database) -> Iterator[list[str]]:
    """What is loaded here is taken away again."""
    keys: list[str] = []
    yield keys
    with live_database.begin() as connection:
        connection.execute(
            text("DELETE FROM gis.offices WHERE external_id = ANY(:keys)"), {"keys": keys}
        )


def send(page: Page, address: str, file: Path, *, lang: str) -> None:
    page.goto(f"{address}/loads?lang={lang}")
    page.locator("#file").set_input_files(file)
    page.locator(".send button").click()
    page.wait_for_url("**/loads/*")


def settled(page: Page) -> None:
    """Until nothing is being done any more; without a script the page asks again by itself."""
    wait_until(lambda: page.locator("#content").count() and not page.locator(".busy").count(), 120)
    page.wait_for_load_state()


def test_a_file_is_looked_at_corrected_tried_and_loaded(
    chromium: Browser, live_server: str, cookies: object, tmp_path: Path, loaded: list[str],
    live_database: Database,
) -> None:
    file = tmp_path / "clinics.csv"
    file.write_text(ROWS.format(k="BD"))
    loaded += ["BD1", "BD2"]
    context = chromium.new_context(viewport=DESKTOP, storage_state=cookies)  # type: ignore[arg-type]
    visit = Visit(context.new_page())
    page = visit.page
    send(page, live_server, file, lang="en")
    settled(page)
    assert axe(page) == []
    name = page.get_by_label("Facility name")
    expect(name).to_have_value("name")
    page.get_by_label("state").select_option("connection")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save this mapping").click()
    assert 'connection' in download.value.path().read_text()
    page.get_by_role("button", name="Check what would change").click()
    page.wait_for_load_state()
    settled(page)
    expect(page.locator(".outcomes .of-new dd")).to_have_text("2")
    expect(page.locator(".outcomes .of-refused dd")).to_have_text("1")
    wait_until(lambda: page.locator(".rows-map").get_attribute("data-ready") == "true")
    expect(page.locator(".map-legend")).to_contain_text("Refused (1)")
    expect(page.locator(".rows-table tbody tr")).to_have_count(3)
    expect(page.locator(".rows-table")).to_contain_text("<b>Mwembe</b> Clinic")
    assert axe(page) == []
    assert fits(page)
    page.get_by_role("button", name="Load the 2 good rows").click()
    page.wait_for_load_state()
    settled(page)
    expect(page.locator(".state")).to_contain_text("Loaded")
    with live_database.begin() as connection:
        found = connection.scalar(
            text("SELECT count(*) FROM gis.offices WHERE external_id LIKE 'BD_'")
        )
    assert found == 2
    assert visit.complaints == []
    assert all(url.startswith((live_server, "blob:", "data:")) for url in visit.requests)
    context.close()


def test_on_a_phone_and_without_a_script_it_works_too(
    chromium: Browser, live_server: str, cookies: object, tmp_path: Path
) -> None:
    file = tmp_path / "zahanati.csv"
    file.write_text(ROWS.format(k="BP"))
    context = chromium.new_context(
        viewport=PHONE, storage_state=cookies, java_script_enabled=False,  # type: ignore[arg-type]
    )
    page = context.new_page()
    send(page, live_server, file, lang="sw")
    settled(page)
    page.get_by_label("state").select_option("connection")
    page.get_by_role("button", name="Kagua kitakachobadilika").click()
    page.wait_for_load_state()
    settled(page)
    expect(page.locator(".outcomes .of-new dd")).to_have_text("2")
    address = page.url
    context.close()
    context = chromium.new_context(
        viewport=PHONE, storage_state=cookies, color_scheme="dark",  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto(address)
    assert fits(page)
    assert axe(page) == []
    page.get_by_text("Ondoa faili").click()
    page.get_by_role("button", name="Iondoe").click()
    page.wait_for_url("**/loads?lang=sw")
    assert fits(page)
    assert axe(page) == []
    expect(page.locator("main")).not_to_contain_text("zahanati.csv")
    context.close()


def test_a_package_is_on_the_map_with_what_becomes_no_row(
    chromium: Browser, live_server: str, cookies: object, tmp_path: Path
) -> None:
    file = tmp_path / "county.json"
    file.write_text(json.dumps(crooked()))
    context = chromium.new_context(viewport=PHONE, storage_state=cookies)  # type: ignore[arg-type]
    visit = Visit(context.new_page())
    page = visit.page
    send(page, live_server, file, lang="sw")
    settled(page)
    page.get_by_role("button", name="Kagua kitakachobadilika").click()
    page.wait_for_load_state()
    settled(page)
    expect(page.locator(".outcomes .of-aside dd")).to_have_text("8")
    wait_until(lambda: page.locator(".rows-map").get_attribute("data-ready") == "true")
    expect(page.locator(".map-legend")).to_contain_text("Zimewekwa kando (3)")
    assert fits(page)
    assert axe(page) == []
    page.get_by_text("Ondoa faili").click()
    page.get_by_role("button", name="Iondoe").click()
    page.wait_for_url("**/loads?lang=sw")
    assert visit.complaints == []
    context.close()
