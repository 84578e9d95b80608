"""
The public's site as files: whole, small, checked, and without anything that is hidden.

It is written from a database in which everything hidden was changed and marked, so that
what must not be there can be looked for in every byte; so are all values of hidden fields.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser
from pmtiles.reader import MmapSource, all_tiles
from pmtiles.reader import Reader as Archived
from sqlalchemy import text

from gis_service.bootstrap import open_public_export
from gis_service.cartography.vendor import vendor
from gis_service.cli import cli
from gis_service.cli.publication import tell_publication
from gis_service.errors import InvalidInput
from gis_service.model.collections import REGISTRY
from gis_service.model.days import day_of
from gis_service.model.fields import LANGUAGES
from gis_service.model.locales import long_date
from gis_service.model.publications import Publication
from gis_service.services.public_export import check_ours, publication_words
from gis_service.services.site_files import GENERATOR, MANIFEST
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.publications import publish
from gis_service.store.published import published_collections, published_table
from gis_service.store.tables import SCHEMA, has_column
from tests.browser.conftest import chromium  # noqa: F401 - a fixture
from tests.browser.pages import PHONE, Visit, axe, fits, wait_until_ready
from tests.conftest import Databases, client_of
from tests.leaks.hidden import MARK, conceal

SITE_BYTES = 2_000_000
_PIECES = re.compile(r'[\n<>"]')
"""What stands in many files is looked through once."""
_PLACES = (
    "SELECT DISTINCT trim_scale(round(ST_X(d.geom)::numeric, 6))::text || ',' || "
    "trim_scale(round(ST_Y(d.geom)::numeric, 6))::text FROM {rows} r, ST_DumpPoints(r.geom) d"
)
_PLACE = re.compile(r"-?\d+\.\d+,-?\d+\.\d+")
_PAIR = re.compile(r"(?<![\d.])(?=(-?\d+\.\d+)[,\s]+(-?\d+\.\d+))")
LEAST_TELLING = 6
"""Shorter values are found in any text by chance."""


@pytest.fixture(scope="module")
def concealed(databases: Databases, sample_template: str) -> Iterator[Database]:
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    with database.begin() as connection:
        conceal(connection)
        publish(connection, f"{MARK} looked at", None)
    yield database
    databases.drop(database)


@pytest.fixture(scope="module")
def here(concealed: Database, settings: Settings) -> Settings:
    url = concealed.url.render_as_string(hide_password=False)
    return settings.model_copy(update={"database_url": _Secret(url)})


class _Secret:
    """What `Settings` keeps an address in."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        return self._value


@pytest.fixture(scope="module")
def site(here: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    vendor()
    out = tmp_path_factory.mktemp("site") / "public"
    out.mkdir()
    (out / MANIFEST).write_text(json.dumps({"generator": GENERATOR, "files": {"old.html": {}}}))
    (out / "old.html").write_text("gives way")

    async def work() -> None:
        async with open_public_export(here) as export:
            await export.write(out, lambda _step: None)

    asyncio.run(work())
    assert [path.name for path in out.parent.iterdir()] == ["public"]
    return out


def test_the_folder_is_whole_small_and_checked(site: Path) -> None:
    manifest = json.loads((site / MANIFEST).read_bytes())
    found = {p.relative_to(site).as_posix(): p for p in site.rglob("*") if p.is_file()}
    assert set(found) == {MANIFEST, *manifest["files"]}
    for name, told in manifest["files"].items():
        content = found[name].read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            told["bytes"], told["sha256"]
        )
    assert sum(path.stat().st_size for path in found.values()) < SITE_BYTES
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", manifest["date"])
    for name in ("index.html", "sw.html", "wards/1305.html", "wards/1305.sw.html",
                 "maps/coverage/index.html", "data/network.pmtiles", "data/offices.csv"):
        assert name in found
    with zipfile.ZipFile(found["data/offices.gpkg.zip"]) as packed:
        assert packed.read("offices.gpkg").startswith(b"SQLite format 3\0")


def test_every_link_leads_to_a_file(site: Path) -> None:
    seen = 0
    for page in [*site.glob("*.html"), *site.glob("wards/*.html")]:
        html = page.read_text(encoding="utf-8")
        for address in re.findall(r' (?:href|src)="([^"#]+)"', html):
            if not address.startswith("https://creativecommons.org/"):
                assert (page.parent / address).is_file(), (page, address)
                seen += 1
    assert seen > 700


def test_the_catalogue_tells_each_file(site: Path) -> None:
    catalog = json.loads((site / "catalog.jsonld").read_bytes())
    files = [file for each in catalog["dcat:dataset"] for file in each["dcat:distribution"]]
    assert len(files) == 3 * 5 + 2 * 2 + 1
    for file in files:
        content = (site / file["dcat:downloadURL"]["@id"]).read_bytes()
        assert file["dcat:byteSize"]["@value"] == str(len(content))
        told = file["spdx:checksum"]["spdx:checksumValue"]["@value"]
        assert told == hashlib.sha256(content).hexdigest()


