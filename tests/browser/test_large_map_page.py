"""The planner's map with layers too large for a page, and what staff check on it, in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from gis_service.cartography.vendor import vendor
from tests.browser.pages import (
    DESKTOP,
    PHONE,
    Desk,
    axe,
    cookies_of,
    fits,
    wait_until,
)
from tests.conftest import Databases, new_key, service_of

pytestmark = pytest.mark.browser

INK = """() => {
  const seen = new Set();
  for (const tile of document.querySelectorAll('.leaflet-tiles-pane canvas')) {
    const copy = document.createElement('canvas');
    copy.width = copy.height = 512;
    const pen = copy.getContext('2d');
    pen.drawImage(tile, 0, 0, 512, 512);
    const { data } = pen.getImageData(0, 0, 512, 512);
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 240) seen.add(data.slice(i, i + 3).join());
    }
  }
  return [...seen];
}"""
"""The colours that the tiles in view hold."""
TOKEN = """name => {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  pen.fillStyle = gisMap.token(name);
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)].join();
}"""
SEE = (
    "async ([at, zoom]) => { gisMap.app.map.setView(at, zoom, { animate: false });"
    " await gisMap.app.settled(); }"
)


class LargeDesk(Desk):
    """A planner's browser that goes to a place."""

    def see(self, at: list[float], zoom: float) -> None:
        self.page.evaluate(SEE, [at, zoom])


@pytest.fixture(scope="module")
def service(
    databases: Databases, sample_template: str, home: Path
) -> Iterator[tuple[str, str]]:
    vendor()
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIS_MAP_WHOLE", "20")
        with service_of(database, home) as (address, _):
            yield address, new_key(database)
    databases.drop(database)


@pytest.fixture(scope="module")
def session(chromium: Browser, service: tuple[str, str]) -> Any:
    """Cookies of a planner who has logged in."""
    return cookies_of(chromium, *service)


@pytest.fixture
def desk(
    chromium: Browser, service: tuple[str, str], session: Any
) -> Iterator[Callable[..., LargeDesk]]:
    contexts = []

    def make(size: dict[str, int] = DESKTOP, **options: Any) -> LargeDesk:
        context = chromium.new_context(
            viewport=size, reduced_motion="reduce", storage_state=session, **options
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        return LargeDesk(context, service[0])

    yield make
    for context in contexts:
        context.close()


def test_a_large_map_is_drawn_by_tiles_and_tells_what_is_clicked(desk: Any) -> None:
    visit = desk()
    page = visit.open()
    features = "document.querySelectorAll('.legend [data-layer=offices] .count')[0].textContent"
    assert int(page.evaluate(features)) > 20
    assert page.evaluate("gisMap.app.layers.get('offices').points.length") == 0
    assert len(page.evaluate(INK)) > 0
    office = page.evaluate(
        "fetch(gisMap.app.config.searchAddress + '?q=Moticho Health&f=json&collections=offices')"
        ".then(a => a.json()).then(d => d.features[0].geometry.coordinates.toReversed())"
    )
    visit.see(office, 13)
    colours = page.evaluate(INK)
    for token in ("connected", "network"):
        assert page.evaluate(TOKEN, token) in colours
    box = page.locator(".leaflet-container").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".card-name", has_text="Moticho Health").wait_for()
    assert page.locator(".card-fields div").count() > 3
    visit.see(office, 15)
    wait_until(lambda: page.evaluate("gisMap.app.layers.get('offices').points.length") > 0)
    assert page.locator(".leaflet-tiles-pane canvas").count() == 0
    lean = "gisMap.app.layers.get('fibre_links').entries.find(e => e.item).item"
    assert page.evaluate(f"{lean}.feature.properties.route_length_m") is None
    page.evaluate(f"() => {{ gisMap.app.openCard({lean}, {lean}.at) }}")
    wait_until(lambda: page.evaluate(f"{lean}.feature.properties.route_length_m > 0"))
    page.locator("#finder-input").fill("Ibeno Health")
    page.locator("#finder-list [role=option]", has_text="Ibeno Health").first.click()
    page.locator(".card-name", has_text="Ibeno Health").wait_for()
    assert visit.complaints == []
    assert {each.split("/")[2] for each in visit.requests if each.startswith("http")} \
        == {visit.address.split("/")[2]}


