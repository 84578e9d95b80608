"""
What phones do over https only: trusting this machine, walking a route, photos, labels.

All of it on one service that speaks https by an authority of its own, in a real
Chromium whose camera shows a label.
"""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import ssl
import tempfile
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import segno
from cryptography import x509
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import text

from gis_service.cli.process import ServiceProcess
from gis_service.cli.tls import trust_address
from gis_service.model.audience import Audience
from gis_service.services.certificates import fingerprint
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.browser.pages import CHROMIUM_ARGUMENTS, PHONE, Visit, axe, fits, wait_until
from tests.conftest import Databases, free_port, new_key, service_of

pytestmark = pytest.mark.browser

expect.set_options(timeout=20_000)

TAG = "KSI-EQ-0001"
STEP_M = 8
METRES_PER_DEGREE = 111_195


@pytest.fixture(scope="module")
def database(databases: Databases, sample_template: str) -> Iterator[Database]:
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    yield database
    databases.drop(database)


@pytest.fixture(scope="module")
def service(database: Database, home: Path) -> Iterator[Settings]:
    """Settings of a service that speaks https by an authority of its own."""
    own = Path(tempfile.mkdtemp(prefix="tls-", dir=home))
    shutil.copy(home / "secrets.json", own)
    trust = free_port()
    (own / ".env").write_text(f"GIS_TRUST_PORT={trust}\n")
    with service_of(database, own, "--tls") as (address, _):
        yield Settings(
            _env_file=None, home=own, tls=True,  # type: ignore[call-arg]
            port=int(address.rpartition(":")[2]), trust_port=trust,
        )


@pytest.fixture(scope="module")
def label(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the camera sees: a label, as a film of JPEGs."""
    code = io.BytesIO()
    segno.make(f"https://map.example/a/{TAG}", error="m").save(code, "png", scale=8, border=4)
    frame = Image.new("RGB", (640, 480), "#999")
    frame.paste(Image.open(code).convert("RGB"), (150, 80))
    film = tmp_path_factory.mktemp("camera") / "label.mjpeg"
    shot = io.BytesIO()
    frame.save(shot, "jpeg", quality=85)
    film.write_bytes(shot.getvalue() * 10)
    return film


@pytest.fixture(scope="module")
def camera(label: Path) -> Iterator[Browser]:
    """A browser with a camera that shows the label."""
    program = os.environ.get("GIS_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[
            *CHROMIUM_ARGUMENTS, "--ignore-certificate-errors",
            "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={label}",
        ])
        yield browser
        browser.close()


def phone(camera: Browser, **options: Any) -> BrowserContext:
    context = camera.new_context(
        viewport=PHONE, ignore_https_errors=True, **options
    )
    context.set_default_timeout(20_000)
    return context


def shoot(page: Page, name: str) -> None:
    if folder := os.environ.get("GIS_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)




def test_the_service_speaks_https_as_phones_are_told_to_trust(service: Settings) -> None:
    address, trust = service.public_base_url, trust_address(service)
    assert ServiceProcess(service).wait_ready() == address
    assert ServiceProcess(service.model_copy(update={"tls": False})).address == address
    authority = service.home / "tls" / "authority.pem"
    by_us = ssl.create_default_context(cafile=str(authority))
    for name in ("127.0.0.1", "localhost"):
        ready = f"https://{name}:{service.port}/health/ready"
        with urllib.request.urlopen(ready, timeout=5, context=by_us) as answer:
            assert json.load(answer)["ok"]
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"{address}/health/ready", timeout=5)
    with urllib.request.urlopen(f"{trust}/authority.crt", timeout=5) as answer:
        assert answer.headers["content-type"] == "application/x-x509-ca-cert"
        given = x509.load_der_x509_certificate(answer.read())
    assert given == x509.load_pem_x509_certificate(authority.read_bytes())


def test_a_phone_is_told_how_to_trust_it(service: Settings, camera: Browser) -> None:
    authority = x509.load_pem_x509_certificate((service.home / "tls/authority.pem").read_bytes())
    context = camera.new_context(
        viewport=PHONE, ignore_https_errors=True,
        user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)",
    )
    page = context.new_page()
    seen = Visit(page)
    for language, heading in (("en", "Let this phone trust"), ("sw", "Ruhusu simu hii")):
        page.goto(f"{trust_address(service)}?lang={language}")
        assert heading in page.inner_text("h1")
        assert page.inner_text(".trust-print").split() == fingerprint(authority).split(":")
        assert page.inner_text("details[open] summary").startswith("iPhone")
        assert fits(page)
        if folder := os.environ.get("GIS_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"trust-{language}-390.png", full_page=True)
    assert axe(page) == []
    page.goto(f"http://127.0.0.1:{service.trust_port}/login?lang=sw")
    assert page.url == f"{service.public_base_url}/login?lang=sw"
    assert page.evaluate("isSecureContext")
    assert seen.complaints == []
    context.close()


def opened(context: BrowserContext, service: Settings, key: str, part: str) -> Page:
    """A part of the technician's page, logged in."""
    page = context.new_page()
    page.goto(f"{service.public_base_url}/login?next=/field")
    page.fill("#key", key)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: urlsplit(url).path == "/field")
    wait_until(lambda: page.evaluate("document.body.dataset.ready") == "true")
    page.evaluate(f"location.hash = '#/{part}'")
    return page


