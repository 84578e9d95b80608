"""
The coverage page in a real Chromium, served with its strict policy.

No database and no web app: frames from the sample files, or made here, go
through the same functions that the service uses.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import mapbox_vector_tile  # type: ignore[import-untyped]
import pytest
from map_site import sample_frames, served, write_site
from playwright.sync_api import Browser
from shapely import box
from shapely.geometry import LineString, Point

from gis_service.cartography.basemap import VectorBasemap
from gis_service.cartography.vendor import vendor
from gis_service.model.audience import Audience
from tests.browser.pages import (
    DESKTOP,
    PHONE,
    Visit,
    axe,
    fits,
    wait_until,
    wait_until_ready,
)
from tests.raster import vector_tile

pytestmark = pytest.mark.browser

MOST_SHIFTED = 0.1
SHIFTED = """() => new Promise(done => new PerformanceObserver(seen => done(
    seen.getEntries().reduce((sum, each) => sum + (each.value ?? 0), 0)
)).observe({ type: 'layout-shift', buffered: true }) ?? setTimeout(() => done(0), 200))"""
"""How much what was already there moved while the page came (CLS)."""


COLOURS_OF_BASE = """() => {
    const hex = name => gisMap.token(name).match(/\\w\\w/g).map(two => parseInt(two, 16));
    const wanted = { water: hex('base-water'), green: hex('base-green'), land: hex('land') };
    const found = { water: 0, green: 0, land: 0, all: 0 };
    for (const tile of document.querySelectorAll('.leaflet-tile-pane canvas')) {
        const copy = Object.assign(document.createElement('canvas'), { width: 512, height: 512 });
        const context = copy.getContext('2d');
        context.drawImage(tile, 0, 0);
        const { data } = context.getImageData(0, 0, 512, 512);
        found.all += data.length / 4;
        for (let i = 0; i < data.length; i += 4)
            for (const [name, [r, g, b]] of Object.entries(wanted))
                found[name] += data[i] === r && data[i + 1] === g && data[i + 2] === b;
    }
    return found;
}"""
"""How many points of the basemap have each of three of its colours, and how many there are."""


@pytest.fixture(scope="module", autouse=True)
def _libraries() -> None:
    vendor()


@pytest.fixture(scope="module")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("sample")
    write_site(folder, sample_frames())
    with served(folder) as address:
        yield address


class MapVisit(Visit):
    def open(self, address: str) -> MapVisit:
        self.page.goto(address)
        wait_until_ready(self.page)
        return self

    def card(self) -> str:
        wait_until(lambda: self.page.locator(".card").count() == 1)
        return self.page.locator(".card").inner_text()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., MapVisit]]:
    contexts = []

    def make(size: dict[str, int] = DESKTOP, **options: Any) -> MapVisit:
        context = chromium.new_context(viewport=size, reduced_motion="reduce", **options)
        contexts.append(context)
        return MapVisit(context.new_page())

    yield make
    for context in contexts:
        context.close()


def test_the_page_shows_the_map_and_asks_nobody_else(sample_site: str, visit: Any):
    seen = visit().open(f"{sample_site}/en.html")
    assert seen.complaints == []
    assert all(url.startswith(sample_site) for url in seen.requests)
    page = seen.page
    assert page.title() == "Who is connected · Kisii Municipality"
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("main h1").inner_text() == "Who is connected"
    assert page.locator("canvas").count() >= 2
    counts = dict(zip(
        page.locator("fieldset[data-layer=offices] li").evaluate_all(
            "rows => rows.map(r => r.dataset.key)"),
        page.locator("fieldset[data-layer=offices] .count").all_inner_texts(), strict=True,
    ))
    tiles = page.locator(".tiles b").all_inner_texts()
    assert [counts["connected"], counts["unconnected"], counts["unknown"]] == tiles


def test_kiswahili_is_whole(sample_site: str, visit: Any):
    seen = visit().open(f"{sample_site}/sw.html")
    text = seen.page.locator("body").inner_text()
    assert "Nani ameunganishwa" in text
    assert "Zimeunganishwa" in text
    assert "20 Novemba 2026" in text
    for english in ("Connected", "Show", "Share", "Legend", "No data"):
        assert english not in text
    seen.page.get_by_role("link", name="English").click()
    assert seen.page.locator("html").get_attribute("lang") == "en"


def test_languages_keep_the_view(sample_site: str, visit: Any):
    page = visit().open(f"{sample_site}/en.html#13/-0.6800/34.7700").page
    page.evaluate("gisMap.app.map.panBy([40, 0], {animate: false}); 0")
    page.get_by_role("link", name="Kiswahili").click()
    assert "sw.html#13/" in page.url


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(sample_site: str, visit: Any, size: dict[str, int], scheme: str):
    page = visit(size, color_scheme=scheme).open(f"{sample_site}/en.html").page
    if size is PHONE:
        page.click(".sheet-handle")
    for _ in range(2):
        assert axe(page) == []
        if size is PHONE:
            page.click(".sheet-handle")
        page.evaluate("gisMap.app.show([...gisMap.app.wards.values()][0]); 0")
        wait_until(lambda: page.locator(".card").count() == 1)


def test_search_by_keyboard_ignores_accents_and_returns(sample_site: str, visit: Any):
    seen = visit().open(f"{sample_site}/en.html")
    page = seen.page
    page.focus("#finder-input")
    page.keyboard.type("bogiákumu")
    assert page.locator("#finder-list li").count() >= 1
    page.keyboard.press("ArrowDown")
    active = page.get_attribute("#finder-input", "aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    assert "Bogiakumu" in seen.card()
    assert page.evaluate("document.activeElement.ariaLabel") == "Bogiakumu"
    page.keyboard.press("Escape")
    wait_until(lambda: page.locator(".card").count() == 0)
    assert page.evaluate("document.activeElement.id") == "finder-input"


def test_search_says_when_nothing_is_found(sample_site: str, visit: Any):
    page = visit().open(f"{sample_site}/en.html").page
    page.fill("#finder-input", "<b>nothing</b>")
    assert page.locator(".finder-count").inner_text() == "Nothing found for “<b>nothing</b>”"


def test_a_ward_row_leads_to_the_map_and_back(sample_site: str, visit: Any):
    seen = visit().open(f"{sample_site}/en.html")
    page = seen.page
    button = page.get_by_role("button", name="Bogiakumu")
    button.focus()
    page.keyboard.press("Enter")
    card = seen.card()
    assert "Bogiakumu" in card
    assert "Constituency" in card
    assert "Bonchari" in card
    row = page.locator("tr.is-chosen")
    assert row.get_attribute("data-ward") == "1302"
    assert row.locator(".share").inner_text().strip() in card
    page.keyboard.press("Escape")
    wait_until(lambda: page.evaluate("document.activeElement.textContent") == "Bogiakumu")


def test_the_ward_table_sorts(sample_site: str, visit: Any):
    page = visit().open(f"{sample_site}/en.html").page
    page.locator(".wards .sorter").nth(2).click()
    shares = page.locator(".wards tbody tr td:last-child").evaluate_all(
        "cells => cells.map(c => Number(c.dataset.value))")
    assert shares == sorted(shares)
    assert page.locator(".wards th[aria-sort]").count() == 1


def test_layers_switch_off_and_come_back_when_searched(sample_site: str, visit: Any):
    seen = visit().open(f"{sample_site}/en.html")
    page = seen.page
    box_ = page.locator("input[data-layer=offices]")
    box_.uncheck()
    shown = "gisMap.app.map.hasLayer(gisMap.app.layers.get('offices').group)"
    assert page.evaluate(shown) is False
    page.fill("#finder-input", "Kisii County Headquarters")
    page.keyboard.press("Enter")
    assert "Kisii County Headquarters" in seen.card()
    assert page.evaluate(shown) is True
    assert box_.is_checked()


def test_the_map_moves_by_keyboard_alone(sample_site: str, visit: Any):
    page = visit().open(f"{sample_site}/en.html").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.focus(".folium-map")
    zoom = page.evaluate("gisMap.app.map.getZoom()")
    page.keyboard.press("+")
    wait_until(lambda: page.evaluate("gisMap.app.map.getZoom()") > zoom)
    before = page.evaluate("gisMap.app.map.getCenter().lng")
    page.keyboard.press("ArrowRight")
    wait_until(lambda: page.evaluate("gisMap.app.map.getCenter().lng") > before)


def test_targets_on_a_phone_are_large_enough(sample_site: str, visit: Any):
    page = visit(PHONE, has_touch=True, is_mobile=True).open(f"{sample_site}/en.html").page
    assert page.evaluate(SHIFTED) <= MOST_SHIFTED
    page.click(".legend summary")
    small = page.locator(
        "header a, .tools button, .legend summary, .layer-switch, .sheet-handle, .finder input"
    ).evaluate_all("all => all.map(e => [e.className || e.textContent, e.getBoundingClientRect()])"
                   ".filter(([, r]) => r.width && (r.height < 44 || r.width < 44)).map(([n]) => n)")
    assert small == []
    assert fits(page)


def test_the_sheet_opens_and_closes(sample_site: str, visit: Any):
    page = visit(PHONE, has_touch=True, is_mobile=True).open(f"{sample_site}/en.html").page
    handle = page.locator(".sheet-handle")
    assert not page.locator(".panel-body").is_visible()
    handle.click()
    assert handle.get_attribute("aria-expanded") == "true"
    assert page.locator(".wards").is_visible()
    page.get_by_role("button", name="Bogiakumu").click()
    assert handle.get_attribute("aria-expanded") == "false"


def test_without_script_the_facts_are_all_there(sample_site: str, visit: Any):
    page = visit(java_script_enabled=False).page
    page.goto(f"{sample_site}/en.html")
    assert page.locator(".wards tbody tr").count() == 45
    assert page.locator(".hero-text").is_visible()
    assert page.locator("noscript").count() == 1


def test_a_layer_that_fails_is_told_and_can_be_tried_again(sample_site: str, visit: Any):
    seen = visit()
    seen.page.route("**/offices.geojson", lambda route: route.abort())
    seen.open(f"{sample_site}/en.html")
    status = seen.page.locator(".stage-status")
    assert "Offices" in status.inner_text()
    seen.page.unroute("**/offices.geojson")
    status.get_by_role("button").click()
    wait_until(lambda: not status.inner_text())
    order = seen.page.evaluate("[...gisMap.app.layers.keys()]")
    assert order == ["wards", "roads", "fibre_links", "network_nodes", "offices"]


HOSTILE = (
    "<img src=x onerror=globalThis.pwned=1>",
    "`${globalThis.pwned=1}`",
    "${alert(1)}",
    "</script><script>globalThis.pwned=1</script>",
    "javascript:globalThis.pwned=1",
    "\"'><svg onload=globalThis.pwned=1>",
    "{{ 7*7 }}{% raw %}",
    "<a href=\"javascript:globalThis.pwned=1\">x</a>",
    "\u2028\u202eevil",
    "__proto__",
)


def hostile_frames() -> dict[str, gpd.GeoDataFrame]:
    """The same rows everywhere, each text of them an attack."""
    count = len(HOSTILE)
    names, xs = list(HOSTILE), [34.6 + 0.02 * i for i in range(count)]
    points = [Point(x, -0.7) for x in xs]
    common = {"id": names, "external_id": names, "name": names}
    made = {
        "wards": ({"id": names, "code": names, "name": names, "constituency": names,
                   "source": names}, [box(x, -0.8, x + 0.02, -0.6) for x in xs]),
        "roads": ({**common, "road_class": names},
                  [LineString([(x, -0.8), (x, -0.6)]) for x in xs]),
        "fibre_links": ({**common, "status": names, "shared_trench": names, "start_node": names,
                         "capacity_gbps": [10.0] * count},
                        [LineString([(x, -0.7), (x + 0.01, -0.71)]) for x in xs]),
        "network_nodes": ({**common, "status": names, "infrastructure": names,
                           "type": [[n] for n in names], "address": [{n: n} for n in names]},
                          points),
        "offices": ({**common, "connection": names, "office_type": names, "theme": names,
                     "contact": names}, points),
    }
    return {
        key: gpd.GeoDataFrame(columns, geometry=geometry, crs=4326)
        for key, (columns, geometry) in made.items()
    }


@pytest.mark.parametrize("embedded", [False, True], ids=["fetched", "embedded"])
def test_hostile_text_is_text(
    tmp_path: Path, visit: Any, chromium: Browser, embedded: bool
):
    write_site(tmp_path, hostile_frames(), embedded=embedded, municipality=HOSTILE[0])
    with served(tmp_path) as address:
        seen = visit().open(f"{address}/en.html")
        page = seen.page
        for text in HOSTILE:
            page.fill("#finder-input", text)
            options = page.locator("#finder-list .option-name").all_inner_texts()
            assert text.strip() in [option.strip() for option in options]
        for number in range(page.evaluate("gisMap.app.searchable.length")):
            page.evaluate("n => { gisMap.app.show(gisMap.app.searchable[n]) }", number)
            assert seen.card()
            shown = page.locator(".card-name").evaluate("name => name.textContent")
            assert shown in HOSTILE
        assert page.locator(".card img, .card script, .card a, .card svg").count() == 0
        for x in range(20):
            page.mouse.move(500 + 25 * x, 450)
        assert page.evaluate("globalThis.pwned") is None
        assert seen.complaints == []
        assert all(url.startswith(address) for url in seen.requests)


def test_the_built_folder_opens_from_a_file(tmp_path: Path, visit: Any):
    write_site(tmp_path, sample_frames(), audience=Audience.PUBLIC, embedded=True)
    seen = visit().open((tmp_path / "en.html").as_uri())
    assert seen.complaints == []
    assert all(url.startswith("file://") for url in seen.requests)
    assert seen.page.evaluate("gisMap.app.layers.size") == 5
    seen.page.get_by_role("button", name="Kiogoro").click()
    assert "Kiogoro" in seen.card()


@pytest.mark.parametrize("scheme", ["protomaps", "openmaptiles", "own"])
def test_vector_tiles_lie_beneath_the_map(tmp_path: Path, visit: Any, scheme: str):
    """
    One tile for the whole world stands for all: a lake left, a wood right, Ogembo between them.
    """
    layers = tuple(mapbox_vector_tile.decode(vector_tile(scheme=scheme)))
    basemap = VectorBasemap("base/{z}/{x}/{y}", "© Mappers", (-180, -85, 180, 85), (0, 0), layers)
    write_site(tmp_path, sample_frames(), basemap=basemap)
    (tmp_path / "base/0/0").mkdir(parents=True)
    (tmp_path / "base/0/0/0").write_bytes(vector_tile(scheme=scheme))
    with served(tmp_path) as address:
        seen = visit(color_scheme="dark").open(f"{address}/en.html#6/0/-2")
        page = seen.page
        assert seen.complaints == []
        assert "© Mappers" in page.locator(".credit").inner_text()
        names = page.evaluate("gisMap.app.base.labels().map(label => label.text)")
        colours = page.evaluate(COLOURS_OF_BASE)
    if scheme == "own":
        assert (names, colours["water"]) == ([], 0)
        assert 0 < colours["land"] < colours["all"]
    else:
        assert names == ["Ogembo"]
        assert min(colours["water"], colours["green"]) > 1000


def test_thousands_of_points_are_gathered_until_the_map_is_near(tmp_path: Path, visit: Any):
    frames = sample_frames()
    offices = frames["offices"]
    many = gpd.GeoDataFrame(
        {"id": [f"o{i}" for i in range(6000)], "external_id": [f"o{i}" for i in range(6000)],
         "name": [f"Office {i}" for i in range(6000)], "connection": ["connected"] * 6000,
         "office_type": ["ward"] * 6000},
        geometry=[Point(34.65 + 0.003 * (i % 80), -0.9 + 0.004 * (i // 80)) for i in range(6000)],
        crs=offices.crs,
    )
    write_site(tmp_path, {**frames, "offices": many})
    with served(tmp_path) as address:
        page = visit().open(f"{address}/en.html").page
        drawn = "gisMap.app.layers.get('offices').group.getLayers().length"
        assert 0 < page.evaluate(drawn) < 1500
        page.evaluate("gisMap.app.map.setZoom(15, {animate: false}); 0")
        assert page.evaluate(drawn) == 6000


def test_the_page_is_light(tmp_path: Path):
    pages = write_site(tmp_path, sample_frames())
    for page in pages.values():
        files = [page.html.encode(), *page.files.values()]
        assert sum(len(gzip.compress(content)) for content in files) <= 78_000


def test_stray_points_do_not_shrink_the_map(tmp_path: Path, visit: Any):
    frames = sample_frames()
    offices = frames["offices"]
    stray = offices.set_geometry([Point(-30, 60), *offices.geometry[1:]])
    write_site(tmp_path, {**frames, "offices": stray})
    with served(tmp_path) as address:
        page = visit().open(f"{address}/en.html").page
        assert page.evaluate("gisMap.app.map.getZoom()") >= 10
        assert page.locator(".wards tfoot").inner_text().startswith("Outside every ward")
