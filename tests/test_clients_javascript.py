"""@camptocamp/ogc-client reads the service as it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from gis_service.cartography.assets import vendored
from tests.clients.programs import run
from tests.conftest import ROOT

NODE = Path(sys.executable).parent / "node"


@pytest.fixture(scope="module")
def found(live_server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the library says; where it would import node-fetch, Node's own fetch stands."""
    folder = tmp_path_factory.mktemp("ogc-client")
    library = folder / "ogc-client.mjs"
    library.write_bytes(vendored("npm:@camptocamp/ogc-client/dist-node.js")[1])
    fetch = folder / "node_modules" / "node-fetch"
    fetch.mkdir(parents=True)
    (fetch / "package.json").write_text('{"type": "module", "exports": "./index.js"}')
    (fetch / "index.js").write_text("export default globalThis.fetch\n")
    script = ROOT / "tests" / "clients" / "ogc_client.mjs"
    done = run([str(NODE), str(script), str(library), f"{live_server}/", "wards"])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_endpoint_is_understood(found: dict[str, Any], live_server: str) -> None:
    assert found["info"]["title"] == httpx.get(live_server).json()["title"]
    assert found["hasFeatures"]
    assert {"wards", "offices", "fibre_links"} <= set(found["collections"])
    assert any(name.endswith("ogcapi-features-1/1.0/conf/core") for name in found["conformance"])


def test_a_collection_is_understood(found: dict[str, Any]) -> None:
    described = found["described"]
    assert described["id"] == "wards"
    assert {"application/geo+json", "text/html", "application/vnd.flatgeobuf"} <= set(
        described["itemFormats"]
    )
    named = {each["name"] for each in described["queryables"]}
    assert {"name", "constituency"} <= named
    assert "name" in {each["name"] for each in described["sortables"]}


def test_items_are_read_counted_and_chosen(found: dict[str, Any], live_server: str) -> None:
    path = f"{live_server}/collections/wards/items"
    ours = httpx.get(path, params={"limit": 5}).json()["features"]
    assert [item["id"] for item in found["items"]] == [item["id"] for item in ours[2:5]]
    assert found["item"]["properties"] == ours[2]["properties"]
    asked = {"bbox": "34.7,-0.8,34.8,-0.7", "sortby": "-name", "limit": 1000}
    ours = httpx.get(path, params=asked).json()["features"]
    names = [item["properties"]["name"] for item in ours]
    assert [item["properties"] for item in found["chosen"]] == [{"name": name} for name in names]
    assert all(item["geometry"] is None for item in found["chosen"])


def test_its_addresses_answer(found: dict[str, Any]) -> None:
    metric = httpx.get(found["metric"]).raise_for_status()
    assert metric.headers["content-crs"].endswith("EPSG/0/3857>")
    file = httpx.get(found["file"]).raise_for_status()
    assert file.headers["content-type"] == "application/geopackage+sqlite3"
    assert file.content.startswith(b"SQLite format 3\0")


def test_tiles_are_found(found: dict[str, Any]) -> None:
    assert found["hasTiles"]
    assert {"wards", "offices", "fibre_links"} <= set(found["tileCollections"])
    assert found["tileMatrixSets"] == ["WebMercatorQuad"]
