"""Listing, drawing, editing and measuring on the planner's map, in a real Chromium."""

from __future__ import annotations

import gzip
import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Response, expect
from pyproj import Geod

from gis_service.cartography.vendor import vendor
from tests.browser.pages import (
    DESKTOP,
    PHONE,
    Visit,
    axe,
    cookies_of,
    fits,
    tab_to,
    wait_until,
    wait_until_ready,
)
from tests.conftest import Databases, new_key, service_of

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)

FIRST_VIEW_BYTES = 250_000
WGS84 = Geod(ellps="WGS84")

PIXEL = """name => {
  const {map, byName} = gisMap.app;
  const item = [...byName.values()].find(
    i => i.config.style === "node" && i.feature.properties.name === name);
  const at = map.latLngToContainerPoint(item.at);
  const box = map.getContainer().getBoundingClientRect();
  return [at.x + box.x, at.y + box.y];
}"""
LINKS = "gisMap.app.layers.get('fibre_links').payload.features.length"
DRAWN = (
    "gisMap.app.layers.get('network_nodes').group.getLayers()"
    ".map(sign => sign.item.feature.properties.name)"
)
SHOWN = "gisMap.app.layers.get('offices').group.getLayers().length"


@pytest.fixture(scope="module")
def service(
    databases: Databases, sample_template: str, home: Path
) -> Iterator[tuple[str, str]]:
    vendor()
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    with service_of(database, home) as (address, _):
        yield address, new_key(database)
    databases.drop(database)


@pytest.fixture(scope="module")
def session(chromium: Browser, service: tuple[str, str]) -> Any:
    """Cookies of a planner who has logged in."""
    return cookies_of(chromium, *service)


Open = Callable[..., Visit]


@pytest.fixture
def desk(chromium: Browser, service: tuple[str, str], session: Any) -> Iterator[Open]:
    """Opens the map in a browser of its own."""
    contexts = []

    def make(query: str = "", *, size: dict[str, int] = DESKTOP, **options: Any) -> Visit:
        context = chromium.new_context(
            viewport=size, reduced_motion="reduce", storage_state=session, **options
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        visit = Visit(context.new_page(), forgiven="status of 4")
        visit.page.goto(f"{service[0]}/maps/coverage?{query or 'lang=en'}")
        wait_until_ready(visit.page)
        return visit

    yield make
    for context in contexts:
        context.close()


def asked(service: tuple[str, str], path: str) -> Any:
    """A document of the service, as a program gets it."""
    address, key = service
    request = urllib.request.Request(address + path, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def located(service: tuple[str, str], collection: str, name: str) -> Any:
    """The one item of a name."""
    found = asked(service, f"/collections/{collection}/items?name={name.replace(' ', '%20')}")
    assert found["numberMatched"] == 1
    return found["features"][0]


def test_a_pole_is_added_and_moved_on_the_map_of_plant(
    desk: Open, service: tuple[str, str]
) -> None:
    visit = desk()
    page = visit.page
    page.goto(f"{service[0]}/maps/plant?lang=en")
    wait_until_ready(page)
    page.get_by_role("button", name="Add to: Structures").click()
    page.locator("#field-structure_type").select_option(label="Pole")
    page.locator("#field-name").fill("KSM-P-900")
    page.locator("#bench-coordinates").fill("-0.68, 34.77")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".card-name")).to_have_text("KSM-P-900")
    page.get_by_role("button", name="Edit").click()
    page.locator("#bench-coordinates").fill("-0.69, 34.78")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Save").click()
    wait_until(lambda: located(service, "structures", "KSM-P-900")["geometry"]["coordinates"]
               == [34.78, -0.69])
    pole = located(service, "structures", "KSM-P-900")
    assert pole["properties"]["structure_type"] == "pole"
    assert visit.complaints == []


