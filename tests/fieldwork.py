"""What the tests of field work share: operations as a phone sends them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.testclient import TestClient

OPERATIONS = "/field/operations"
HERE = {"type": "Point", "coordinates": [34.7712345, -0.6812345]}


def operation(kind: str, **members: Any) -> dict[str, Any]:
    """An operation made now, with ids of its own."""
    return {
        "id": str(uuid4()), "item": str(uuid4()), "kind": kind,
        "made_at": datetime.now(UTC).isoformat(), "target": None, "values": {}, "base": None,
        "geometry": None, "accuracy_m": None, "photos": [],
    } | members


def body(*operations: object, **members: Any) -> dict[str, Any]:
    """A request with these operations."""
    return {
        "device": "phone 1", "sent_at": datetime.now(UTC).isoformat(),
        "operations": list(operations),
    } | members


def send(client: TestClient, *operations: object, lang: str = "en", **members: Any) -> Any:
    """What became of operations."""
    answer = client.post(OPERATIONS, params={"lang": lang}, json=body(*operations, **members))
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def item(client: TestClient, collection: str, id_: str) -> Any:
    """The properties of an item, and its geometry."""
    answer = client.get(f"/collections/{collection}/items/{id_}")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return found["properties"] | {"geometry": found["geometry"]}


def first(client: TestClient, collection: str, **filters: Any) -> Any:
    """Id and properties of some item."""
    answer = client.get(f"/collections/{collection}/items", params={"limit": 1, **filters})
    feature = answer.json()["features"][0]
    return feature["properties"] | {"id": feature["id"], "geometry": feature["geometry"]}


def count(client: TestClient, collection: str) -> int:
    """How many items a collection has."""
    answer = client.get(f"/collections/{collection}/items", params={"limit": 1})
    matched: int = answer.json()["numberMatched"]
    return matched