def test_what_wants_certification_is_listed_by_ward_and_leads_to_the_map(desk: Any) -> None:
    visit = desk()
    page = visit.open()
    assert page.locator(".cert-mark").count() == 0
    page.get_by_text("Certification", exact=True).click()
    page.locator(".cert-ward").first.wait_for()
    told = {
        state: int(page.locator(f".cert-states label:has(.is-{state}) .count").inner_text())
        for state in ("failed", "overdue", "never", "due", "inspection")
    }
    # As data/sample has them on the day of the records, in the words of the process.
    found = page.evaluate(
        "fetch(gisMap.app.config.desk.processes['certifications-due'] + '?f=json')"
        ".then(a => a.json())"
    )
    assert told == {**{state: found[state] for state in told if state in found},
                    "inspection": found["inspections"]}
    assert sum(told.values()) == page.locator(".cert-ward .cert-list > li").count()
    signs = page.locator(".cert-mark").count()
    page.get_by_role("checkbox", name="Overdue").uncheck()
    assert page.locator(".cert-mark:has(.is-overdue)").count() == 0
    assert 0 < page.locator(".cert-mark").count() < signs
    page.locator(".cert-ward summary").first.click()
    device = page.locator(".cert-ward .desk-link").first
    name = device.inner_text()
    device.click()
    page.locator(".cert-list b", has_text=name).wait_for()
    assert "certified=1" in page.url
    page.keyboard.press("Escape")
    page.get_by_text("Certification", exact=True).click()
    wait_until(lambda: page.locator(".cert-mark").count() == 0)
    assert visit.complaints == []


def test_works_are_drawn_and_tell_whom_to_call(desk: Any) -> None:
    visit = desk()
    page = visit.open()
    page.get_by_role("button", name="Before digging").click()
    places = page.locator("#bench-coordinates")
    places.wait_for()
    link = page.evaluate(
        "fetch('/collections/fibre_links/items?limit=1&f=json&status=operational&medium=fibre')"
        ".then(a => a.json()).then(d => [d.features[0].properties.name,"
        " d.features[0].geometry.coordinates[0]])"
    )
    name, (lon, lat) = link
    places.fill(f"{lat - 0.0002}, {lon - 0.0002}\n{lat + 0.0002}, {lon + 0.0002}")
    places.blur()
    page.get_by_role("button", name="What lies there?").click()
    page.locator(".dig-answer table").first.wait_for()
    assert name in page.locator(".dig-answer").inner_text()
    assert page.get_by_role("heading", name="Whom to call").is_visible()
    assert page.locator(".finding").is_visible()
    page.get_by_label("How near counts").fill("0")
    assert page.locator(".dig-answer").inner_text() == ""
    page.get_by_label("An area").check()
    places.fill("1, 38\n1.0001, 38\n1, 38.0001")
    places.blur()
    page.get_by_role("button", name="What lies there?").click()
    page.get_by_text("Nothing recorded lies within 0 m of the works.").first.wait_for()
    places.fill("-0.6, 34.7\n-0.7, 34.8\n-0.6, 34.8\n-0.7, 34.7")
    places.blur()
    page.get_by_role("button", name="What lies there?").click()
    page.locator(".dig-answer [role=alert]").wait_for()
    page.get_by_role("button", name="Close", exact=True).click()
    assert not page.locator(".finding").is_visible()
    assert not [each for each in visit.complaints if "400" not in each]


@pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"]
)
def test_axe_finds_nothing(desk: Any, size: dict[str, int], scheme: str) -> None:
    visit = desk(size, color_scheme=scheme)
    page = visit.open("&certified=1", lang="sw")
    page.locator(".cert-ward").first.wait_for(state="attached")
    if size is PHONE:
        page.click(".sheet-handle")
    page.locator(".cert-ward summary").first.click()
    assert axe(page) == []
    assert fits(page)
    page.get_by_role("button", name="Kabla ya kuchimba").click()
    places = page.locator("#bench-coordinates")
    places.fill("-0.67, 34.76\n-0.68, 34.77")
    places.blur()
    page.get_by_role("button", name="Kuna nini hapo?").click()
    page.locator(".dig-answer table").first.wait_for()
    assert axe(page) == []
    assert fits(page)
