"""
The public's site at a host that knows nothing of us: brought there, and read from there.

The host is nginx with a folder and no line about this service; the map asks it for ranges of
bytes. What uploads do is tried with a folder and with rclone.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, Response

from gis_service.cartography.assets import hashed_name
from gis_service.cartography.vendor import vendor
from gis_service.cli import cli
from gis_service.errors import ExportFailed, InvalidInput
from gis_service.installation import addresses_of, databases_of
from gis_service.model.audience import Audience
from gis_service.services.maps import Maps
from gis_service.services.site_files import MANIFEST, write_manifest
from gis_service.services.site_targets import FolderTarget, Target, target_of
from gis_service.services.site_upload import FOREVER, JOURNAL, headers_of, upload_site
from gis_service.settings import Settings
from tests.browser.conftest import chromium  # noqa: F401 - a fixture
from tests.browser.pages import (
    DESKTOP,
    PHONE,
    Visit,
    axe,
    fits,
    wait_until,
    wait_until_ready,
)
from tests.conftest import Databases, free_port

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
TODAY = date(2026, 11, 24)

Write = Callable[[str, dict[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a small site: a page names a script, whose name changes with its content."""

    def written(name: str, texts: dict[str, str]) -> Path:
        folder = tmp_path / name
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        write_manifest(folder, TODAY, None)
        return folder

    return written


def script(text: str) -> str:
    return f"maps/{hashed_name('data.js', text.encode())}"


OLD = {
    "index.html": "one", "wards/1.html": "ward", "wards/2.html": "gone", "data/a.csv": "1",
    script("one"): "one",
}
NEW = {
    "index.html": "two", "wards/1.html": "ward", "data/a.csv": "2", script("two"): "two",
}


def places(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*") if path.is_file()
    }


class Watched(FolderTarget):
    """A folder that notes what is done to it, and fails when it is told to."""

    def __init__(self, folder: Path, *, after: int = 1_000) -> None:
        super().__init__(folder)
        self.done: list[str] = []
        self._after = after

    def _note(self, names: Sequence[str], sign: str) -> None:
        for name in names:
            if len(self.done) == self._after:
                raise ExportFailed("the line is cut")
            self.done.append(sign + name)

    def write(self, name: str, content: bytes, content_type: str, caching: str) -> None:
        self._note([name], "+")
        super().write(name, content, content_type, caching)

    def send(self, folder: Path, names: Sequence[str], content_type: str, caching: str) -> None:
        for name in names:
            self._note([name], "+")
            super().send(folder, [name], content_type, caching)

    def remove(self, names: Sequence[str]) -> None:  # type: ignore[override]
        for name in names:
            self._note([name], "-")
            super().remove([name])


def test_what_pages_need_goes_first_and_only_what_changed(write: Write, tmp_path: Path) -> None:
    there = tmp_path / "www"
    there.mkdir()
    (there / "CNAME").write_text("map.example.org")
    first = Watched(there)
    assert upload_site(write("old", OLD), first).same == 0
    assert first.done[0] == f"+{JOURNAL}"
    assert first.done[1:3] == [f"+{script('one')}", "+data/a.csv"]
    assert first.done[-3:] == ["+index.html", f"+{MANIFEST}", f"-{JOURNAL}"]
    again = Watched(there)
    assert upload_site(write("old", OLD), again).same == len(OLD)
    assert again.done == []
    new = write("new", NEW)
    assert upload_site(new, FolderTarget(there), dry_run=True).sent[-1] == "index.html"
    second = Watched(there)
    plan = upload_site(new, second, wait_s=0)
    assert second.done == [
        f"+{JOURNAL}", f"+{script('two')}", "+data/a.csv", "+index.html",
        f"-{script('one')}", "-wards/2.html", f"+{MANIFEST}", f"-{JOURNAL}",
    ]
    assert (plan.size, plan.same) == (len("two") + len("2") + len("two"), 1)
    assert places(there) == {**places(new), "CNAME": "map.example.org"}