def test_all_of_it_names_the_publication(site: Path) -> None:
    told = json.loads((site / MANIFEST).read_bytes())["publication"]
    assert (told["number"], told["moved_on"]) == (1, False)
    day = datetime.fromisoformat(told["published_at"])
    for name, words in (("index.html", "Publication 1 of "), ("sw.html", "Uchapishaji 1 wa "),
                        ("wards/1305.html", "Publication 1 of "),
                        ("maps/coverage/index.html", "Publication 1 of "),
                        ("maps/coverage/sw.html", "Uchapishaji 1 wa ")):
        page = (site / name).read_text(encoding="utf-8")
        assert words + long_date(day_of(day), "sw" if name.endswith("sw.html") else "en") in page
    catalog = json.loads((site / "catalog.jsonld").read_bytes())
    assert catalog["dcat:version"] == "1"
    assert catalog["dcterms:issued"]["@value"] == told["published_at"]
    with (site / "data" / "network.pmtiles").open("rb") as file:
        metadata = Archived(MmapSource(file)).metadata()
    assert (metadata["version"], metadata["publication"]) == ("1", told)


@pytest.mark.parametrize(("moved_on", "told", "words"), [
    (None, "nobody has published", ""),
    (True, "has changed since publication 7 of 2026-03-01",
     "Publication 7 of 1 March 2026. Some data has changed since."),
    (False, "It holds publication 7 of 2026-03-01", "Publication 7 of 1 March 2026."),
])
def test_the_terminal_warns_of_what_is_not_published(
    moved_on: bool | None, told: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    at = datetime(2026, 2, 28, 22, 30, tzinfo=UTC)  # the day after, in Kenya
    last = None if moved_on is None else Publication(7, at, moved_on)
    tell_publication(last)
    shown = capsys.readouterr()
    assert told in (shown.out if moved_on is False else shown.err)
    assert publication_words(last, "en") == words


def test_nothing_hidden_is_in_any_byte(
    site: Path, concealed: Database, databases: Databases, settings: Settings
) -> None:
    texts = dict(_texts_of(site))
    with client_of(databases.with_logins(concealed), settings) as client:
        wards = (f"/public/wards/{code}" for code in (1301, 1305, 1341))
        for path in ("/public", "/public?q=kisii", "/public?lon=34.77&lat=-0.68", "/embed",
                     "/public/catalog.jsonld", *wards):
            for language in LANGUAGES:
                address = f"{path}{'&' if '?' in path else '?'}lang={language}"
                answer = client.get(address)
                assert answer.status_code == 200
                texts[address] = answer.text
    assert len(texts) > 140
    values = hidden_values(concealed)
    assert len(values) > 3_000
    pieces = {piece for each in texts.values() for piece in _PIECES.split(each)}
    joined = "\n".join(sorted(pieces))
    assert MARK not in joined
    places = {value for value in values if _PLACE.fullmatch(value)}
    assert len(places) > 500
    assert not places & {f"{_short(x)},{_short(y)}" for x, y in _PAIR.findall(joined)}
    seen = "Gusii Stadium Wi-Fi"
    assert held(values - places | {seen}, joined) == {seen}


def hidden_values(database: Database) -> set[str]:
    """Values of fields that are not public, rows that are not, and their exact places."""
    hidden: set[str] = set()
    shown: set[str] = set()
    with database.begin() as connection:
        for collection in REGISTRY.values():
            rows = f"{SCHEMA}.{collection.id}"
            public = "false"
            if collection.public is not None:
                public = f"id IN (SELECT id FROM published.{collection.id})"
            columns = ["id", *(f.name for f in collection.fields if has_column(f))]
            open_ = {"id", *(f.name for f in collection.public_fields)}
            for name in columns:
                where = f"NOT {public}" if name in open_ else "true"
                hidden |= set(connection.execute(text(
                    f"SELECT DISTINCT {name}::text FROM {rows} WHERE {where}"
                )).scalars())
            if collection.geometry is not None:
                hidden |= set(connection.execute(text(_PLACES.format(rows=rows))).scalars())
        for collection in published_collections():
            rows = f"published.{collection.id}"
            if "geom" in published_table(collection).c:
                shown |= set(connection.execute(text(_PLACES.format(rows=rows))).scalars())
            for column in published_table(collection).c:
                if column.name not in {"geom", "tile_geom", "search_text"}:
                    shown |= set(connection.execute(text(
                        f"SELECT DISTINCT {column.name}::text FROM published.{collection.id}"
                    )).scalars())
    told = "\n".join(sorted(value for value in shown if value))
    codes = {c for each in REGISTRY.values() for f in each.fields if f.codelist
             for c in f.codelist.values()}
    telling = {
        value for value in hidden
        if value and len(value) >= LEAST_TELLING and value not in codes
        and not re.fullmatch(r"[-\d.{}]+|true|false|\{.*\}", value)
    }
    return telling - held(telling, told)


def held(values: set[str], text: str) -> set[str]:
    """
    The values that a text holds.

    Most are ruled out at once: their first or last bytes are nowhere in it.
    """
    listed = [(value, value.encode()) for value in values]
    ends = np.array([
        [int.from_bytes(end, "little") for end in (each[:LEAST_TELLING], each[-LEAST_TELLING:])]
        for _, each in listed
    ], dtype=np.uint64)
    data = np.frombuffer(text.encode(), np.uint8).astype(np.uint64)
    count = len(data) - LEAST_TELLING + 1
    windows = sum(data[n:n + count] << np.uint64(8 * n) for n in range(LEAST_TELLING))
    known = np.unique(ends)
    there = known[np.minimum(np.searchsorted(known, windows), len(known) - 1)] == windows
    likely = np.isin(ends, windows[there]).all(axis=1)
    return {value for (value, _), may in zip(listed, likely, strict=True) if may and value in text}


def _short(number: str) -> str:
    """As `_PLACES` writes it."""
    return f"{float(number):.6f}".rstrip("0").rstrip(".")


def _texts_of(site: Path) -> Iterator[tuple[str, str]]:
    """The content of every file, unpacked."""
    for path in sorted(site.rglob("*")):
        if path.suffix == ".pmtiles":
            with path.open("rb") as file:
                tiles = [gzip.decompress(data) for _, data in all_tiles(MmapSource(file))]
            yield path.name, b"\n".join(tiles).decode("utf-8", "replace")
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as packed:
                for name in packed.namelist():
                    yield path.name, _dumped(packed.read(name))
        elif path.is_file():
            yield str(path), path.read_bytes().decode("utf-8", "replace")


def _dumped(content: bytes) -> str:
    """Every text of a GeoPackage, and its bytes as they lie there."""
    database = sqlite3.connect(":memory:")
    database.deserialize(content)
    tables = [name for (name,) in database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
    )]
    out = io.StringIO()
    for name in tables:
        for row in database.execute(f'SELECT * FROM "{name}"'):
            out.write(f"{row!r}\n")
    database.close()
    return out.getvalue() + content.decode("latin-1")