def node_of(database: Database) -> tuple[str, str, str, float, float]:
    """Id, ward, name and place of some node."""
    with database.begin() as connection:
        row = connection.execute(text(
            "SELECT n.id::text, w.code AS ward, n.name, ST_X(n.geom) AS lon, ST_Y(n.geom) AS lat "
            "FROM gis.network_nodes n JOIN gis.wards w ON ST_Contains(w.geom, n.geom) "
            "ORDER BY n.external_id LIMIT 1"
        )).one()
    return row.id, row.ward, row.name, row.lon, row.lat


def go(context: BrowserContext, lon: float, lat: float, accuracy_m: float = 6) -> None:
    context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": accuracy_m})


def walked_m(page: Page) -> float:
    told = page.inner_text(".walk-length")
    return float(told.split()[0].replace(",", ""))


def test_a_route_is_walked_killed_in_the_middle_and_proposed(
    camera: Browser, service: Settings, database: Database
) -> None:
    node, ward, name, lon, lat = node_of(database)
    context = phone(camera, permissions=["geolocation"],
                    geolocation={"longitude": lon, "latitude": lat, "accuracy": 80})
    key = new_key(database, Audience.TECHNICIAN, client="walker")
    page = opened(context, service, key, "wards")
    page.evaluate(f"import('/static/field/data.js').then(data => data.download('{ward}'))")
    page.evaluate("location.hash = '#/walk'")
    page.get_by_role("button", name="Start recording").wait_for()
    assert fits(page)
    shoot(page, "walk-start-390")
    page.get_by_role("button", name="Start recording").click()
    expect(page.locator(".walk-quality")).to_contain_text("Not recorded: accurate to 80 m")

    start = lon + 5 / METRES_PER_DEGREE
    for n in range(6):
        go(context, start + n * STEP_M / METRES_PER_DEGREE, lat)
        wait_until(lambda n=n: abs(walked_m(page) - n * STEP_M) < 2)
    expect(page.locator(".field-note")).to_contain_text(name)
    go(context, start + 1, lat)
    expect(page.locator(".walk-said")).to_contain_text("jumped")
    go(context, start + 5 * STEP_M / METRES_PER_DEGREE, lat)
    expect(page.locator(".walk-said")).to_be_empty()
    page.get_by_role("button", name="Pole").click()
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Photo").click()
    choosing.value.set_files({"name": "p.jpg", "mimeType": "image/jpeg", "buffer": photo_of(640)})
    expect(page.locator(".walk-points canvas")).to_be_visible()
    page.evaluate("location.hash = '#/find'")
    expect(page.locator("#notices")).to_contain_text("A route is being recorded")
    page.evaluate("location.hash = '#/walk'")
    expect(page.locator(".walk-points li")).to_have_count(1)

    page.close()  # the battery is empty
    context.set_offline(True)
    page = context.new_page()
    page.goto(f"{service.public_base_url}/field#/walk")
    expect(page.locator(".walk-points canvas")).to_be_visible()
    assert abs(walked_m(page) - 5 * STEP_M) < 2
    expect(page.locator(".walk-quality")).to_contain_text("Paused")
    page.get_by_role("button", name="Go on recording").click()
    for n in range(6, 9):
        go(context, start + n * STEP_M / METRES_PER_DEGREE, lat)
        wait_until(lambda n=n: abs(walked_m(page) - n * STEP_M) < 2)
    page.get_by_role("button", name="Slack").click()
    page.get_by_label("Metres").fill("15")
    page.get_by_role("button", name="Manhole").click()
    page.get_by_role("button", name="Take back the last").click()
    expect(page.locator(".walk-points li")).to_have_count(2)
    assert fits(page)
    assert axe(page) == []
    shoot(page, "walk-going-390")
    page.get_by_role("button", name="Finish").click()
    page.get_by_label("Name of the cable").fill("Walked spur")
    expect(page.locator(".walk-ends")).to_contain_text("Ends at no known node")
    assert fits(page)
    assert axe(page) == []
    shoot(page, "walk-end-390")
    page.get_by_role("button", name="Put into the queue").click()
    expect(page.get_by_text("Walked spur is in the queue")).to_be_visible()
    left = page.evaluate(
        "import('/static/field/store.js').then(s => Promise.all([s.all('walks'), s.all('track')]))"
    )
    assert left == [[], []]

    context.set_offline(False)
    page.evaluate("import('/static/field/queue.js').then(queue => queue.send(true))")
    found = proposed(database)
    assert found["status"] == "proposed"
    assert found["start_node"] == node
    assert math.isclose(found["length"], 5 + 8 * STEP_M, abs_tol=1.5)
    assert found["structures"] == [["pole", 45, None], ["slack", 69, 15]]
    assert found["photos"] == 1
    context.close()