def test_a_link_is_drawn_from_node_to_node_by_mouse(desk: Open, service: tuple[str, str]) -> None:
    visit = desk()
    page = visit.page
    assert not any("/files/edit-" in url or "/files/list-" in url for url in visit.requests)
    before = page.evaluate(LINKS)
    page.get_by_role("button", name="Draw a link").click()
    expect(page.get_by_role("heading", name="Draw a link")).to_be_focused()
    page.wait_for_selector("#field-status")
    start, end = (page.evaluate(PIXEL, name) for name in ("Riana Cabinet", "Kegogi Cabinet"))
    page.mouse.click(start[0] + 7, start[1] + 5)  # near enough to be caught
    page.mouse.click(start[0] + 100, start[1] - 60)
    page.mouse.move(end[0] - 9, end[1])
    expect(page.locator(".sketch-hint")).to_contain_text("joins Kegogi Cabinet (9 px,")
    page.mouse.dblclick(end[0] - 9, end[1])
    nodes = {n["properties"]["name"]: n["id"] for n in asked(
        service, "/collections/network_nodes/items?limit=100&properties=name")["features"]}
    assert page.input_value("#field-start_node") == nodes["Riana Cabinet"]
    assert page.input_value("#field-end_node") == nodes["Kegogi Cabinet"]
    assert len(page.input_value("#bench-coordinates").splitlines()) == 3

    page.get_by_role("button", name="Undo").click()
    assert page.input_value("#field-end_node") == ""
    page.keyboard.press("Control+y")
    assert page.input_value("#field-end_node") == nodes["Kegogi Cabinet"]
    page.get_by_role("button", name="Save").click()
    fault = page.locator("#field-status-fault")
    expect(fault).to_contain_text("Status is empty")
    expect(page.locator("#field-status")).to_be_focused()

    # Leaving is warned of, and work that is not saved outlives the page, in either language.
    page.fill("#field-name", "Riana to Kegogi")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Kiswahili").click()
    page.wait_for_url(lambda url: "lang=sw" in url)
    wait_until_ready(page)
    expect(page.locator(".bench-status")).to_contain_text("Kazi isiyohifadhiwa imerudi")
    assert [each.strip() for each in visit.complaints] == ["dialog"]
    visit.complaints.clear()
    assert page.input_value("#field-name") == "Riana to Kegogi"
    page.select_option("#field-status", "planned")
    told = page.locator(".bench-length").inner_text()
    page.get_by_role("button", name="Hifadhi").click()
    expect(page.locator(".card-name")).to_have_text("Riana to Kegogi")
    assert page.evaluate(LINKS) == before + 1
    link = located(service, "fibre_links", "Riana to Kegogi")
    metres = link["properties"]["route_length_m"]
    assert told == f"Urefu juu ya ardhi: {round(metres / 1000, 2):g} km"
    assert f"item=fibre_links/{link['id']}" in page.url

    page.get_by_role("button", name="Hariri").click()
    page.get_by_role("button", name="Futa").click()
    page.locator(".conflict").get_by_role("button", name="Futa").click()
    expect(page.locator(".stage-status")).to_have_text("Imefutwa.")
    assert page.evaluate(LINKS) == before
    assert visit.complaints == []


