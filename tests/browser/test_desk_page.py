"""The tools of staff on the map, and the dashboard, in a real Chromium on a real service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

pytestmark = pytest.mark.browser

FIND = (
    "([style, name]) => [...gisMap.app.byName.values()].find(i => i.config.style === style"
    " && i.feature.properties.external_id === name).feature.id"
)


@pytest.fixture(scope="module")
def session(chromium: Browser, live_server: str, live_key: str) -> Any:
    """Cookies of a planner who has logged in."""
    vendor()
    return cookies_of(chromium, live_server, live_key)


@pytest.fixture
def desk(chromium: Browser, live_server: str, session: Any) -> Iterator[Callable[..., Desk]]:
    contexts = []

    def make(size: dict[str, int] = DESKTOP, **options: Any) -> Desk:
        context = chromium.new_context(
            viewport=size, reduced_motion="reduce", storage_state=session, **options
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        return Desk(context, live_server)

    yield make
    for context in contexts:
        context.close()


def test_a_link_is_asked_about_by_keyboard_and_the_answer_shared_by_its_address(desk: Any) -> None:
    visit = desk()
    page = visit.open()
    link = page.evaluate(FIND, ["link", "KSI-L-027"])
    page.evaluate(
        "id => { gisMap.app.show(gisMap.app.byName.get('fibre_links/' + id), {focus: true}) }", link
    )
    wait_until(lambda: page.evaluate("!!document.activeElement.closest('.leaflet-popup')"))
    ask = page.get_by_role("button", name="What if this is cut?")
    ask.focus()
    page.keyboard.press("Enter")
    wait_until(lambda: page.locator(".desk-counts").count() == 1)
    # By hand: everything in the south-west hangs on this one cable.
    assert page.locator(".desk-counts .is-cut b").inner_text() == "9"
    assert page.locator(".card").count() == 1
    assert page.evaluate("document.activeElement.tagName") == "H3"
    assert f"cut=fibre_links/{link}" in page.url
    assert "offices cut 9" in page.locator(".finding").inner_text()
    shared = page.url
    page.get_by_role("button", name="Back to the whole map").first.click()
    wait_until(lambda: not page.locator(".finding").is_visible())
    assert "cut=" not in page.url
    page.go_back()
    wait_until(lambda: page.locator(".finding").is_visible())
    page.goto(shared)
    wait_until(lambda: page.locator(".finding").is_visible())
    assert visit.complaints == []


def test_an_office_tells_its_path_and_what_connecting_it_costs(desk: Any) -> None:
    visit = desk()
    page = visit.open()
    office = page.evaluate(FIND, ["office", "KSI-O-052"])
    page = visit.open(f"&path=offices/{office}", lang="sw")
    assert "nyuzi 6" in page.locator(".finding").inner_text()
    page.get_by_role("button", name="Onyesha jibu").click()
    wait_until(lambda: page.locator(".desk-path li").count() == 7)
    far = page.evaluate(FIND, ["office", "KSI-O-036"])
    page = visit.open(f"&connect=offices/{far}")
    page.get_by_role("button", name="Show the answer").click()
    assert page.locator(".desk-figure b").inner_text().startswith("KES ")
    assert visit.complaints == []


def test_weak_points_are_ranked_and_lead_to_the_map_and_back(desk: Any) -> None:
    visit = desk()
    page = visit.open()
    page.get_by_text("Weak points", exact=True).click()
    wait_until(lambda: page.locator(".weak-point").count() > 5)
    offices = [int(text) for text in page.locator(".weak-counts b").all_inner_texts()]
    assert offices == sorted(offices, reverse=True)
    marks = page.locator(".weak-mark")
    assert marks.count() == len(offices)
    marks.nth(4).focus()
    page.keyboard.press("Enter")
    wait_until(lambda: page.locator(".weak-answer .desk-counts").count() == 1)
    assert page.locator(".weak-list li.is-chosen .weak-rank").inner_text() == "5"
    assert page.locator(".weak-answer .is-cut b").inner_text() == str(offices[4])
    page.locator(".weak-point").nth(0).click()
    wait_until(lambda: page.locator(".weak-mark.is-chosen").inner_text() == "1")
    assert "weak=1" in page.url
    assert visit.complaints == []


def test_wards_are_compared_and_the_view_is_its_address(desk: Any) -> None:
    visit = desk()
    page = visit.open()
    page.get_by_text("Compare wards", exact=True).click()
    page.get_by_label("Indicator").select_option("share_lit")
    wait_until(lambda: page.locator(".view-wards tbody tr").count() == 45)
    assert "indicator=share_lit" in page.url
    note = page.locator("fieldset[data-layer=wards] .legend-note").inner_text()
    assert "way to a gateway" in note
    assert not page.locator(".hero").is_visible()
    page.get_by_label("Situation").select_option("planned")
    page.get_by_label("Compared with").select_option("now")
    wait_until(lambda: page.locator(".view-wards thead th").count() == 4)
    assert page.locator(".legend-ramp .swatch.diff-4").count() == 1
    changed = page.locator(".desk-figure.is-large b").inner_text()
    assert changed.startswith("+")
    assert "at=planned" in page.locator(".printed a").first.get_attribute("href")
    page.get_by_role("link", name="Kiswahili").click()
    wait_until(lambda: page.evaluate("document.body.dataset.ready") == "true")
    assert page.locator("html").get_attribute("lang") == "sw"
    assert page.locator(".desk-figure.is-large b").inner_text().split()[0] == changed.split()[0]
    page.get_by_role("button", name="Rudi kwenye mwonekano wa kawaida").click()
    wait_until(lambda: page.locator(".hero").is_visible())
    assert visit.complaints == []


@pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop"]
)
def test_axe_finds_nothing(desk: Any, size: dict[str, int], scheme: str) -> None:
    visit = desk(size, color_scheme=scheme)
    page = visit.open("&weak=1&indicator=share_lit&at=planned&against=now")
    wait_until(lambda: page.locator(".weak-point").count() > 5)
    if size is PHONE:
        page.click(".sheet-handle")
    page.locator(".weak-point").nth(0).click()
    wait_until(lambda: page.locator(".weak-answer .desk-counts").count() == 1)
    assert axe(page) == []
    assert fits(page)
    if size is PHONE:
        page.goto(f"{visit.address}/dashboard?lang=sw")
        assert axe(page) == []
        assert fits(page)
