"""A town's network and the backbone that passes near it, for the tests of joins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import text

from gis_service.services.ofds_loading import PackageRequest, load_package
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.ofds_packages import CRS, HREF

SHARED_ID = "5f0c1a52-91f4-4be0-a3a6-3cf4b1a6c9d1"


def network(id_: str, name: str, nodes: dict[str, tuple[str, float, float]],
            spans: list[tuple[str, str]]) -> dict[str, Any]:
    """An OFDS network of operational nodes (name, lon, lat), with straight spans."""
    return {
        "id": id_, "name": name, "crs": CRS,
        "links": [{"href": HREF["0.4"], "rel": "describedby"}],
        "nodes": [
            {"id": key, "name": called, "status": "operational",
             "location": {"type": "Point", "coordinates": [lon, lat]}}
            for key, (called, lon, lat) in nodes.items()
        ],
        "spans": [
            {"id": f"{one}-{other}", "start": one, "end": other, "status": "operational",
             "route": {"type": "LineString",
                       "coordinates": [list(nodes[one][1:]), list(nodes[other][1:])]}}
            for one, other in spans
        ],
    }


TOWN = network(
    "2b5cbd4c-3c4e-4e2b-9d3c-1f7f0a4f2b11", "Town",
    {
        "pop": ("Kisii PoP", 34.7700, -0.6800),
        "market": ("Daraja Mbili", 34.7800, -0.6700),
        "depot": ("Depot", 34.7703, -0.6803),
        SHARED_ID: ("Boundary hut", 34.9000, -0.7000),
    },
    [("pop", "market")],
)
BACKBONE = network(
    "8e0f5c1e-6a43-4d58-8f2e-0d4d4f1f9c22", "Backbone",
    {
        "ksi": ("KISII METRO", 34.7710, -0.6800),
        "nyamira": ("Nyamira", 34.9300, -0.5700),
        SHARED_ID: ("Hut 7", 34.9500, -0.7500),
    },
    [("ksi", "nyamira")],
)
"""111 m from the town's PoP, and without one from its gateway in Nyamira."""


def load_both(database: Database, settings: Settings, folder: Path) -> None:
    """The town's network, which is ours, and the backbone, which is another owner's."""
    for document, read_only in ((TOWN, False), (BACKBONE, True)):
        path = folder / "joined.json"
        path.write_text(json.dumps({"networks": [document]}))
        load_package(database, settings, PackageRequest(path, read_only=read_only))
    with database.begin() as connection:
        connection.execute(text(
            "UPDATE gis.network_nodes SET gateway = true WHERE name = 'Nyamira'"
        ))