def test_what_is_not_ours_is_left_alone(tmp_path: Path, site: Path) -> None:
    check_ours(tmp_path / "absent")
    check_ours(tmp_path)
    check_ours(site)
    (tmp_path / "letter.txt").write_text("keep me")
    with pytest.raises(InvalidInput, match=r"letter\.txt"):
        check_ours(tmp_path)
    answer = CliRunner().invoke(cli, ["maps", "build", "--out", str(tmp_path)])
    assert answer.exit_code != 0
    assert (tmp_path / "letter.txt").read_text() == "keep me"
    extra = site / "CNAME"
    extra.write_text("example.org")
    with pytest.raises(InvalidInput, match="CNAME"):
        check_ours(site)
    extra.unlink()


@pytest.mark.browser
def test_it_works_from_a_disk_without_a_network(
    chromium: Browser, site: Path  # noqa: F811
) -> None:
    context = chromium.new_context(
        viewport=PHONE, offline=True, bypass_csp=False, reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    visit = Visit(context.new_page())
    page = visit.page
    page.goto((site / "index.html").as_uri())
    assert "ward offices are connected" in page.locator("h1").inner_text()
    assert fits(page)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgba(0, 0, 0, 0)"
    page.get_by_role("link", name="Kiswahili").click()
    page.wait_for_url("**/sw.html")
    page.get_by_role("link", name="Tabaka", exact=True).click()
    page.wait_for_url("**/wards/1305.sw.html")
    assert page.locator("h1").inner_text() == "Tabaka"
    assert fits(page)
    page.locator(".back").click()
    page.wait_for_url("**/sw.html")
    page.get_by_role("link", name="Fungua ramani shirikishi").click()
    page.wait_for_url("**/maps/coverage/sw.html")
    wait_until_ready(page)
    page.locator("a.brand").click()
    page.wait_for_url("**/public/sw.html")
    assert all(url.startswith(("file:", "data:", "blob:")) for url in visit.requests)
    assert visit.complaints == []
    context.close()
    checked = chromium.new_context(viewport=PHONE, offline=True)
    page = checked.new_page()
    page.goto((site / "wards" / "1305.html").as_uri())
    assert axe(page) == []
    checked.close()
