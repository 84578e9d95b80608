"""GDAL's own programs, and the GDAL of the Python packages, read the service as it is."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import geopandas
import httpx
import pytest

from tests.clients.programs import need_gdal, run

WARDS = 45
IN_BONCHARI = "constituency = 'Bonchari'"


@pytest.fixture(autouse=True, scope="module")
def gdal() -> None:
    need_gdal()


def test_reads_page_by_page(live_server: str) -> None:
    expected = _ours(live_server)
    assert len(expected) == WARDS
    assert _ids(live_server, "-oo", "PAGE_SIZE=7")[0] == expected
    assert _ids(live_server)[0] == expected


def test_filters_are_pushed_to_the_service(live_server: str) -> None:
    found, asked = _ids(live_server, "-where", IN_BONCHARI)
    assert found == _ours(live_server, constituency="Bonchari")
    assert any(query.get("constituency") == ["Bonchari"] for query in asked)
    box = ("34.7", "-0.8", "34.8", "-0.7")
    found, asked = _ids(live_server, "-spat", *box)
    assert 0 < len(found) < WARDS
    assert found == _ours(live_server, bbox=",".join(box))
    assert any("bbox" in query for query in asked)
    found, asked = _ids(live_server, "-spat", *box, "-where", "name LIKE 'B%'")
    assert found == _ours(live_server, bbox=",".join(box), filter="name LIKE 'B%'")


def test_converts_to_a_file_in_another_crs(live_server: str, tmp_path: Path) -> None:
    path = tmp_path / "wards.gpkg"
    run(["ogr2ogr", "-f", "GPKG", str(path), f"OAPIF:{live_server}/", "wards",
         "-t_srs", "EPSG:21036", "-nlt", "PROMOTE_TO_MULTI"])
    frame = geopandas.read_file(path)
    assert len(frame) == WARDS
    assert frame.crs.to_epsg() == 21036
    west, south, _, _ = frame.total_bounds
    assert 600_000 < west < 800_000
    assert 9_800_000 < south < 10_000_000


def test_a_key_shows_more(live_server: str, live_key: str) -> None:
    headers = {"GDAL_HTTP_HEADERS": f"Authorization: Bearer {live_key}"}
    source = f"OAPIF:{live_server}/"
    public = run(["ogrinfo", "-ro", "-q", source]).stdout
    staff = run(["ogrinfo", "-ro", "-q", source], headers).stdout
    assert "fibre_links" in public
    assert "equipment" not in public
    assert "equipment" in staff
    assert "capacity_gbps" not in run(["ogrinfo", "-ro", "-so", source, "fibre_links"]).stdout
    told = run(["ogrinfo", "-ro", "-so", source, "fibre_links"], headers).stdout
    assert "capacity_gbps" in told


@pytest.mark.parametrize("name", ["gpkg", "fgb", "kml", "csv", "geojsonseq"])
def test_reads_the_files(live_server: str, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"network_nodes.{'geojsonl' if name == 'geojsonseq' else name}"
    answer = httpx.get(f"{live_server}/collections/network_nodes/items?f={name}")
    path.write_bytes(answer.raise_for_status().content)
    told = run(["ogrinfo", "-ro", "-al", "-so", str(path)]).stdout
    page = httpx.get(f"{live_server}/collections/network_nodes/items?limit=1").json()
    assert f"Feature Count: {page['numberMatched']}" in told
    assert re.search(r"^public_wifi: ", told, re.MULTILINE)


def test_reads_geoparquet(live_server: str, tmp_path: Path) -> None:
    """By geopandas: neither Debian's GDAL nor the wheel's has the driver."""
    path = tmp_path / "wards.parquet"
    answer = httpx.get(f"{live_server}/collections/wards/items?f=parquet")
    path.write_bytes(answer.raise_for_status().content)
    frame = geopandas.read_parquet(path)
    assert len(frame) == WARDS
    assert frame.geometry.is_valid.all()


def test_reads_vector_tiles(live_server: str) -> None:
    """A tile by its address; a whole level GDAL knows only as {z}/{x}/{y} with a listing."""
    tiles = f"{live_server}/collections/wards/tiles/WebMercatorQuad"
    limits = httpx.get(f"{tiles}?f=json").raise_for_status().json()["tileMatrixSetLimits"][9]
    row, column = limits["minTileRow"], limits["minTileCol"]
    place = [f"MVT:{tiles}/9/{row}/{column}?f=mvt", "-oo", "Z=9", "-oo", f"Y={row}"]
    told = run(["ogrinfo", "-ro", "-so", "-al", *place, "-oo", f"X={column}"]).stdout
    assert "Layer name: wards" in told
    counted = re.search(r"Feature Count: (\d+)", told)
    assert counted is not None
    assert 0 < int(counted[1]) <= WARDS
    extent = re.search(r"Extent: \((.+), (.+)\) - \((.+), (.+)\)", told)
    assert extent is not None
    west, south, east, north = map(float, extent.groups())
    assert 3_800_000 < west < east < 3_920_000
    assert -140_000 < south < north < -50_000


NEWER = """
import json, sys
import pyogrio
from pyogrio import raw
pyogrio.set_gdal_config_options({"CPL_DEBUG": "ON"})
address, options = json.loads(sys.argv[1])
meta, _, geometries, fields = raw.read(f"OAPIF:{address}", layer="wards", **options)
print(json.dumps({"rows": len(geometries), "crs": meta["crs"]}))
"""


def test_newer_gdal_takes_large_pages_and_another_crs(live_server: str) -> None:
    """The GDAL of pyogrio finds the largest page in the API document, and Part 2."""
    read, asked = _newer(live_server)
    assert read["rows"] == WARDS
    assert max(int(query["limit"][0]) for query in asked if "limit" in query) >= 1_000
    read, asked = _newer(live_server, CRS="EPSG:3857")
    assert read["rows"] == WARDS
    assert "3857" in read["crs"]
    assert any("EPSG/0/3857" in query.get("crs", [""])[0] for query in asked)


def _newer(address: str, **options: str) -> tuple[dict[str, Any], list[dict[str, list[str]]]]:
    """In a process of its own, since the one that tests may have cut GDAL's drivers down."""
    done = subprocess.run(
        [sys.executable, "-c", NEWER, json.dumps([address, options])],
        capture_output=True, text=True, timeout=240, check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout), _fetched(done.stderr)


def _ids(address: str, *options: str) -> tuple[list[str], list[dict[str, list[str]]]]:
    """Ids that GDAL finds, sorted, and the questions that it asked."""
    done = run(
        ["ogr2ogr", "-f", "CSV", "/vsistdout/", f"OAPIF:{address}/", "wards", *options],
        {"CPL_DEBUG": "HTTP"},
    )
    ids = sorted(row["id"] for row in csv.DictReader(io.StringIO(done.stdout)))
    return ids, _fetched(done.stderr)


def _fetched(log: str) -> list[dict[str, list[str]]]:
    return [parse_qs(urlsplit(href).query) for href in re.findall(r"Fetch\((\S+)\)", log)]


def _ours(address: str, **asked: str) -> list[str]:
    answer = httpx.get(
        f"{address}/collections/wards/items", params={"limit": "1000", "properties": "", **asked}
    )
    return sorted(feature["id"] for feature in answer.raise_for_status().json()["features"])