def test_an_office_is_added_and_moved_by_keyboard_in_kiswahili(
    desk: Open, service: tuple[str, str]
) -> None:
    visit = desk("lang=sw")
    page = visit.page
    page.locator(".panel").focus()
    tab_to(page, "Ongeza ofisi")
    page.keyboard.press("Enter")
    page.wait_for_selector("#field-connection")
    tab_to(page, "Latitudo, longitudo")
    page.keyboard.type("hapa")
    tab_to(page, "Jina")
    expect(page.locator("#bench-coordinates-fault")).to_contain_text("Mstari 1 si jozi")
    page.keyboard.type("Shule ya Majaribio")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("-0.68, 34.77")
    tab_to(page, "Aina")
    page.keyboard.type("Shule")
    tab_to(page, "Muunganisho")
    page.keyboard.type("Imeunganishwa")
    tab_to(page, "Sehemu zaidi")
    page.keyboard.press("Enter")
    tab_to(page, "Wanufaika")
    page.keyboard.type("-5")
    tab_to(page, "Hifadhi")
    page.keyboard.press("Enter")
    expect(page.locator("#field-beneficiaries-fault")).to_have_text("Namba nje ya kiwango")
    expect(page.locator("#field-beneficiaries")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("300")
    page.keyboard.press("Enter")
    expect(page.locator(".card-name")).to_have_text("Shule ya Majaribio")
    office = located(service, "offices", "Shule ya Majaribio")
    assert office["geometry"]["coordinates"] == [34.77, -0.68]
    assert office["properties"]["beneficiaries"] == 300
    # The figures beside the map follow.
    expect(page.locator(".tiles b").first).to_have_text("61")

    page.get_by_role("button", name="Hariri").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".sketch-handle")
    page.locator(".sketch-handle").focus()
    page.keyboard.press("Shift+ArrowRight")
    tab_to(page, "Hifadhi")
    page.keyboard.press("Enter")
    expect(page.locator(".card-name")).to_have_text("Shule ya Majaribio")
    moved = located(service, "offices", "Shule ya Majaribio")["geometry"]["coordinates"]
    assert moved[0] > 34.77
    assert moved[1] == pytest.approx(-0.68, abs=1e-6)
    assert visit.complaints == []


def test_two_browsers_change_one_item_and_one_of_them_chooses(
    desk: Open, service: tuple[str, str]
) -> None:
    office = located(service, "offices", "Moticho Health Centre")
    key = f"offices/{office['id']}"
    visits = [desk(f"lang=en&item={key}") for _ in range(2)]
    for visit in visits:
        visit.page.get_by_role("button", name="Edit").click()
        visit.page.wait_for_selector("#field-connection")
    first, second = (visit.page for visit in visits)
    for page, staff in ((first, "77"), (second, "88")):
        page.locator(".bench-more > summary").click()
        page.fill("#field-staff", staff)
    first.fill("#field-contact", "Jane")
    second.fill("#field-name", "Moticho Clinic")
    first.get_by_role("button", name="Save").click()
    expect(first.locator(".card-name")).to_have_text("Moticho Health Centre")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_role("heading", name="Someone else changed this")).to_be_focused()
    row = second.locator(".conflict-table tbody tr")
    assert row.locator("th, td").all_inner_texts() == ["Staff", "88", "77"]
    assert second.locator(".conflict-rest").inner_text() == "Contact: Jane"
    second.get_by_label("Staff: Theirs, 77").check()
    second.get_by_role("button", name="Save what is chosen").click()
    expect(second.locator(".card-name")).to_have_text("Moticho Clinic")
    stands = asked(service, f"/collections/{key.replace('/', '/items/')}")["properties"]
    assert (stands["staff"], stands["contact"], stands["name"]) == (77, "Jane", "Moticho Clinic")
    assert [visit.complaints for visit in visits] == [[], []]


