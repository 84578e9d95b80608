"""The technician's page in a real Chromium on a real service, with and without a network."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import text

from gis_service.cartography.vendor import vendor
from gis_service.model.audience import Audience
from gis_service.services.keys import create_key, revoke_key
from gis_service.store.database import Database
from tests.browser.field_phone import ADD, DOWNLOAD, HELD, SEND, WARD
from tests.browser.pages import DESKTOP, PHONE, Visit, axe, cookies_of, fits, wait_until
from tests.conftest import Databases, new_key, service_of

pytestmark = pytest.mark.browser

CABINET = "KSI-N-004"
TOWN = {"longitude": 34.7614, "latitude": -0.6804, "accuracy": 9}
"""100 m north of the cabinet."""
FIRST_VIEW_BYTES = 75_000
BLOCKED = "net::ERR"
FULL = """() => {
    window.roomy = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (value) {
        if (this.name === 'ops') throw new DOMException('no room', 'QuotaExceededError');
        return window.roomy.call(this, value);
    };
}"""
"""A browser that gives no more room; Chromium's own limit does not hold in a private window."""


class Site:
    """A service, its database and the cookies of a technician."""

    def __init__(self, database: Database, address: str) -> None:
        self.database, self.address = database, address
        self.key = new_key(database, Audience.TECHNICIAN, client="Fundi")
        self.cookies: Any = None

    def value(self, statement: str, **values: object) -> Any:
        with self.database.begin() as connection:
            return connection.scalar(text(statement), values)


