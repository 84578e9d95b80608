"""The basemap from a file: what is read, refused, served, and drawn beneath a map."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pmtiles.tile import Compression, TileType

from gis_service.errors import ConfigurationError
from gis_service.formats.basemap_tiles import open_basemap_tiles
from gis_service.settings import Settings
from tests.conformance.clients import Clients, sample_clients
from tests.raster import KISII, vector_tile, write_raster, write_vector

HTML = {"Accept": "text/html"}
MISSING = (9, 304, 256)


@pytest.fixture(scope="module")
def clients(databases: Any, sample_template: str, settings: Settings) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


def test_the_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "base.pmtiles"
    written = write_raster(path, but=(MISSING,))
    tiles = open_basemap_tiles(path)
    assert len(written) > 3
    assert {place: tiles.tile(*place) for place in written} == written
    assert tiles.tile(*MISSING) is None
    assert not tiles.has(7, 0, 0)
    assert not tiles.has(9, 512, 0)
    assert tiles.zooms == (8, 9)
    assert tiles.bounds == pytest.approx(KISII)
    assert tiles.attribution == "© County survey"
    assert tiles.media_type == "image/png"
    path.write_bytes(path.read_bytes()[:400])
    assert {tiles.tile(*place) for place in written} == {None}, "cut short while it is open"
    tiles.close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.write_bytes(b"SQLite format 3"), "not a PMTiles file"),
        (lambda path: path.write_bytes(b""), "not a PMTiles file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "cut short"),
        (lambda path: path.write_bytes(path.read_bytes()[:140]), "damaged"),
        (lambda path: path.write_bytes(b"PMTiles\x02" + path.read_bytes()[8:]), "version 3"),
        (lambda path: write_raster(path, tile_type=TileType.UNKNOWN), "tiles are UNKNOWN"),
        (lambda path: write_vector(path, compression=Compression.ZSTD), "compressed by zstd"),
    ],
)
def test_what_is_no_basemap_is_refused(tmp_path: Path, change: Any, told: str) -> None:
    path = tmp_path / "base.pmtiles"
    write_raster(path)
    change(path)
    with pytest.raises(ConfigurationError, match=told) as caught:
        open_basemap_tiles(path)
    assert "GIS_BASEMAP_PMTILES" in str(caught.value)


def test_tiles_are_served_to_everyone_and_kept_by_their_stamp(
    clients: Clients, tmp_path: Path
) -> None:
    path = tmp_path / "base.pmtiles"
    written = write_raster(path, but=(MISSING,))
    place = next(place for place in written if place[0] == 9)
    with clients(basemap_pmtiles=path, base_url="http://127.0.0.1:8000/gis") as public:
        def get(address: str, **options: Any) -> Any:
            return public.get(f"http://127.0.0.1:8000{address}", **options)

        page = get("/gis/maps/coverage", headers=HTML)
        assert "© County survey" in page.text
        assert "img-src 'self' data:;" in page.headers["content-security-policy"]
        script = re.findall(r'src="([^"]*/coverage-[^"]*\.js)"', page.text)[-1]
        template = re.search(r'"(/gis/basemap/[^"]*)"', get(script).text)
        assert template is not None
        address = template[1].format(**dict(zip("zxy", place, strict=True)))
        answer = get(address)
        assert answer.content == written[place]
        assert answer.headers["content-type"] == "image/png"
        assert "immutable" in answer.headers["cache-control"]
        assert "Authorization" not in answer.headers.get("vary", "")
        again = get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        plain = "/gis/basemap/" + "/".join(map(str, place))
        assert get(plain).headers["cache-control"] == "no-cache"
        assert get("/gis/basemap/" + "/".join(map(str, MISSING))).status_code == 204
        for wrong in ("7/0/0", "9/512/0", "9/0/-1", "9/x/0", "9/1/²", "9/1/" + "9" * 400):
            assert get(f"/gis/basemap/{wrong}").status_code == 404, wrong
        assert get(f"{plain}?f=png").status_code == 400
    with clients() as public:
        assert public.get("/basemap/9/1/1").status_code == 404
        script = public.get("/maps/coverage", headers=HTML).text
        assert "County survey" not in script


def test_vector_tiles_are_served_as_they_are_kept(clients: Clients, tmp_path: Path) -> None:
    path = tmp_path / "base.pmtiles"
    kept = write_vector(path)
    with clients(basemap_pmtiles=path) as public:
        page = public.get("/maps/coverage", headers=HTML)
        assert "© Mappers" in page.text
        script = re.findall(r'src="([^"]*/coverage-[^"]*\.js)"', page.text)[-1]
        config = public.get(script).text
        base = json.JSONDecoder().raw_decode(config, config.index('"base": ') + 8)[0]
        assert base["layers"] == ["water"]
        assert "L.tileLayer" not in config
        for address in (base["script"], base["worker"]):
            assert public.get(address).headers["content-type"].startswith("text/javascript")
        address = base["tiles"].format(z=0, x=0, y=0)
        with public.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
            assert b"".join(answer.iter_raw()) == kept
            assert answer.headers["content-encoding"] == "gzip"
            assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
            assert "immutable" in answer.headers["cache-control"]
        plain = public.get(address, headers={"Accept-Encoding": "identity"})
        assert plain.content == vector_tile()
        assert "content-encoding" not in plain.headers


def test_a_wrong_file_stops_the_service_with_a_reason(clients: Clients, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"), clients(
        basemap_pmtiles=tmp_path / "none.pmtiles"
    ):
        pass
