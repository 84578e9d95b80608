"""The public's page and the frame for other sites in a real Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.pages import DESKTOP, PHONE, Visit, axe, fits, wait_until

pytestmark = pytest.mark.browser
STRICT = "default-src 'none'; frame-src {site}; script-src {site}"
FOREIGN = """<!doctype html><html lang="en"><head><title>A county's site</title></head><body>
<h1>Our network</h1>{line}</body></html>"""


@contextmanager
def foreign_site(line: str, site: str) -> Iterator[str]:
    """Another site with a strict policy of its own; its address has another origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-security-policy", STRICT.format(site=site))
            self.end_headers()
            self.wfile.write(FOREIGN.format(line=line).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_it_is_read_and_asked_without_scripts(chromium: Browser, live_server: str) -> None:
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    context.set_default_timeout(20_000)
    visit = Visit(context.new_page())
    page = visit.page
    page.goto(f"{live_server}/public?lang=sw")
    assert page.locator("html").get_attribute("lang") == "sw"
    assert "Ofisi za wadi 7 kati ya 16" in page.locator("h1").inner_text()
    assert page.locator(".picture .areas path[d]").count() >= 45
    assert page.locator(".needs-script").is_visible()
    assert not page.locator(".near").is_visible()
    page.get_by_label("Jina la wadi").fill("tabakka")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=tabakka**")
    page.locator("#found").get_by_role("link", name="Tabaka", exact=True).first.click()
    page.wait_for_url("**/public/wards/1305**")
    assert page.locator(".places li").count() == 3
    assert {url.partition("/public")[0].partition("/static")[0] for url in visit.requests} == {
        live_server
    }
    assert visit.complaints == []
    context.close()


def test_the_place_of_the_reader_is_rounded_and_found(chromium: Browser, live_server: str) -> None:
    context = chromium.new_context(
        viewport=DESKTOP, permissions=["geolocation"], color_scheme="dark",
        geolocation={"longitude": 34.770123, "latitude": -0.680456},
    )
    context.set_default_timeout(20_000)
    visit = Visit(context.new_page())
    page = visit.page
    page.goto(f"{live_server}/public?lang=en")
    assert not page.locator(".needs-script").is_visible()
    page.get_by_role("button", name="Use my position").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**lon=34.770&lat=-0.680**")
    assert page.locator("#found li").count() == 6
    assert "Kitutu Central" in page.locator("#found").inner_text()
    assert visit.complaints == []
    context.close()


def test_pages_fit_and_nothing_is_wrong_with_them(chromium: Browser, live_server: str) -> None:
    for size, scheme, paths in (
        (PHONE, "light", ("/public?lang=sw&q=tabaka", "/public/wards/1341?lang=en",
                          "/embed?lang=sw&theme=connectedCitizen")),
        (DESKTOP, "dark", ("/public?lang=en",)),
    ):
        context = chromium.new_context(
            viewport=size, color_scheme=scheme  # type: ignore[arg-type]
        )
        page = context.new_page()
        for path in paths:
            page.goto(f"{live_server}{path}")
            assert fits(page), path
            assert axe(page) == [], path
        context.close()


def test_the_line_to_copy_works_in_a_strict_foreign_page(
    chromium: Browser, live_server: str
) -> None:
    context = chromium.new_context(viewport=DESKTOP)
    context.set_default_timeout(20_000)
    visit = Visit(context.new_page())
    page = visit.page
    page.goto(f"{live_server}/public?lang=en")
    line = page.get_by_label("Line to copy").input_value()
    assert line.startswith(f'<iframe src="{live_server}/embed?lang=en"')
    with foreign_site(line, live_server) as foreign:
        page.goto(foreign)
        frame = page.frame_locator("iframe")
        assert "ward offices are connected" in frame.locator("h1").inner_text()
        wait_until(lambda: page.locator("iframe").get_attribute("height") != "720")
        inner = page.frames[1]
        wait_until(
            lambda: inner.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")
        )
        grown = int(page.locator("iframe").get_attribute("height") or 0)
        assert grown > 400
        assert page.evaluate("document.querySelector('iframe').contentDocument") is None
    opaque = line.replace("<iframe ", '<iframe sandbox="allow-scripts" ').replace(
        "lang=en", "lang=en&amp;ward=1305"
    )
    with foreign_site(opaque, live_server) as foreign:
        page.goto(foreign)
        frame = page.frame_locator("iframe")
        assert "2 of 3 offices in Tabaka" in frame.locator("h1").inner_text()
        wait_until(lambda: page.locator("iframe").get_attribute("height") != "720")
    still = line.partition("<script")[0].replace("<iframe ", "<iframe sandbox ")
    with foreign_site(still, live_server) as foreign:
        page.goto(foreign)
        frame = page.frame_locator("iframe")
        assert frame.locator(".picture .areas path[d]").count() >= 45
        assert page.locator("iframe").get_attribute("height") == "720"
    assert [each for each in visit.complaints if "sandboxed" not in each] == []
    page.goto(f"{live_server}/public")
    context.close()


def test_other_pages_stay_out_of_frames(chromium: Browser, live_server: str) -> None:
    page = chromium.new_page()
    askers: list[str] = []
    page.on("request", lambda request: askers.append(request.headers.get("referer", "")))

    def drawn() -> bool:
        return any(asker.startswith(f"{live_server}/public") for asker in askers)

    with foreign_site(f'<iframe src="{live_server}/public"></iframe>', live_server) as foreign:
        page.goto(foreign)
        assert not drawn()
    page.goto(f"{live_server}/public")
    assert drawn()
    page.close()
