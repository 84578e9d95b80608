"""Items are created, replaced, updated and deleted over HTTP, by the rules of loading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.settings import Settings
from tests.conformance.clients import Clients, sample_clients

NODES = "/collections/network_nodes/items"
GEOJSON = {"Content-Type": "application/geo+json"}
WHOLE = GEOJSON | {"Prefer": "return=representation"}
PATCH = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture(scope="module")
def clients(databases: Any, sample_template: str, settings: Settings) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


@pytest.fixture(scope="module")
def planner(clients: Clients) -> Iterator[TestClient]:
    with clients(audience=Audience.PLANNER) as client:
        yield client


def node(name: str = "New mast", lon: float = 34.77, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, -0.68]},
        "properties": {"name": name, "status": "planned", **properties},
    }


def made(client: TestClient, **properties: Any) -> tuple[str, str]:
    """Address and ETag of a new node."""
    answer = client.post(NODES, json=node(**properties), headers=GEOJSON)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"], answer.headers["etag"]


def test_create(planner: TestClient) -> None:
    answer = planner.post(NODES, json=node(type=["pop"]), headers=WHOLE)
    assert answer.status_code == 201, answer.text
    assert answer.headers["preference-applied"] == "return=representation"
    at = answer.headers["location"]
    seen = planner.get(at)
    assert seen.json() == answer.json()
    assert seen.headers["etag"] == answer.headers["etag"]
    assert seen.headers["etag"].startswith('"1-')
    assert seen.json()["properties"]["type"] == ["pop"]
    assert planner.delete(at).status_code == 204
    assert planner.get(at).status_code == 404


def test_replace_update_delete(planner: TestClient) -> None:
    at, etag = made(planner, slack_m=3)
    answer = planner.put(at, json=node("Other"), headers=WHOLE | {"If-Match": etag})
    assert answer.status_code == 200, answer.text
    assert answer.json()["properties"]["slack_m"] is None
    assert answer.json()["properties"]["version"] == 2
    answer = planner.put(at, json=node("Third"), headers=WHOLE | {"If-Match": etag})
    assert answer.status_code == 412, answer.text
    answer = planner.patch(at, json={"properties": {"slack_m": 4}}, headers=PATCH)
    assert answer.status_code == 204, answer.text
    seen = planner.get(at)
    assert seen.headers["etag"] == answer.headers["etag"]
    assert seen.headers["last-modified"] == answer.headers["last-modified"]
    assert (seen.json()["properties"]["name"], seen.json()["properties"]["slack_m"]) == ("Other", 4)
    assert planner.delete(at, headers={"If-Match": etag}).status_code == 412
    assert planner.delete(at, headers={"If-Match": seen.headers["etag"]}).status_code == 204