class Field(Visit):
    """A technician's phone at the page."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        super().__init__(context.new_page(), forgiven=BLOCKED)
        self.context, self.site = context, site

    def open(self, part: str = "find", *, lang: str = "en") -> Page:
        self.page.goto("about:blank")
        self.page.goto(f"{self.site.address}/field?lang={lang}#/{part}")
        return self.ready()

    def log_in(self, key: str) -> Page:
        """Log in, and come back to the page."""
        if "/login" not in self.page.url:
            self.page.goto(f"{self.site.address}/login?lang=en&next=/field?lang=en")
        self.page.get_by_label("Your key").fill(key)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/login" not in url)
        return self.ready()

    def ready(self) -> Page:
        wait_until(lambda: self.page.evaluate("document.body?.dataset.ready") == "true")
        return self.page

    def part(self, address: str) -> Page:
        """Go to another part of the open page."""
        name = address.partition("/")[0]
        if self.page.url.endswith(f"#/{address}"):
            return self.page
        before = self.page.locator("#content").element_handle()
        self.page.evaluate("to => { location.hash = `#/${to}`; }", address)
        wait_until(lambda: not before.evaluate("each => each.isConnected")
                   and self.page.evaluate("document.body.dataset.part") == name)
        return self.page

    def add(self, op: dict[str, Any], **more: Any) -> str:
        op = {"id": str(uuid4()), **op}
        self.page.evaluate(ADD, [{"op": op, **more}])
        return str(op["id"])

    def send(self) -> str:
        return str(self.page.evaluate(SEND)["state"])

    def held(self) -> dict[str, Any]:
        held: dict[str, Any] = self.page.evaluate(HELD)
        return held

    def state_of(self, id_: str) -> str | None:
        held = self.held()
        return next((each["state"] for each in held["ops"] if each["id"] == id_),
                    "done" if id_ in held["receipts"] else None)


@pytest.fixture(scope="module")
def site(
    databases: Databases, sample_template: str, home: Any, chromium: Browser
) -> Iterator[Site]:
    vendor()
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    with service_of(database, home) as (address, _):
        site = Site(database, address)
        site.cookies = cookies_of(chromium, address, site.key)
        yield site
    databases.drop(database)


@pytest.fixture
def phone(chromium: Browser, site: Site) -> Iterator[Callable[..., Field]]:
    contexts = []

    def make(
        size: dict[str, int] = PHONE, *, ward: bool = True, cookies: bool = True, **options: Any
    ) -> Field:
        context = chromium.new_context(
            viewport=size, storage_state=site.cookies if cookies else None, geolocation=TOWN,
            permissions=["geolocation"], reduced_motion="reduce", **options,
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        field = Field(context, site)
        if ward and cookies:
            field.open()
            field.page.evaluate(DOWNLOAD, WARD)
        return field

    yield make
    for context in contexts:
        context.close()


def test_a_ward_is_taken_along_and_work_is_done_without_a_network(
    phone: Callable[..., Field], site: Site
) -> None:
    field = phone(ward=False)
    page = field.open("wards")
    page.get_by_label("Name or code of the ward").fill("kisii central")
    page.get_by_role("button", name="Download Kisii Central").click()
    expect(page.get_by_text("The ward is on this phone.")).to_be_visible()
    wait_until(lambda: page.evaluate("navigator.serviceWorker.controller?.state") == "activated")
    field.context.set_offline(True)
    page = field.open("find")  # a cold start
    expect(page.locator("#link")).to_have_text("Offline")
    page.get_by_label("Tag, name, type or ward").fill("cabinet ksi-n")
    expect(page.locator(".field-row")).to_have_count(1)
    page.locator(".field-row").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Nyanchwa Cabinet")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    expect(page.get_by_role("heading", name="Way to the gateway")).to_be_visible()
    assert page.get_by_role("link", name="Open in a map app").get_attribute("href") == (
        "geo:-0.6814,34.7614?q=-0.6814,34.7614"
    )
    page.get_by_role("link", name="Inspection").click()
    page.get_by_label("No", exact=True).first.check()
    page.get_by_role("button", name="Keep and send").click()
    expect(page.locator(".field-form > .field-fault")).to_contain_text("Result")
    page.get_by_label("Result").select_option("failed")
    page.get_by_label("Notes").fill("The lock is broken")
    drafted = "import('/static/field/store.js').then(m => m.all('drafts'))"
    wait_until(lambda: "The lock is broken" in str(page.evaluate(drafted)))
    page = field.open(page.url.partition("#/")[2])  # the page was thrown out of memory
    expect(page.get_by_label("Notes")).to_have_value("The lock is broken")
    page.get_by_role("button", name="Keep and send").click()
    expect(page.locator("#notices")).to_contain_text("Kept on this phone")
    assert page.locator("#count").inner_text().split()[0] == "1"
    page = field.part("work")
    expect(page.locator("[data-state=waiting]")).to_contain_text("Inspection: Nyanchwa Cabinet")
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_text("All of it stays here and is tried again").first).to_be_visible()
    field.context.set_offline(False)
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_text("The server has it", exact=True)).to_be_visible()
    assert field.held()["ops"] == []
    notes = site.value("SELECT notes FROM gis.work_log WHERE result = 'failed' AND "
                       "notes LIKE '%The lock is broken%' AND kind = 'inspection'")
    assert "No" in notes
    assert field.complaints == []
    assert {request.split("/")[2] for request in field.requests if "://" in request} == {
        site.address.partition("//")[2]
    }


def test_what_is_near_comes_first_and_what_is_missing_is_added_there(
    phone: Callable[..., Field], site: Site
) -> None:
    field = phone()
    page = field.part("near")
    expect(page.get_by_text("± 9 m")).to_be_visible()
    first = page.locator(".field-row").first
    expect(first).to_contain_text(CABINET)
    expect(first.locator(".field-far")).to_contain_text("111 m")
    expect(first.locator(".field-far")).to_contain_text("south")
    page = field.part("map")
    plan = page.locator("svg.plan")
    box = plan.bounding_box()
    assert box is not None
    node = page.locator("circle.plan-node").first.bounding_box()
    assert node is not None
    page.mouse.click(node["x"] + node["width"] / 2, node["y"] + node["height"] / 2)
    expect(page.locator(".field-plan-said .field-row").first).to_be_visible()
    page = field.part(f"a/{CABINET}")
    expect(page.locator("h1")).to_have_text("Nyanchwa Cabinet")
    page = field.part("a/NOTHING-1")
    expect(page.locator("h1")).to_have_text("Not on this phone")
    page = field.part("new/network_nodes")
    page.get_by_role("button", name="Use my position").click()
    page.get_by_label("Name").fill("Corner cabinet")
    page.get_by_label("Status").select_option("proposed")
    page.get_by_role("button", name="Keep and send").click()
    wait_until(lambda: not field.held()["ops"])
    found = site.value(
        "SELECT round(ST_X(geom)::numeric, 4) || ' ' || round(ST_Y(geom)::numeric, 4) || ' ' || "
        "accuracy_m FROM gis.network_nodes WHERE name = 'Corner cabinet'"
    )
    assert found.split()[:2] == ["34.7614", "-0.6804"]
    assert float(found.split()[2]) == 9
    assert field.complaints == []


def test_what_is_refused_is_changed_or_kept_and_never_gone(
    phone: Callable[..., Field], site: Site
) -> None:
    field = phone()
    node = str(site.value("SELECT id FROM gis.network_nodes WHERE external_id = :tag", tag=CABINET))
    target = {"collection": "network_nodes", "id": node}
    photo = str(uuid4())
    wrong = field.add(
        {"kind": "measurement", "target": target,
         "values": {"kind": "opticalPower", "wavelength_nm": 5}},
        photo=photo, title="Power",
    )
    other = field.add({"kind": "fault", "target": target, "values": {}}, title="Fault")
    clash = field.add({"kind": "update", "target": target, "values": {"name": "Mine"},
                       "base": {"name": "What stood there once"}}, title="Name")
    assert field.send() == "online"
    assert [field.state_of(each) for each in (wrong, other, clash)] == [
        "refused", "refused", "conflict"
    ]
    assert [each["state"] for each in field.held()["photos"]] == ["waiting"]
    page = field.part("work")
    expect(page.locator("#notices")).to_contain_text("disagrees with another's: 3")
    card = page.locator(f"[data-op='{wrong}']")
    expect(card).to_contain_text("Wavelength")
    card.get_by_role("link", name="Change and send again").click()
    page.get_by_label("Wavelength (nm)").fill("1310")
    page.get_by_role("button", name="Send again").click()
    wait_until(lambda: field.state_of(wrong) is None)
    assert field.send() == "online"
    assert field.held()["photos"] == []
    assert site.value("SELECT wavelength_nm FROM gis.measurements ORDER BY measured_at DESC "
                      "LIMIT 1") == 1310
    assert site.value("SELECT count(*) FROM internal.attachments WHERE id = :id", id=photo) == 1
    page.locator(f"[data-op='{other}']").get_by_role("button", name="Keep as a note").click()
    wait_until(lambda: field.state_of(other) == "note")
    assert field.send() == "online"
    assert field.state_of(other) == "note"
    page.locator(f"[data-op='{other}']").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Delete this note for good?")).to_be_visible()
    assert field.state_of(other) == "note"
    page.get_by_role("button", name="Delete").click()
    wait_until(lambda: field.state_of(other) is None)
    assert field.state_of(clash) == "conflict"
    assert field.complaints == []


def test_a_full_phone_and_a_wrong_clock_and_an_ended_session_lose_nothing(
    phone: Callable[..., Field], site: Site
) -> None:
    field = phone()
    page = field.page
    node = str(site.value("SELECT id FROM gis.network_nodes WHERE external_id = :tag", tag=CABINET))
    page.evaluate(FULL)
    field.part(f"do/network_nodes/{node}/work-repair")
    page.get_by_label("Result").select_option("done")
    page.get_by_label("Notes").fill("Spliced anew")
    page.get_by_role("button", name="Keep and send").click()
    expect(page.locator(".field-form > .field-fault")).to_contain_text("NOT kept")
    assert field.held()["ops"] == []
    expect(page.get_by_label("Result")).to_have_value("done")
    page.evaluate("() => { IDBObjectStore.prototype.put = window.roomy; }")
    field.context.clear_cookies()
    page.get_by_role("button", name="Keep and send").click()
    expect(page.locator("#link")).to_have_text("Not logged in")
    expect(page.locator("#notices")).to_contain_text("1 pieces of work wait safely")
    assert [each["state"] for each in field.held()["ops"]] == ["waiting"]
    field.context.add_cookies(site.cookies["cookies"])
    page.clock.set_system_time(datetime.now(UTC) - timedelta(hours=5))
    late = field.add({"kind": "work", "target": {"collection": "network_nodes", "id": node},
                      "values": {"kind": "repair", "result": "done", "notes": "By a slow clock"}})
    wait_until(lambda: field.send() == "online" and field.state_of(late) == "done")
    expect(page.locator("#notices")).to_contain_text("300 minutes behind")
    at = site.value("SELECT occurred_at FROM gis.work_log WHERE notes LIKE '%By a slow clock%'")
    assert abs((at - datetime.now(UTC)).total_seconds()) < 60
    assert site.value("SELECT count(*) FROM gis.work_log WHERE notes = 'Spliced anew'") == 1
    assert field.complaints == []


POLE: dict[str, Any] = {
    "kind": "create", "target": {"collection": "structures"},
    "geometry": {"type": "Point", "coordinates": [34.7614, -0.6804]},
}


def pole(name: str) -> dict[str, Any]:
    return POLE | {"values": {"structure_type": "pole", "name": name}}


def test_logging_out_warns_of_work_and_a_revoked_key_keeps_it(
    phone: Callable[..., Field], site: Site
) -> None:
    field = phone(cookies=False)
    issued = create_key(site.database, role=Audience.TECHNICIAN, name="Achieng")
    page = field.log_in(issued.text.shown())
    wait_until(lambda: field.send() == "online")
    field.context.route("**/field/operations", lambda route: route.abort())
    adopted, own = field.add(pole("For another")), field.add(pole("Achieng's own"))
    page = field.part("more")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("It stays here, and is sent when you log in again.")).to_be_visible()
    page.get_by_role("button", name="Stay logged in").click()
    field.context.unroute_all()
    revoke_key(site.database, issued.record.prefix)
    page.route("**/field/operations", lambda route: route.abort())
    wait_until(lambda: field.send() == "login")
    page.unroute_all()
    assert [field.state_of(each) for each in (adopted, own)] == ["waiting", "waiting"]
    notices = page.locator("#notices")
    expect(notices).to_contain_text("your key was withdrawn. 2 pieces of work wait safely")
    notices.get_by_role("link", name="Log in").click()
    page.wait_for_url("**/login?**")

    field.log_in(new_key(site.database, Audience.TECHNICIAN, client="Another"))
    page = field.part("work")
    assert field.send() == "online"
    card = page.locator(f"[data-op='{adopted}']")
    expect(card).to_contain_text("Done by Achieng")
    card.get_by_role("button", name="Send under my name").click()
    wait_until(lambda: field.state_of(adopted) == "done")
    assert field.state_of(own) == "waiting"
    page = field.part("more")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log out, keep the work here").click()
    page.wait_for_url("**/login?**")

    again = create_key(site.database, role=Audience.TECHNICIAN, name="Achieng")
    field.log_in(again.text.shown())
    wait_until(lambda: field.state_of(own) == "done")
    assert site.value("SELECT string_agg(name, ', ' ORDER BY name) FROM gis.structures WHERE name "
                      "IN ('For another', 'Achieng''s own')") == "Achieng's own, For another"
    assert field.complaints == []


def test_the_worker_sends_when_the_page_is_gone(
    phone: Callable[..., Field], site: Site
) -> None:
    """By the event that the browser gives when the network is back, here by its own switch."""
    field = phone()
    wait_until(lambda: field.page.evaluate("navigator.serviceWorker.controller?.state")
               == "activated")
    field.page.route("**/field/operations", lambda route: route.abort())
    field.add(pole("Sent unseen"))
    field.send()
    assert [each["state"] for each in field.held()["ops"]] == ["waiting"]
    blank = field.context.new_page()
    field.page.close()
    browser = field.context.new_cdp_session(blank)
    registered: list[str] = []
    browser.on("ServiceWorker.workerRegistrationUpdated", lambda told: registered.extend(
        each["registrationId"] for each in told["registrations"]
    ))
    browser.send("ServiceWorker.enable")
    wait_until(lambda: blank.evaluate("1") and registered)
    sent = "SELECT count(*) FROM gis.structures WHERE name = 'Sent unseen'"
    assert site.value(sent) == 0
    browser.send("ServiceWorker.dispatchSyncEvent", {
        "origin": site.address, "registrationId": registered[0], "tag": "gis-field-send",
        "lastChance": False,
    })
    wait_until(lambda: site.value(sent) == 1)
    field.page = blank
    field.open("work")
    expect(blank.get_by_text("The server has it", exact=True)).to_be_visible()
    assert field.held()["ops"] == []


@pytest.mark.parametrize(
    ("size", "scheme", "lang"), [(PHONE, "light", "sw"), (DESKTOP, "dark", "en")],
    ids=["phone", "desktop"],
)
def test_axe_finds_nothing(
    phone: Callable[..., Field], site: Site, size: dict[str, int], scheme: str, lang: str
) -> None:
    field = phone(size, color_scheme=scheme)
    node = site.value("SELECT id FROM gis.network_nodes WHERE external_id = :tag", tag=CABINET)
    device = site.value("SELECT id FROM gis.equipment WHERE asset_tag = 'KSI-BAT-0001'")
    field.open("find", lang=lang)
    field.add({"kind": "fault", "target": {"collection": "network_nodes", "id": str(node)},
               "values": {}}, title="x")
    field.send()
    parts = ["find", f"asset/equipment/{device}", "map", "work"]
    if size is PHONE:
        parts += ["wards", "new/offices", "more", f"do/equipment/{device}/work-installation"]
    for part in parts:
        field.part(part)
        assert axe(field.page) == [], part
        assert fits(field.page), part
        small = field.page.evaluate("""() => [...document.querySelectorAll(
            '.field-main button, .field-main a.field-button, .field-tabs a, .field-main select')]
            .filter(e => e.offsetParent && e.getBoundingClientRect().height < 44)
            .map(e => e.outerHTML)""")
        assert small == [], part


def test_the_first_view_with_a_ward_is_small(site: Site) -> None:
    """All that a phone asks for until it shows a ward's list, as gzip sends it."""
    key = {"authorization": f"Bearer {site.key}", "accept-encoding": "identity"}
    with httpx.Client(base_url=site.address, headers=key, timeout=60) as client:
        page = client.get("/field?lang=en").text
        assert page == httpx.get(f"{site.address}/field?lang=en").text
        named = {piece.partition('"')[0] for piece in page.split('="')}
        files = {each for each in named if each.startswith("/static/") and "icon" not in each}
        assert len(files) > 10
        asked = ["/field?lang=en", *files, "/field/me", f"/field/wards/{WARD}",
                 "/field/words?lang=en"]
        sizes = {each: len(gzip.compress(client.get(each).content, 6)) for each in asked}
    print(f"\n{sum(sizes.values()):,} bytes: {sizes}")
    assert sum(sizes.values()) <= FIRST_VIEW_BYTES


def test_the_worker_keeps_exactly_what_it_lists(site: Site) -> None:
    """Its list is true of the files that the service gives, and changes with each of them."""
    client = httpx.Client(timeout=60)
    worker = client.get(f"{site.address}/field/sw.js")
    assert worker.headers["service-worker-allowed"] == "/field"
    manifest = client.get(f"{site.address}/field/manifest.webmanifest?lang=sw")
    assert manifest.headers["content-type"] == "application/manifest+json"
    assert manifest.json()["start_url"] == "/field?lang=sw"
    for icon in manifest.json()["icons"]:
        assert client.get(site.address + icon["src"]).headers["content-type"] == "image/png"
    listed = orjson.loads(worker.text.partition("self.FIELD = ")[2].partition(";\n")[0])
    for address, wanted in listed["files"].items():
        content = client.get(site.address + address).content
        assert hashlib.sha256(content).hexdigest() == wanted, address
    assert {"/field?lang=en", "/field?lang=sw", "/static/field/app.js"} <= set(listed["files"])
