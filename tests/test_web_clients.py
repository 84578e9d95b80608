"""Programs that others wrote read the service as it is."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from owslib.ogcapi.features import Features

GDAL = """
import json, sys
import pyogrio
from pyogrio import raw
address, layer, options = json.loads(sys.argv[1])
if "bbox" in options:
    options["bbox"] = tuple(options["bbox"])
path = f"OAPIF:{address}"
meta, _, geometries, _ = raw.read(path, layer=layer, **options)
_, bounds = pyogrio.read_bounds(path, layer=layer)
print(json.dumps({"rows": len(geometries), "fields": list(meta["fields"]), "crs": meta["crs"],
                  "bounds": [float(f(b)) for f, b in zip((min, min, max, max), bounds)]}))
"""


def test_owslib(live_server: str) -> None:
    service = Features(f"{live_server}/")
    assert any("conf/core" in name for name in service.conformance()["conformsTo"])
    assert service.api()["openapi"].startswith("3.0")
    assert {"wards", "offices"} <= set(service.feature_collections())
    assert service.collection("wards")["extent"]["spatial"]["bbox"]
    assert service.collection_queryables("wards")["properties"]["code"]
    everything = service.collection_items("wards", limit=1000)
    assert everything["numberMatched"] == len(everything["features"]) == 45
    some = service.collection_items("wards", limit=10)
    assert len(some["features"]) == 10
    one = service.collection_item("wards", some["features"][0]["id"])
    assert one["properties"] == some["features"][0]["properties"]
    west, south, east, north = service.collection("wards")["extent"]["spatial"]["bbox"][0]
    box = [west, south, (west + east) / 2, (south + north) / 2]
    assert 0 < service.collection_items("wards", bbox=box, limit=1000)["numberReturned"] < 45
    named = service.collection_items("wards", limit=1000, constituency="Bonchari")
    assert {f["properties"]["constituency"] for f in named["features"]} == {"Bonchari"}


def test_owslib_filters_sorts_and_pages(live_server: str) -> None:
    service = Features(f"{live_server}/")
    known = service.collection_schema("wards")["properties"]
    assert {"name", "constituency"} <= set(known)
    found = service.collection_items(
        "wards", limit=1000, filter="constituency = 'Bonchari' AND name LIKE 'B%'"
    )
    everything = service.collection_items("wards", limit=1000)["features"]
    assert {f["id"] for f in found["features"]} == {
        f["id"] for f in everything
        if f["properties"]["constituency"] == "Bonchari" and f["properties"]["name"][0] == "B"
    } != set()
    down = service.collection_items("wards", limit=1000, sortby=("name", "desc"))["features"]
    up = service.collection_items("wards", limit=1000, sortby=("name", "asc"))["features"]
    assert [f["properties"]["name"] for f in down] == [f["properties"]["name"] for f in up][::-1]
    paged = [
        feature["id"] for offset in range(0, len(everything), 20)
        for feature in service.collection_items("wards", limit=20, offset=offset)["features"]
    ]
    assert paged == [feature["id"] for feature in everything]


def test_owslib_edits(live_server: str, live_key: str) -> None:
    headers = {
        "Authorization": f"Bearer {live_key}", "Content-Type": "application/geo+json",
    }
    service = Features(f"{live_server}/", headers=headers)
    item = {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [34.77, -0.68]},
        "properties": {"name": "By OWSLib", "status": "planned"},
    }
    assert service.collection_item_create("network_nodes", json.dumps(item))
    staff = {"filter": "name = 'By OWSLib'", "limit": 10}
    [made] = service.collection_items("network_nodes", **staff)["features"]
    item["properties"] = {"name": "By OWSLib", "status": "operational"}
    assert service.collection_item_update("network_nodes", made["id"], json.dumps(item))
    assert service.collection_item("network_nodes", made["id"])["properties"]["status"] == (
        "operational"
    )
    assert service.collection_item_delete("network_nodes", made["id"])
    assert service.collection_items("network_nodes", **staff)["features"] == []


def test_gdal_reads_a_collection(live_server: str) -> None:
    read = _gdal(live_server, "wards")
    assert read["rows"] == 45
    assert {"code", "name", "population"} <= set(read["fields"])
    assert "4326" in read["crs"] or "CRS84" in read["crs"]
    west, south, east, north = read["bounds"]
    assert 34 < west < east < 36
    assert -2 < south < north < 0


def test_gdal_filters(live_server: str) -> None:
    assert _gdal(live_server, "wards", where="constituency = 'Bonchari'")["rows"] == 4
    west, south, east, north = _gdal(live_server, "wards")["bounds"]
    part = [west, south, (west + east) / 2, (south + north) / 2]
    assert 0 < _gdal(live_server, "wards", bbox=part)["rows"] < 45


def test_gdal_reads_page_by_page(live_server: str) -> None:
    assert _gdal(live_server, "wards", PAGE_SIZE="7", INITIAL_REQUEST_PAGE_SIZE="3")["rows"] == 45


def _gdal(address: str, collection: str, **options: object) -> dict[str, object]:
    """In a process of its own, since the one that tests may have cut GDAL's drivers down."""
    done = subprocess.run(
        [sys.executable, "-c", GDAL, json.dumps([address, collection, options])],
        capture_output=True, text=True, timeout=120, check=False,
    )
    if done.returncode != 0:
        pytest.fail(done.stderr[-2000:])
    read: dict[str, object] = json.loads(done.stdout)
    return read