def test_cut_short_anywhere_readers_find_whole_pages_and_the_next_upload_ends_it(
    write: Write, tmp_path: Path
) -> None:
    old, new = write("old", OLD), write("new", NEW)
    for after in range(8):
        there = tmp_path / f"www{after}"
        there.mkdir()
        upload_site(old, FolderTarget(there))
        with pytest.raises(ExportFailed):
            upload_site(new, Watched(there, after=after), wait_s=0)
        named = (there / "index.html").read_text()
        assert (there / script(named)).read_text() == named, "a page without its parts"
        upload_site(old if after % 2 else new, FolderTarget(there), wait_s=0)
        assert places(there) == places(old if after % 2 else new)


def test_what_is_not_ours_is_neither_replaced_nor_sent(write: Write, tmp_path: Path) -> None:
    site = write("new", NEW)
    there = tmp_path / "www"
    there.mkdir()
    (there / "index.html").write_text("a municipality's own page")
    before = places(there)
    for content, told in (("", r"did not bring \(index\.html\)"), ("{}", "is not ours")):
        if content:
            (there / MANIFEST).write_text(content)
            before = places(there)
        with pytest.raises(InvalidInput, match=told):
            upload_site(site, FolderTarget(there))
        assert places(there) == before
    (site / "index.html").write_text("changed by hand")
    with pytest.raises(InvalidInput, match=r"not as .* wrote it \(index\.html\)"):
        upload_site(site, FolderTarget(tmp_path / "other"))
    answer = CliRunner().invoke(cli, ["maps", "upload", str(there), "--to", str(tmp_path / "x")])
    assert answer.exit_code != 0
    assert not (tmp_path / "x").exists()