def proposed(database: Database) -> dict[str, Any]:
    """The link that the walk became, once the service has it and its photo."""
    found: dict[str, Any] = {}

    def is_there() -> bool:
        with database.begin() as connection:
            row = connection.execute(text(
                "SELECT l.status, l.start_node::text, l.route_length_m AS length, "
                "(SELECT jsonb_agg(jsonb_build_array(s.structure_type, round(s.position_m::numeric)"
                ", s.slack_m) ORDER BY s.position_m) FROM gis.structures s WHERE s.link = l.id) "
                "AS structures, (SELECT count(*) FROM internal.attachments) AS photos "
                "FROM gis.fibre_links l WHERE l.name = 'Walked spur'"
            )).mappings().one_or_none()
        found.update(row or {})
        return bool(found.get("photos"))

    wait_until(is_there)
    return found


def photo_of(width: int) -> bytes:
    """A photo as phones take them: its pixels, its time, and where it was taken."""
    noise = Image.effect_noise((width, width * 2 // 3), 30).convert("RGB")
    told = Image.Exif()
    told[0x010F] = "Secret maker"
    told.get_ifd(0x8769)[0x9003] = "2026:03:04 05:06:07"
    told.get_ifd(0x8769)[0x9011] = "+03:00"
    told.get_ifd(0x8825)[1] = "S"
    told.get_ifd(0x8825)[2] = (0.0, 40.0, 30.0)
    shot = io.BytesIO()
    noise.save(shot, "jpeg", quality=90, exif=told)
    return shot.getvalue()


def test_photos_become_small_and_lose_all_but_pixels_and_time(
    camera: Browser, service: Settings
) -> None:
    context = phone(camera)
    page = context.new_page()
    page.goto(f"{service.public_base_url}/field")
    wait_until(lambda: page.evaluate("document.body.dataset.ready") == "true")
    made = """async (text) => {
        const { made } = await import('/static/field/photo.js');
        const photo = await made(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))],
            'p.jpg'));
        const bytes = new Uint8Array(await photo.blob.arrayBuffer());
        return [photo.taken_at, photo.blob.type, Array.from(bytes, (b) => b.toString(16)
            .padStart(2, '0')).join('')];
    }"""
    taken_at, type_, told = page.evaluate(made, b64encode(photo_of(2400)).decode())
    content = bytes.fromhex(told)
    assert taken_at == "2026-03-04T02:06:07.000Z"
    assert type_ == "image/webp"
    assert 20_000 < len(content) <= 150_000
    assert b"Secret maker" not in content
    image = Image.open(io.BytesIO(content))
    assert not image.getexif()
    assert math.isclose(image.width / image.height, 1.5, rel_tol=0.01)
    with pytest.raises(Exception, match="cannot be opened"):
        page.evaluate(made, b64encode(b"no photo").decode())
    context.close()


TRACKED = """async () => {
    const { Track, operation } = await import('/static/field/walk_track.js');
    const at = (east_m, seconds, accuracy_m) => ({
        lon: east_m / 111194.93, lat: 0, accuracy_m, at_ms: seconds * 1000,
    });
    const track = new Track({ limit_m: 25 });
    const said = [
        at(0, 0, 30), at(0, 1, 20), at(2, 2, 20), at(3, 3, 8), at(3, 3, 8), at(5, 4, 8),
        at(13, 6, 8), at(400, 7, 8), at(15, 8, 8), at(500, 9, 8), at(502, 10, 8), at(505, 11, 8),
        at(512, 12, 8),
    ].map((fix) => track.take(fix));
    const before = [track.length_m, track.vertices.length];
    track.undo();
    track.pin(at(520, 14, 8));
    said.push(track.take(at(521, 15, 2)));
    track.pause();
    track.take(at(600, 60, 8));
    const walk = { id: 'i', op: 'o', name: '', started_at: 's', points: [
        { id: 'p', kind: 'pole', vertex: track.vertices.length - 2 }],
        start: { id: 'a', at: [-10 / 111194.93, 0] }, end: null };
    const sent = operation(walk, track, 'e');
    return [said, before.map(Math.round), track.length_m, sent.values, sent.geometry.coordinates];
}"""


def test_positions_that_do_not_count_are_left_out(camera: Browser, service: Settings) -> None:
    """Metres east of a point on the equator, at a second, with an accuracy."""
    context = phone(camera)
    page = context.new_page()
    page.goto(f"{service.public_base_url}/field")
    said, before, length_m, values, line = page.evaluate(TRACKED)
    assert said == [
        "inaccurate", "kept", "still", "better", "old", "still", "kept", "jump", "still",
        "jump", "jump", "kept", "kept", "still",
    ]
    assert before == [512 - 3, 4]
    assert math.isclose(length_m, 600 - 3, abs_tol=0.1)
    assert values["recorded"]["gaps"] == 2
    assert math.isclose(values["recorded"]["length_m"], 600 + 10, abs_tol=0.2)
    (pole,) = values["points_of_interest"]
    assert math.isclose(pole["at_m"], 520 + 10, abs_tol=0.2)
    assert len(line) == 6
    assert values["start_node"] == "a"
    assert values["end_node"] is None
    context.close()


def test_a_label_is_read_by_the_camera_or_typed(camera: Browser, service: Settings) -> None:
    context = phone(camera, permissions=["camera"])
    page = context.new_page()
    page.goto(f"{service.public_base_url}/field#/scan")
    page.wait_for_url(f"**/field*#/a/{TAG}")
    tags = page.evaluate("""import('/static/field/scan.js').then(({ tagOf }) => [
        'https://a.example/gis/a/KSI%2F7?x=1', ' KSI-7 ', 'https://a.example/b/KSI-7',
        'https://evil.example/', 'javascript:alert(1)', '', 'x'.repeat(101)].map(tagOf))""")
    assert tags == ["KSI/7", "KSI-7", None, None, None, None, None]
    context.close()

    refused = phone(camera)
    page = refused.new_page()
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => "
        "Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    page.goto(f"{service.public_base_url}/field?lang=sw#/scan")
    expect(page.locator(".scan-said")).to_contain_text("Kamera hairuhusiwi")
    assert fits(page)
    assert axe(page) == []
    shoot(page, "scan-refused-sw-390")
    page.get_by_label("Au andika").fill(TAG)
    page.get_by_role("button", name="Fungua").click()
    page.wait_for_url(f"**/field*#/a/{TAG}")
    refused.close()
