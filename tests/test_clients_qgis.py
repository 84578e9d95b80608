"""QGIS reads a collection, by extent and by property, and finds what the service says."""

from __future__ import annotations

import json

import httpx

from gis_service.provision.system import QGIS_PYTHON
from tests.clients.programs import need_qgis, run
from tests.conftest import ROOT


def test_qgis_reads_and_filters(live_server: str) -> None:
    need_qgis()
    script = str(ROOT / "tests" / "clients" / "read_in_qgis.py")
    done = run(
        [QGIS_PYTHON, script, live_server, "wards", "constituency = 'Bonchari'"],
        {"QT_QPA_PLATFORM": "offscreen"},
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert "error" not in found
    bbox = ",".join(map(repr, found["part"]))
    named = {"constituency": "Bonchari"}
    assert found["count"] == len(_ours(live_server)) == 45
    assert found["ids"] == _ours(live_server)
    assert found["in_part"] == _ours(live_server, bbox=bbox)
    assert 0 < len(found["in_part"]) < 45
    assert found["subset"] == _ours(live_server, **named)
    assert found["subset_in_part"] == _ours(live_server, bbox=bbox, **named)
    assert {"id", "code", "name", "population"} <= set(found["fields"])
    assert found["crs"] in ("EPSG:4326", "OGC:CRS84")


def _ours(address: str, **asked: str) -> list[str]:
    answer = httpx.get(
        f"{address}/collections/wards/items", params={"limit": "1000", "properties": "", **asked}
    )
    return sorted(feature["id"] for feature in answer.raise_for_status().json()["features"])
