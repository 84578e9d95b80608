"""Where citizens report and planners decide, by keyboard alone, in a real Chromium."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import text

from gis_service.model.audience import Audience
from gis_service.services.form_times import YOUNGEST_S
from gis_service.store.database import Database
from tests.browser.pages import DESKTOP, PHONE, Visit, axe, cookies_of, fits, tab_to, wait_until
from tests.conftest import Databases, new_key, service_of
from tests.fieldwork import OPERATIONS, body, operation

pytestmark = pytest.mark.browser

TAG = "KSI-BAT-0001"
CABINET = "KSI-N-004"
WALKED = [[34.7700, -0.6800], [34.7705, -0.6800], [34.7710, -0.6804]]


class Town:
    """A service, its database, and whoever works with it."""

    def __init__(self, chromium: Browser, database: Database, address: str) -> None:
        self.database, self.address = database, address
        self.technician = new_key(database, Audience.TECHNICIAN, client="Fundi")
        self.planner = cookies_of(chromium, address, new_key(database, client="Mpangaji"))

    def value(self, statement: str, **values: object) -> Any:
        with self.database.begin() as connection:
            return connection.scalar(text(statement), values)

    def send(self, sent: dict[str, Any]) -> str:
        """Send an operation as a phone does; what became of it."""
        answer = httpx.post(
            self.address + OPERATIONS, json=body(sent, device="Fundi's phone"),
            headers={"Authorization": f"Bearer {self.technician}"}, timeout=30,
        )
        return str(answer.json()["results"][0]["outcome"])


@pytest.fixture(scope="module")
def town(
    databases: Databases, sample_template: str, home: Path, chromium: Browser
) -> Iterator[Town]:
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    with service_of(database, home) as (address, _):
        yield Town(chromium, database, address)
    databases.drop(database)


class Reader(Visit):
    """Somebody with a browser; whoever looks at a page looks whether it is sound."""

    def __init__(self, context: BrowserContext, town: Town, lang: str) -> None:
        super().__init__(context.new_page(), forgiven="status of 40")
        self._address, self._lang = town.address, lang

    def open(self, path: str) -> Page:
        asked = "&" if "?" in path else "?"
        self.page.goto(f"{self._address}{path}{asked}lang={self._lang}")
        self.is_sound()
        return self.page

    def is_sound(self) -> None:
        """Nothing that axe finds, nothing too wide, nobody else asked, nothing complained of."""
        assert axe(self.page) == [], self.page.url
        assert fits(self.page), self.page.url
        assert self.complaints == [], self.page.url
        assert all(url.startswith((self._address, "data:")) for url in self.requests)


@pytest.fixture
def reader(chromium: Browser, town: Town) -> Iterator[Callable[..., Reader]]:
    """Makes readers: planners at a desk in English, the public with a dark phone in Kiswahili."""
    contexts = []

    def make(*, public: bool = False) -> Reader:
        context = chromium.new_context(
            viewport=PHONE if public else DESKTOP, color_scheme="dark" if public else "light",
            storage_state=None if public else town.planner, reduced_motion="reduce",
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        return Reader(context, town, "sw" if public else "en")

    yield make
    for context in contexts:
        context.close()


def press(page: Page, name: str) -> None:
    """Go to what is so called, and press it; waits for the page that follows."""
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_fault_is_reported_accepted_mended_and_told(
    reader: Callable[..., Reader], town: Town
) -> None:
    citizen, planner = reader(public=True), reader()
    page = citizen.open("/report")
    opened = time.monotonic()
    tab_to(page, "Ofisi bila intaneti")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Tuma ripoti")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "description"  # the browser asks for it
    page.keyboard.type("Kebo iko chini barabarani")
    tab_to(page, "Wadi")
    page.keyboard.type("Tabaka")
    tab_to(page, "Karibu na nini")
    page.keyboard.type("Nyuma ya soko")
    desk = planner.open("/reports")
    expect(desk.get_by_text("There are none.")).to_be_visible()
    wait_until(lambda: time.monotonic() > opened + YOUNGEST_S + 1)
    press(page, "Tuma ripoti")
    citizen.is_sound()
    reference = page.locator(".reference strong").inner_text()
    followed = page.url

    desk.reload()
    planner.is_sound()
    press(desk, "Kebo iko chini barabarani")
    planner.is_sound()
    tab_to(desk, "The fault in a few words")
    desk.keyboard.press("Control+a")
    desk.keyboard.type("Cable on the road")
    tab_to(desk, "The public may know")
    desk.keyboard.press("Space")
    press(desk, "Accept")
    expect(desk.locator(".state b")).to_have_text("Accepted")
    planner.is_sound()

    page.goto(followed.partition("?")[0] + "?lang=sw")
    expect(page.locator(".state")).to_have_class("state is-accepted")
    told = citizen.open("/public")
    outages = told.locator("section[aria-labelledby=outages-title]")
    expect(outages.get_by_role("link", name="Tabaka")).to_be_visible()
    press(desk, "Mark as mended")
    page = citizen.open("/report")
    tab_to(page, "Namba ya kumbukumbu")
    page.keyboard.type(reference)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".state")).to_have_class("state is-mended")
    citizen.is_sound()
    page = citizen.open("/report?reference=111-111-111")
    expect(page.get_by_role("alert")).to_contain_text("111-111-111")
    assert town.value("SELECT count(*) FROM gis.faults WHERE summary = 'Cable on the road' "
                      "AND visibility = 'public' AND cleared_at IS NOT NULL") == 1


def test_an_office_is_withheld_and_released(reader: Callable[..., Reader]) -> None:
    anybody, planner = reader(public=True), reader()
    name = "Moticho Health Centre"
    found = anybody.page.get_by_role("list").get_by_text(name)
    anybody.open("/public?q=Moticho+Health")
    expect(found).to_have_count(1)
    page = planner.open("/publish")
    tab_to(page, "A note, if you like")
    page.keyboard.type("Looked at")
    press(page, "Publish")
    expect(page.locator(".state b")).to_contain_text("Publication 1")
    tab_to(page, "Collection")
    page.keyboard.type("Offices")
    tab_to(page, "Name or identifier")
    page.keyboard.type(name)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    planner.is_sound()
    press(page, f"Withhold: {name}")
    planner.is_sound()
    expect(page.locator(".state")).to_contain_text("has changed since")
    anybody.page.reload()
    expect(found).to_have_count(0)
    page.locator("h1").click()
    press(page, f"Release: {name}")
    expect(page.get_by_text("Nothing is withheld.")).to_be_visible()
    anybody.page.reload()
    expect(found).to_have_count(1)
    press(page, "See the public's page")
    expect(page.locator(".preview-banner")).to_be_visible()
    planner.is_sound()
    press(page, "Back to your own view")
    expect(page.locator(".preview-banner")).to_have_count(0)


def test_a_conflict_is_settled(reader: Callable[..., Reader], town: Town) -> None:
    node = str(town.value("SELECT id FROM gis.network_nodes WHERE external_id = :t", t=CABINET))
    target = {"collection": "network_nodes", "id": node}
    outcome = town.send(operation(
        "update", target=target, values={"name": "Nyanchwa New Cabinet", "status": "inactive"},
        base={"name": "Once so called", "status": "planned"},
    ))
    assert outcome == "conflict"
    planner = reader()
    page = planner.open("/conflicts")
    expect(page.get_by_role("heading", level=2)).to_have_text("Nyanchwa Cabinet")
    tab_to(page, "Keep what stands")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Keep what stands")
    page.keyboard.press("Space")
    press(page, "Decide")
    expect(page.get_by_role("status")).to_contain_text("Decided")
    planner.is_sound()
    assert town.value("SELECT name || ' ' || status FROM gis.network_nodes WHERE id = :id",
                      id=node) == "Nyanchwa New Cabinet operational"


def test_a_walked_route_is_accepted_and_another_refused(
    reader: Callable[..., Reader], town: Town
) -> None:
    for name in ("Spur to be kept", "Spur to be refused"):
        assert town.send(operation(
            "route", geometry={"type": "LineString", "coordinates": WALKED}, accuracy_m=6,
            values={"name": name, "start_node": None, "end_node": None, "points_of_interest": [],
                    "recorded": {"positions": 3, "accuracy_m": 5.2, "gaps": 1}},
        )) == "applied"
    planner = reader()
    page = planner.open("/routes")
    kept = page.locator("section.route", has_text="Spur to be kept")
    kept.get_by_role("link").focus()
    tab_to(page, "The cable is")
    page.keyboard.type("Operational")
    press(page, "Accept")
    expect(page.get_by_role("status")).to_contain_text("Accepted")
    tab_to(page, "Refuse")
    page.keyboard.press("Enter")
    planner.is_sound()
    press(page, "Refuse and delete")
    expect(page.get_by_role("status")).to_contain_text("Refused")
    planner.is_sound()
    assert town.value("SELECT string_agg(name || ' ' || status, ', ') FROM gis.fibre_links "
                      "WHERE name LIKE 'Spur to be%'") == "Spur to be kept operational"


def test_labels_lead_staff_and_the_public_to_pages_of_their_own(
    reader: Callable[..., Reader]
) -> None:
    planner, anybody = reader(), reader(public=True)
    for each in (planner, anybody):
        for path in (f"/a/{TAG}", "/a/NOTHING-1", "/"):
            each.open(path)
    planner.open(f"/a/{TAG}")
    expect(planner.page.get_by_role("heading", name="All that is known of it")).to_be_visible()
    anybody.open(f"/a/{TAG}")
    press(anybody.page, "Ripoti hitilafu")
    assert "/report" in anybody.page.url
    for path in ("/processes", "/dashboard", "/maps", "/paper", "/nowhere"):
        planner.open(path)
    anybody.open("/exports")