@pytest.mark.skipif(shutil.which("rclone") is None, reason="no rclone")
def test_rclone_brings_the_same(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RCLONE_CONFIG_COUNTY_TYPE", "alias")
    monkeypatch.setenv("RCLONE_CONFIG_COUNTY_REMOTE", str(tmp_path / "far"))
    there: Target = target_of("county:map")
    upload_site(write("old", OLD), there)
    (tmp_path / "far/map/CNAME").write_text("map.example.org")
    upload_site(write("new", NEW), there, wait_s=0)
    assert places(tmp_path / "far/map") == {
        **places(tmp_path / "new"), "CNAME": "map.example.org"
    }
    with pytest.raises(ExportFailed, match=r"nowhere:x could not be read or written: .*config"):
        upload_site(tmp_path / "new", target_of("nowhere:x"))


def test_files_say_what_they_are_and_how_long_they_hold() -> None:
    assert headers_of(script("one")) == ("text/javascript; charset=utf-8", FOREVER)
    assert headers_of("index.html") == ("text/html; charset=utf-8", "public, max-age=60")
    assert headers_of("wards/a-0123456789ab.html")[1] == "public, max-age=60"
    assert headers_of("data/network.pmtiles") == ("application/vnd.pmtiles", "public, max-age=300")
    assert headers_of(MANIFEST) == ("application/json", "public, max-age=60")


@pytest.fixture(scope="module")
def host(
    databases: Databases,
    sample_template: str,
    settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The public's map, whose layers are all too large for a page, at an nginx of its own."""
    vendor()
    folder = tmp_path_factory.mktemp("static")
    for each in (folder, *list(folder.parents)[:2]):
        each.chmod(0o755)
    sample = databases.fresh(sample_template)
    databases.with_logins(sample)
    url = sample.url.render_as_string(hide_password=False)
    here = settings.model_copy(update={"map_whole": 20, "database_url": _Secret(url)})
    opened = databases_of(addresses_of(here).logins, kept=1)
    for site in ("site", "again"):
        Maps(opened, here).build("coverage", Audience.PUBLIC, folder / site / "maps")
        write_manifest(folder / site, TODAY, None)
    for database in opened.values():
        database.engine.dispose()
    databases.drop(sample)
    assert (folder / "site" / MANIFEST).read_bytes() == (folder / "again" / MANIFEST).read_bytes()
    upload_site(folder / "site", FolderTarget(folder / "www" / "county" / "map"))
    assert NGINX is not None
    port = free_port()
    scratch = "".join(
        f"{kind}_temp_path {folder}/{kind}; "
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = folder / "nginx.conf"
    conf.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; "
        f"{'user root; ' if os.geteuid() == 0 else ''}events {{ worker_connections 64; }} "
        f"http {{ access_log off; {scratch}include /etc/nginx/mime.types; "
        f"server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}"
    )
    with subprocess.Popen([NGINX, "-p", str(folder), "-c", str(conf)]) as nginx:
        try:
            until = time.monotonic() + 30
            while socket.socket().connect_ex(("127.0.0.1", port)):
                assert nginx.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/county/map/maps/coverage/"
        finally:
            nginx.terminate()
            nginx.wait(20)


class _Secret:
    """What `Settings` keeps an address in."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        return self._value


SEE = (
    "async ([at, zoom]) => { gisMap.app.map.setView(at, zoom, { animate: false });"
    " await gisMap.app.settled(); }"
)


@pytest.mark.browser
@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_a_map_of_many_items_is_read_by_ranges_from_a_plain_host(
    chromium: Browser, host: str  # noqa: F811
) -> None:
    context = chromium.new_context(viewport=DESKTOP, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    visit = Visit(context.new_page())
    page = visit.page
    archives: list[tuple[str, int]] = []

    def hear(answer: Response) -> None:
        if answer.url.endswith(".pmtiles"):
            archives.append((answer.url.split("-")[-2], answer.status))

    page.on("response", hear)
    page.goto(host)
    wait_until_ready(page)
    assert page.evaluate("gisMap.app.layers.get('offices').points.length") == 0
    page.evaluate(SEE, [[-0.68, 34.77], 13])
    assert inked(page) > 1_000
    page.evaluate(SEE, [[-0.68, 34.77], 14.5])
    wait_until(lambda: page.evaluate("gisMap.app.layers.get('offices').points.length") > 5)
    office = page.evaluate(
        "(() => { const { at, feature } = gisMap.app.layers.get('offices').points.find(({ at }) =>"
        " gisMap.app.map.getBounds().pad(-0.3).contains(at));"
        " return { at: [at.lat, at.lng], name: feature.properties.name }; })()"
    )
    page.evaluate(SEE, [office["at"], 13])
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".card-fields").first.wait_for()
    assert page.locator(".card-name").inner_text()
    assert set(archives) == {("shapes", 206), ("items", 206)}
    assert all(url.startswith((host, "data:", "blob:")) for url in visit.requests)
    page.get_by_role("link", name="Kiswahili").click()
    page.wait_for_url("**/sw.html**")
    wait_until_ready(page)
    assert visit.complaints == []
    assert page.locator("html").get_attribute("lang") == "sw"
    context.close()
    checked = chromium.new_context(viewport=PHONE, reduced_motion="reduce", bypass_csp=True)
    page = checked.new_page()
    page.goto(f"{host}#14.5/-0.68/34.77")
    wait_until_ready(page)
    wait_until(lambda: page.evaluate("gisMap.app.layers.get('offices').near") is not None)
    assert fits(page)
    assert axe(page) == []
    checked.close()


def inked(page: Page) -> int:
    """How many pixels the tiles in view hold."""
    return int(page.evaluate("""() => {
      let found = 0;
      for (const tile of document.querySelectorAll('.leaflet-tiles-pane canvas')) {
        const copy = document.createElement('canvas');
        copy.width = copy.height = 512;
        const pen = copy.getContext('2d');
        pen.drawImage(tile, 0, 0, 512, 512);
        const { data } = pen.getImageData(0, 0, 512, 512);
        for (let i = 3; i < data.length; i += 4) found += data[i] > 60 ? 1 : 0;
      }
      return found;
    }"""))


def test_the_journal_of_others_is_not_believed(write: Write, tmp_path: Path) -> None:
    there = tmp_path / "www"
    there.mkdir()
    (there / JOURNAL).write_text(json.dumps({"files": ["CNAME"]}))
    (there / "CNAME").write_text("map.example.org")
    upload_site(write("new", NEW), FolderTarget(there), wait_s=0)
    assert (there / "CNAME").is_file()
