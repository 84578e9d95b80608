"""What the tests of editing share: a database of their own, its clients, and small features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text
from starlette.testclient import TestClient

from gis_service.model.collections import REGISTRY
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.conformance.clients import Clients, clients_on

NODES = "/collections/network_nodes/items"
GEOJSON = {"Content-Type": "application/geo+json"}
WHOLE = GEOJSON | {"Prefer": "return=representation"}
PATCH = {"Content-Type": "application/merge-patch+json"}


@dataclass(frozen=True)
class World:
    """A database with the sample data, and clients of a service on it."""

    database: Database
    clients: Clients

    def state(self) -> str:
        """Every row, every version, every kept answer, as one word."""
        names = [f"gis.{name}" for name in REGISTRY] + [f"history.{name}" for name in REGISTRY]
        counted = " || ".join(
            f"(SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM {n} t)"
            for n in (*names, "internal.answers")
        )
        with self.database.begin() as connection:
            return str(connection.scalar(text(f"SELECT md5({counted})")))


def world(databases: Any, template: str, settings: Settings) -> Iterator[World]:
    """A fixture's body."""
    database = databases.fresh(template)
    yield World(database, clients_on(settings, databases.with_logins(database)))
    databases.drop(database)


def node(name: str = "New mast", lon: float = 34.77, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, -0.68]},
        "properties": {"name": name, "status": "planned", **properties},
    }


def made(client: TestClient, **properties: Any) -> tuple[str, str]:
    """Address and ETag of a new node."""
    answer = client.post(NODES, content=orjson.dumps(node(**properties)), headers=GEOJSON)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"], answer.headers["etag"]