def test_list_map_and_files_hold_what_is_filtered(desk: Open, service: tuple[str, str]) -> None:
    visit = desk()
    page = visit.page
    page.get_by_text("List, filter, download", exact=True).click()
    rows = page.locator(".list-table tbody tr")
    wait_until(lambda: rows.count() == 50)
    everything = page.locator(".list-count").inner_text()
    first = rows.first.inner_text()
    page.get_by_role("button", name="Next").click()
    wait_until(lambda: rows.first.inner_text() != first and "page=" in page.url)
    page.locator("select[name=connection]").select_option("unconnected")
    page.get_by_label("Name or identifier holds").fill("health")
    wait_until(lambda: rows.count() == 4)
    wait_until(lambda: page.evaluate(SHOWN) == 4)
    assert "connection=unconnected" in page.url
    assert "page=" not in page.url
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV", exact=True).click()
    lines = Path(taken.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5
    shared = page.url
    rows.nth(1).get_by_role("button").click()
    expect(page.locator(".card-name")).to_have_text(rows.nth(1).locator("th").inner_text())
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="Kiswahili").click()
    page.wait_for_url(lambda url: "lang=sw" in url)
    wait_until_ready(page)
    expect(page.locator(".list-count")).to_have_text("Ofisi: zinazolingana 4")
    expect(page.locator("tr[aria-current=true]")).to_have_count(1)
    filters = "list=offices&connection=unconnected&q=health"
    page.goto(shared.replace(filters, "list=network_nodes&ward=1303"))
    wait_until_ready(page)
    wait_until(lambda: rows.count() > 0)
    names = {row.split("\t")[0].strip() for row in rows.all_inner_texts()}
    wait_until(lambda: set(page.evaluate(DRAWN)) == names)
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("List of").select_option("offices")
    wait_until(lambda: page.locator(".list-count").inner_text() == everything)
    page.locator("input[data-layer=offices]").uncheck()
    assert "layers=wards,roads,fibre_links,network_nodes" in page.url
    assert visit.complaints == []


def test_distance_and_area_are_geodesic(desk: Open) -> None:
    visit = desk()
    page = visit.page
    page.get_by_role("button", name="Measure").click()
    box = page.locator("#bench-coordinates")
    box.fill("-0.68, 34.77\n-0.7, 34.9\n-0.8, 34.8")
    box.press("Tab")
    line = [(34.77, -0.68), (34.9, -0.7), (34.8, -0.8)]
    lons, lats = zip(*line, strict=True)
    metres = WGS84.line_length(lons, lats)
    assert page.evaluate("p => gisMap.geodesy.length(p)", line) == pytest.approx(metres, abs=1e-3)
    area = abs(WGS84.polygon_area_perimeter(lons, lats)[0])
    assert page.evaluate("p => gisMap.geodesy.area(p)", line) == pytest.approx(area, rel=1e-6)
    assert page.locator(".measured dd").inner_text() == f"{round(metres / 1000, 2):g} km"
    page.get_by_label("Area").check()
    assert page.locator(".measured dd").first.inner_text() == f"{area / 1e6:.2f} km²"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".bench-status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"Area: {area / 1e6:.2f} km²\n")
    assert copied.endswith("-0.8, 34.8")
    assert visit.complaints == []


def test_the_first_view_is_small(desk: Open) -> None:
    visit = desk()
    bodies: list[Response] = []

    def keep(answer: Response) -> None:
        bodies.append(answer)

    visit.page.on("response", keep)
    visit.page.reload()
    wait_until_ready(visit.page)
    size = sum(len(gzip.compress(answer.body())) for answer in bodies if answer.status == 200)
    assert 0 < size <= FIRST_VIEW_BYTES


@pytest.mark.parametrize(
    ("size", "options", "lang"),
    [(PHONE, {}, "sw"), (DESKTOP, {"color_scheme": "dark"}, "en")], ids=["phone", "desktop"],
)
def test_axe_finds_nothing(
    desk: Open, size: dict[str, int], options: dict[str, str], lang: str
) -> None:
    visit = desk(f"lang={lang}&list=offices&q=health", size=size, **options)
    page = visit.page
    wait_until(lambda: page.locator(".list-table").count() == 1)
    if size is PHONE:
        page.click(".sheet-handle")
    assert axe(page) == []
    assert fits(page)
    page.get_by_role("button", name="Draw a link" if lang == "en" else "Chora uzi").click()
    page.wait_for_selector("#field-status")
    page.locator(".bench-more > summary").click()
    page.select_option("#field-start_node", index=1)
    page.select_option("#field-end_node", index=2)
    wait_until(lambda: page.locator(".sketch-handle").count() == 2)
    page.locator("button[type=submit].desk-main").click()
    wait_until(lambda: page.locator(".field-fault:not(:empty)").count() == 1)
    assert axe(page) == []
    assert fits(page)
